//! Axes: from values to places on a drawing, and ticks at round numbers. Must not know what is drawn.

use crate::base::Timestamp;

/// Ticks of a course of values, about.
const VALUE_TICKS: f64 = 5.0;

/// Ticks of time at most.
const TIME_TICKS: u64 = 7;

const SECOND: u64 = 1_000_000_000;
const DAY: u64 = 86_400 * SECOND;

/// Between two ticks of time, in nanoseconds.
const STEPS: [u64; 27] = [
    1_000_000,
    10_000_000,
    100_000_000,
    SECOND,
    2 * SECOND,
    5 * SECOND,
    10 * SECOND,
    15 * SECOND,
    30 * SECOND,
    60 * SECOND,
    120 * SECOND,
    300 * SECOND,
    600 * SECOND,
    900 * SECOND,
    1_800 * SECOND,
    3_600 * SECOND,
    7_200 * SECOND,
    10_800 * SECOND,
    21_600 * SECOND,
    43_200 * SECOND,
    DAY,
    2 * DAY,
    7 * DAY,
    14 * DAY,
    30 * DAY,
    90 * DAY,
    365 * DAY,
];

/// From left to right.
pub(super) struct Times {
    from: u64,
    to: u64,
    left: f64,
    right: f64,
}

#[expect(clippy::cast_precision_loss, reason = "places on a drawing")]
impl Times {
    /// Of all these; none without any.
    pub(super) fn of(times: impl Iterator<Item = u64> + Clone, left: f64, right: f64) -> Option<Self> {
        let (from, to) = (times.clone().min()?, times.max()?);
        Some(Self { from, to: to.max(from.saturating_add(1_000_000)), left, right })
    }

    pub(super) fn place(&self, at: u64) -> f64 {
        let share = at.saturating_sub(self.from) as f64 / (self.to - self.from) as f64;
        self.left + share * (self.right - self.left)
    }

    fn step(&self) -> u64 {
        let span = self.to - self.from;
        STEPS.into_iter().find(|step| span / step < TIME_TICKS).unwrap_or_else(|| (span / TIME_TICKS / DAY + 1) * DAY)
    }

    /// Times and their labels.
    pub(super) fn ticks(&self) -> Vec<(u64, String)> {
        let step = self.step();
        let first = self.from.div_ceil(step).saturating_mul(step);
        let ticks = (0..=TIME_TICKS).map(|number| first.saturating_add(number * step)).filter(|at| *at <= self.to);
        let days = self.to - self.from > DAY;
        ticks.map(|at| (at, label(at, step, days))).collect()
    }

    pub(super) fn name(&self) -> String {
        let day = |at: u64| Timestamp::from_nanos(at).to_rfc3339().chars().take(10).collect::<String>();
        let (from, to) = (day(self.from), day(self.to));
        if from == to { format!("Time (UTC), {from}") } else { format!("Time (UTC), {from} to {to}") }
    }
}

/// As much of a time as tells ticks apart.
fn label(at: u64, step: u64, days: bool) -> String {
    let text = Timestamp::from_nanos(at).to_rfc3339();
    let part = match step {
        DAY.. => 0..10,
        60_000_000_000.. if days => 5..16,
        60_000_000_000.. => 11..16,
        SECOND.. => 11..19,
        _ => 11..23,
    };
    text.get(part).unwrap_or(&text).replace('T', " ")
}

/// From the bottom up.
pub(super) struct Values {
    step: f64,
    /// Of the lowest and the highest tick: whole steps.
    low: f64,
    high: f64,
    bottom: f64,
    top: f64,
}

impl Values {
    /// Of all these; none without any.
    pub(super) fn of(values: impl Iterator<Item = f64>, bottom: f64, top: f64) -> Option<Self> {
        let (low, high) = values.filter(|value| value.is_finite()).fold(None, |range, value| match range {
            None => Some((value, value)),
            Some((low, high)) => Some((f64::min(low, value), f64::max(high, value))),
        })?;
        // A course that does not move gets a hundredth of itself around it.
        let still = if low == 0.0 { 1.0 } else { low.abs() / 100.0 };
        let span = if high > low { high - low } else { still };
        let rough = span / VALUE_TICKS;
        let power = 10_f64.powi(clamped(rough.log10().floor()));
        let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| *step >= rough * 0.999)?;
        let (mut low, mut high) = ((low / step + 1e-9).floor(), (high / step - 1e-9).ceil());
        if high - low < 1.0 {
            (low, high) = (low - 1.0, low + 1.0);
        }
        Some(Self { step, low, high, bottom, top })
    }

    pub(super) fn place(&self, value: f64) -> f64 {
        let share = (value / self.step - self.low) / (self.high - self.low);
        self.bottom + share * (self.top - self.bottom)
    }

    /// Values and their labels.
    pub(super) fn ticks(&self) -> Vec<(f64, String)> {
        let decimals = usize::try_from(-clamped((self.step * 1.000_1).log10().floor())).unwrap_or(0);
        let count = usize::try_from(clamped(self.high - self.low)).unwrap_or(0);
        let values = (0_u8..=u8::try_from(count).unwrap_or(u8::MAX)).map(|number| (self.low + f64::from(number)) * self.step);
        values.map(|value| (value, grouped(value, decimals))).collect()
    }
}

/// A small whole number.
#[expect(clippy::cast_possible_truncation, reason = "clamped before")]
fn clamped(value: f64) -> i32 {
    value.clamp(-30.0, 300.0) as i32
}

/// `-1234.5` as `-1,234.5`.
fn grouped(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |digits| ("-", digits));
    let (whole, rest) = digits.split_once('.').map_or((digits, String::new()), |(whole, rest)| (whole, format!(".{rest}")));
    let is_zero = digits.chars().all(|letter| matches!(letter, '0' | '.'));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{}{grouped}{rest}", if is_zero { "" } else { sign })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(values: &[f64]) -> Vec<String> {
        Values::of(values.iter().copied(), 100.0, 0.0).unwrap().ticks().into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn ticks_are_round_numbers_that_hold_everything() {
        assert_eq!(labels(&[100.0, 110.0]), ["100", "102", "104", "106", "108", "110"]);
        assert_eq!(labels(&[-0.03, 0.0]), ["-0.03", "-0.02", "-0.01", "0.00"]);
        assert_eq!(labels(&[999_988.2, 1_000_003.0]), ["999,985", "999,990", "999,995", "1,000,000", "1,000,005"]);
        assert_eq!(labels(&[0.0]), ["-0.2", "0.0", "0.2"]);
        assert_eq!(labels(&[1_000_000.0]), ["998,000", "1,000,000", "1,002,000"]);
        assert!(Values::of([].into_iter(), 0.0, 1.0).is_none());
    }

    #[test]
    fn times_show_what_tells_them_apart() {
        let ticks = |from: u64, to: u64| {
            let times = Times::of([from, to].into_iter(), 0.0, 1.0).unwrap();
            times.ticks().into_iter().map(|(_, label)| label).collect::<Vec<_>>()
        };
        assert_eq!(ticks(500_000_000, 4 * SECOND), ["00:00:01", "00:00:02", "00:00:03", "00:00:04"]);
        assert_eq!(ticks(0, 345 * SECOND).len(), 6);
        assert_eq!(ticks(0, 4 * DAY), ["1970-01-01", "1970-01-02", "1970-01-03", "1970-01-04", "1970-01-05"]);
        assert_eq!(
            ticks(1, DAY + DAY / 2),
            ["01-01 06:00", "01-01 12:00", "01-01 18:00", "01-02 00:00", "01-02 06:00", "01-02 12:00"]
        );
    }
}
