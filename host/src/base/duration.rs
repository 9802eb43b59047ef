//! Durations as people write them: `250ms`, `1h30m`, `0.5s`.

use std::time::Duration;

/// Text that is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a duration: write a number with a unit, such as 250ms, 5s or 1h30m (ns, us, ms, s, m, h)")]
pub struct DurationError(String);

/// Reads the grammar of Go's `time.ParseDuration` without a sign, so that configurations written for the gateway keep
/// their meaning. Bare `0` is allowed, any other number needs its unit.
///
/// # Errors
/// [`DurationError`] when the text does not follow the grammar or is longer than some 584 years.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let error = || DurationError(text.chars().take(40).collect());
    let mut rest = text.trim();
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    if rest.is_empty() {
        return Err(error());
    }
    let mut nanos: u128 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(error)?;
        let (number, after) = rest.split_at(digits);
        let units = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, next) = after.split_at(units);
        nanos = nanos.checked_add(scaled(number, unit).ok_or_else(error)?).ok_or_else(error)?;
        rest = next;
    }
    u64::try_from(nanos).map(Duration::from_nanos).map_err(|_| error())
}

/// `number` times `unit` in nanoseconds, in whole numbers: digits below a nanosecond are cut off, as Go does.
fn scaled(number: &str, unit: &str) -> Option<u128> {
    let unit_nanos: u128 = match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.len() + fraction.len() == 0 || whole.len() > 19 || fraction.len() > 19 || fraction.contains('.') {
        return None;
    }
    let whole: u128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let scale = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    let fraction: u128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    Some(whole * unit_nanos + fraction * unit_nanos / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_durations_are_read() {
        let cases = [
            ("0", 0),
            ("10ms", 10_000_000),
            (" 1h30m ", 5_400_000_000_000),
            ("0.02s", 20_000_000),
            (".5s", 500_000_000),
            ("5.s", 5_000_000_000),
            ("1µs", 1_000),
        ];
        for (text, nanos) in cases {
            assert_eq!(parse(text), Ok(Duration::from_nanos(nanos)), "{text}");
        }
        for bad in ["", "20", "-1s", "s", "1x", "1..5s", ".s", "99999999999999999999h", "1 s"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
