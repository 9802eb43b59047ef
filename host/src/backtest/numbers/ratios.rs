//! Ratios: the only figures that are not decimals. IEEE 754 operations in a fixed order and nothing whose last digit differs
//! between machines (no powers, no logarithms), rounded to 12 significant digits.

use rust_decimal::Decimal;

/// Seconds of the year that returns are annualised with: 365 days, since these markets never close.
const YEAR_SECONDS: f64 = 31_536_000.0;

/// `part / whole`; none when the whole is not above zero.
pub(super) fn ratio(part: Decimal, whole: Decimal) -> Option<f64> {
    (whole > Decimal::ZERO).then(|| float(part) / float(whole)).and_then(rounded)
}

/// The nearest float. By its text: reading text rounds correctly, on every machine.
fn float(value: Decimal) -> f64 {
    value.to_string().parse().unwrap_or(f64::NAN)
}

/// To 12 significant digits; none for what is no number.
fn rounded(value: f64) -> Option<f64> {
    format!("{value:.11e}").parse().ok().filter(|value: &f64| value.is_finite())
}

/// Mean return over its spread, annualised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct RiskAdjusted {
    pub(super) sharpe: Result<f64, &'static str>,
    pub(super) sortino: Result<f64, &'static str>,
}

const SHORT: &str = "the run is shorter than two steps of the grid";
const RUINED: &str = "equity is not above 0 at every point of the grid";
const STILL: &str = "the returns on the grid are all the same";
const UNHARMED: &str = "no return on the grid is below 0";
const HUGE: &str = "no finite number";

impl RiskAdjusted {
    /// Of the equity at points that lie this far apart, or why there is none.
    pub(super) fn of(equity: &[Decimal], step_seconds: u64) -> Self {
        if equity.len() < 3 {
            return Self { sharpe: Err(SHORT), sortino: Err(SHORT) };
        }
        if equity.iter().any(|value| *value <= Decimal::ZERO) {
            return Self { sharpe: Err(RUINED), sortino: Err(RUINED) };
        }
        // The difference is exact: small returns of a large account keep their digits.
        let returns: Vec<f64> = equity.windows(2).map(|pair| float(pair[1].saturating_sub(pair[0])) / float(pair[0])).collect();
        #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
        let (count, step) = (returns.len() as f64, step_seconds as f64);
        let mean = sum(returns.iter().copied()) / count;
        let spread = (sum(returns.iter().map(|value| (value - mean) * (value - mean))) / (count - 1.0)).sqrt();
        let below = (sum(returns.iter().map(|value| value.min(0.0) * value.min(0.0))) / count).sqrt();
        let annual = (YEAR_SECONDS / step).sqrt();
        let over = |risk: f64, none| if risk > 0.0 { rounded(mean / risk * annual).ok_or(HUGE) } else { Err(none) };
        Self { sharpe: over(spread, STILL), sortino: over(below, UNHARMED) }
    }
}

/// From the first to the last.
fn sum(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, |sum, value| sum + value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn equity(values: &[i64]) -> Vec<Decimal> {
        values.iter().map(|value| Decimal::from(*value)).collect()
    }

    #[test]
    fn ratios_by_hand() {
        assert_eq!(ratio(Decimal::ONE, Decimal::from(3)), Some(0.333_333_333_333));
        assert_eq!(ratio(Decimal::ONE, Decimal::ZERO), None);
        assert_eq!(ratio(Decimal::ONE, Decimal::NEGATIVE_ONE), None);
        // Returns +10 %, -10 %, +10 %: mean 1/30, sample deviation 0.2/sqrt(3), downside 0.1/sqrt(3); a day apart.
        let days = RiskAdjusted::of(&equity(&[1_000, 1_100, 990, 1_089]), 86_400);
        let year = 365.0_f64.sqrt();
        let near = |value: Result<f64, _>, wanted: f64| (value.unwrap() / wanted - 1.0).abs() < 1e-10;
        assert!(near(days.sharpe, year / 30.0 / (0.2 / 3.0_f64.sqrt())), "{days:?}");
        assert!(near(days.sortino, year / 30.0 / (0.1 / 3.0_f64.sqrt())), "{days:?}");
    }

    #[test]
    fn without_variation_there_is_no_ratio() {
        for (values, why) in
            [(&[][..], SHORT), (&[5], SHORT), (&[5, 6], SHORT), (&[5, 5, 5], STILL), (&[5, 0, 5], RUINED), (&[5, -1, 5], RUINED)]
        {
            assert_eq!(RiskAdjusted::of(&equity(values), 1).sharpe, Err(why), "{values:?}");
        }
        let rising = RiskAdjusted::of(&equity(&[100, 101, 103]), 1);
        assert!(rising.sharpe.is_ok() && rising.sortino == Err(UNHARMED), "{rising:?}");
    }
}
