//! The values of a row: decimals, times, sides. Read from bytes without allocating; what does not follow its grammar is refused.

use crate::base::Timestamp;
use crate::market::{Side, Step};

pub(super) const NUMBER: &str =
    "write plain digits above 0 such as 12 or 0.05, at most 16 before and 12 after the point, 18 that count";
pub(super) const NUMBER_OR_ZERO: &str =
    "write plain digits such as 0, 12 or 0.05, at most 16 before and 12 after the point, 18 that count";
pub(super) const NANOS: &str = "`timestamp` beside `price` is whole nanoseconds since 1970, or RFC 3339; call the column `time` for s, ms, us or ns by their size";
pub(super) const TIME: &str =
    "write whole s, ms, us or ns since 1970, or a UTC time such as 2024-08-08T23:54:14.5Z, before the year 2100";
pub(super) const SIDE: &str = "write buy or sell: who took liquidity";
pub(super) const MAKER: &str = "write true or false";

/// The powers of ten of a u64.
pub(super) const POWERS: [u64; 19] = {
    let mut powers = [1; 19];
    let mut place = 1;
    while place < powers.len() {
        powers[place] = powers[place - 1] * 10;
        place += 1;
    }
    powers
};

/// 2100-01-01: later times are mistakes, and leave room for the arithmetic of shifts.
const LATEST_NANOS: u64 = 4_102_444_800_000_000_000;

/// A decimal, 0 or more: `value / 10^decimals`, without trailing zeros after the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Digits {
    pub(super) value: u64,
    pub(super) decimals: u8,
}

/// Reads the grammar of `market::decimal` without a sign.
pub(super) fn digits(text: &[u8]) -> Option<Digits> {
    let mut value: u64 = 0;
    let mut whole = 0;
    while let Some(digit) = text.get(whole).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10) {
        // 16 digits fit.
        value = value.wrapping_mul(10).wrapping_add(digit.into());
        whole += 1;
    }
    if !matches!(whole, 1..=16) || (whole > 1 && text[0] == b'0') {
        return None;
    }
    let Some((point, mut fraction)) = text[whole..].split_first() else {
        return Some(Digits { value, decimals: 0 });
    };
    if *point != b'.' || !matches!(fraction.len(), 1..=12) {
        return None;
    }
    while let Some((b'0', rest)) = fraction.split_last() {
        fraction = rest;
    }
    if value > 0 && whole + fraction.len() > 18 {
        return None;
    }
    for byte in fraction {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value.wrapping_mul(10).wrapping_add(digit.into());
    }
    Some(Digits { value, decimals: u8::try_from(fraction.len()).unwrap_or(u8::MAX) })
}

/// Reads a volume: the same, but what a sum of floats leaves behind the twelfth decimal or the 18th digit is cut off.
pub(super) fn volume(text: &[u8]) -> Option<Digits> {
    let Some(point) = text.iter().position(|byte| *byte == b'.') else { return digits(text) };
    let room = 18_usize.checked_sub(point)?.min(12);
    let (kept, cut) = text.split_at(text.len().min(point + 1 + room));
    if cut.len() > 20 || !cut.iter().all(u8::is_ascii_digit) {
        return None;
    }
    digits(kept)
}

/// A tick or a lot, to count in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Measure {
    /// The step is `mantissa / 10^decimals`.
    mantissa: u64,
    decimals: u8,
}

impl Measure {
    /// Of this step.
    pub(super) fn of(step: Step) -> Self {
        let step = step.value(1);
        Self {
            mantissa: u64::try_from(step.mantissa()).unwrap_or(1).max(1),
            decimals: u8::try_from(step.scale()).unwrap_or_default(),
        }
    }

    /// How many whole steps are in it, at least one in what is above 0; none beyond what is handled.
    pub(super) fn whole(self, digits: Digits) -> Option<i64> {
        let value = u128::from(digits.value) * u128::from(POWERS[usize::from(self.decimals.min(18))]);
        let step = u128::from(self.mantissa) * u128::from(POWERS[usize::from(digits.decimals.min(18))]);
        let least = i64::from(digits.value > 0);
        i64::try_from(value / step).ok().filter(|count| *count <= Step::MAX_COUNT).map(|count| count.max(least))
    }

    /// How many steps it is; none when it is no multiple, or beyond what is handled.
    pub(super) fn count(self, digits: Digits) -> Option<i64> {
        let missing = usize::from(self.decimals.checked_sub(digits.decimals)?);
        let units = digits.value.checked_mul(*POWERS.get(missing)?)?;
        let count = if self.mantissa == 1 { units } else { (units % self.mantissa == 0).then(|| units / self.mantissa)? };
        i64::try_from(count).ok().filter(|count| *count <= Step::MAX_COUNT)
    }
}

/// What whole numbers of a time column count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Nanoseconds.
    Nanos,
    /// Seconds, milliseconds, microseconds or nanoseconds, whichever gives a year after 1973 and before 5138.
    BySize,
}

/// A time since 1970: a whole number, or RFC 3339; without an offset it is UTC.
pub(super) fn time(text: &[u8], unit: Unit) -> Option<Timestamp> {
    let nanos = match whole(text) {
        Some(number) => match unit {
            Unit::Nanos => number,
            Unit::BySize => number.checked_mul(match number {
                0..100_000_000_000 => 1_000_000_000,
                100_000_000_000..100_000_000_000_000 => 1_000_000,
                100_000_000_000_000..100_000_000_000_000_000 => 1_000,
                _ => 1,
            })?,
        },
        None => date(text)?.as_nanos(),
    };
    (nanos < LATEST_NANOS).then_some(Timestamp::from_nanos(nanos))
}

/// Whether this many nanoseconds are more likely s, ms or us of the years 2008 to 2099.
pub(super) fn looks_coarser(nanos: u64) -> bool {
    const YEARS: std::ops::Range<u64> = 1_200_000_000..4_102_444_800;
    [1, 1_000, 1_000_000].iter().any(|unit| YEARS.contains(&(nanos / unit)))
}

/// A whole number of at most 19 digits.
pub(super) fn whole(text: &[u8]) -> Option<u64> {
    if !matches!(text.len(), 1..=19) {
        return None;
    }
    let mut number: u64 = 0;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + u64::from(digit);
    }
    Some(number)
}

fn date(text: &[u8]) -> Option<Timestamp> {
    const LONGEST: usize = 40;
    let mut buffer = [0; LONGEST];
    if !matches!(text.len(), 19..LONGEST) {
        return None;
    }
    let length = text.len();
    buffer[..length].copy_from_slice(text);
    if buffer[10] == b' ' {
        buffer[10] = b'T';
    }
    // The date has two `-` before its tenth byte; an offset stands behind the time.
    let has_offset = text[length - 1].eq_ignore_ascii_case(&b'z') || text[11..].iter().any(|byte| matches!(byte, b'+' | b'-'));
    buffer[length] = b'Z';
    let end = if has_offset { length } else { length + 1 };
    Timestamp::from_rfc3339(std::str::from_utf8(&buffer[..end]).ok()?)
}

/// Who took liquidity.
pub(super) fn side(text: &[u8]) -> Option<Side> {
    if text.eq_ignore_ascii_case(b"buy") || text.eq_ignore_ascii_case(b"b") {
        Some(Side::Buy)
    } else if text.eq_ignore_ascii_case(b"sell") || text.eq_ignore_ascii_case(b"s") {
        Some(Side::Sell)
    } else {
        None
    }
}

/// `true` or `false`.
pub(super) fn truth(text: &[u8]) -> Option<bool> {
    if text.eq_ignore_ascii_case(b"true") {
        Some(true)
    } else if text.eq_ignore_ascii_case(b"false") {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::market::{DecimalText, decimal};

    #[test]
    fn times_are_read_in_their_unit() {
        let nanos = 1_723_161_254_087_000_000;
        for (text, expected) in [
            ("1723161254", 1_723_161_254_000_000_000),
            ("1723161254087", nanos),
            ("1723161254087000", nanos),
            ("1723161254087000000", nanos),
            ("2024-08-08T23:54:14.087Z", nanos),
            ("2024-08-08 23:54:14.087000", nanos),
            ("2024-08-09T01:54:14.087+02:00", nanos),
        ] {
            assert_eq!(time(text.as_bytes(), Unit::BySize), Some(Timestamp::from_nanos(expected)), "{text}");
        }
        assert_eq!(time(b"1000", Unit::Nanos), Some(Timestamp::from_nanos(1000)));
        for bad in ["", "-1", "1.5", "yesterday", "2024-08-08", "4102444800", "99999999999999999999", "2024-08-08\u{1}23:54:14Z"]
        {
            assert_eq!(time(bad.as_bytes(), Unit::BySize), None, "{bad}");
        }
        assert!(looks_coarser(1_723_161_254_087) && !looks_coarser(1_723_161_254_087_000_000) && !looks_coarser(1_000));
    }

    #[test]
    fn steps_are_counted_exactly_or_not_at_all() {
        let measure = |step: &str| Measure::of(Step::new(step.parse().unwrap()).unwrap());
        let count = |step: &str, text: &str| measure(step).count(digits(text.as_bytes()).unwrap());
        assert_eq!(count("0.05", "12.15"), Some(243));
        assert_eq!(count("0.05", "12.16"), None);
        assert_eq!(count("10", "120"), Some(12));
        assert_eq!(count("0.01", "61837.63000000"), Some(6_183_763));
        assert_eq!(count("0.000000000001", "99999"), None, "beyond the largest count");
    }

    #[test]
    fn volumes_are_cut_and_rounded_down_to_lots() {
        let lot = |step: &str| Measure::of(Step::new(step.parse().unwrap()).unwrap());
        let whole = |step: &str, text: &str| lot(step).whole(volume(text.as_bytes()).unwrap());
        assert_eq!(whole("0.1", "0.30000000000000004"), Some(3));
        assert_eq!(whole("0.0001", "2300413.72950000001"), Some(23_004_137_295));
        assert_eq!(whole("5", "14.9"), Some(2));
        assert_eq!(whole("5", "0.1"), Some(1), "never nothing");
        assert_eq!(whole("5", "0.000"), Some(0));
        for bad in ["1.", "1.x", "1.0000000000000x", "1e5", "", "-1"] {
            assert_eq!(volume(bad.as_bytes()), None, "{bad}");
        }
    }

    proptest! {
        /// The one grammar of decimals, read twice: what this reader takes is what `market::decimal` takes, and the same number.
        #[test]
        fn digits_are_the_decimals_of_the_house(text in "-?[0-9]{0,17}(\\.[0-9]{0,13})?|[0-9.e+ ]{0,8}") {
            let (ours, theirs) = (digits(text.as_bytes()), decimal::parse(&text).ok().filter(|value| !value.is_sign_negative()));
            match (ours, theirs) {
                (Some(ours), Some(theirs)) => {
                    let ours = rust_decimal::Decimal::from_i128_with_scale(ours.value.into(), ours.decimals.into());
                    prop_assert_eq!(DecimalText::new(ours), DecimalText::new(theirs));
                }
                (None, Some(theirs)) => prop_assert!(text.starts_with('-') || theirs.normalize().mantissa().to_string().len() > 18, "{}", text),
                (Some(_), None) => prop_assert!(false, "{} is taken", text),
                (None, None) => {}
            }
        }
    }
}
