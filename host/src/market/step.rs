//! Prices and quantities as whole numbers of a step: how books and tapes hold them. Every conversion is exact or refused.

use rust_decimal::Decimal;

use crate::market::{DecimalText, Instrument};

/// A tick or a lot: the step that prices or quantities are multiples of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The step itself is `mantissa / 10^scale`.
    mantissa: i64,
    scale: u32,
}

impl Step {
    /// The largest number of steps that is handled, either sign: 2^53, exact in every tool that may read a tape.
    pub const MAX_COUNT: i64 = 1 << 53;
    /// With counts of at most 2^53, a value always fits the 96 bits of a decimal.
    const MAX_MANTISSA: i64 = 1_000_000_000;
    const MAX_SCALE: u32 = 12;

    /// Of this increment; none unless it is above 0, has at most 12 decimals and at most 9 significant digits.
    pub fn new(increment: Decimal) -> Option<Self> {
        let increment = increment.normalize();
        let mantissa = i64::try_from(increment.mantissa()).ok()?;
        let fits = (1..=Self::MAX_MANTISSA).contains(&mantissa) && increment.scale() <= Self::MAX_SCALE;
        fits.then(|| Self { mantissa, scale: increment.scale() })
    }

    /// How many steps `value` is; none when it is not a multiple of the step or beyond [`Step::MAX_COUNT`].
    pub fn count(self, value: Decimal) -> Option<i64> {
        let value = value.normalize();
        let missing = self.scale.checked_sub(value.scale())?;
        let units = value.mantissa().checked_mul(10_i128.checked_pow(missing)?)?;
        let mantissa = i128::from(self.mantissa);
        let count = i64::try_from(units / mantissa).ok()?;
        (units % mantissa == 0 && count.abs() <= Self::MAX_COUNT).then_some(count)
    }

    /// How many whole steps are in `value`, which is 0 or more; none beyond [`Step::MAX_COUNT`].
    pub fn whole(self, value: Decimal) -> Option<i64> {
        let step = self.value(1);
        self.count(value.checked_sub(value.checked_rem(step)?)?)
    }

    /// The decimal of so many steps, without trailing zeros. `count` is at most [`Step::MAX_COUNT`] either way; beyond it the
    /// nearest such value is given.
    pub fn value(self, count: i64) -> Decimal {
        let (units, scale) = self.units(count);
        Decimal::from_i128_with_scale(units, scale)
    }

    /// The same, to be spelled when somebody needs its text.
    pub fn text(self, count: i64) -> DecimalText {
        DecimalText::normal(self.value(count))
    }

    /// Mantissa and scale of so many steps, trailing zeros taken off.
    fn units(self, count: i64) -> (i128, u32) {
        let count = count.clamp(-Self::MAX_COUNT, Self::MAX_COUNT);
        let (mut units, mut scale) = (i128::from(count) * i128::from(self.mantissa), self.scale);
        if let Ok(mut small) = i64::try_from(units) {
            // 64-bit division is several times faster, and nearly every price fits.
            while scale > 0 && small % 10 == 0 {
                small /= 10;
                scale -= 1;
            }
            return (i128::from(small), scale);
        }
        while scale > 0 && units % 10 == 0 {
            units /= 10;
            scale -= 1;
        }
        (units, scale)
    }
}

/// The two steps of an instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Of prices, in quote currency.
    pub tick: Step,
    /// Of quantities, in base currency.
    pub lot: Step,
}

impl Grid {
    /// Of this instrument; none when one of its increments is not usable as a [`Step`].
    pub fn of(instrument: &Instrument) -> Option<Self> {
        Some(Self { tick: Step::new(instrument.price_increment)?, lot: Step::new(instrument.quantity_increment)? })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn step(text: &str) -> Step {
        Step::new(text.parse().unwrap()).unwrap()
    }

    #[test]
    fn only_multiples_are_counted() {
        let tick = step("0.05");
        assert_eq!(tick.count("12.15".parse().unwrap()), Some(243));
        assert_eq!(tick.count("12.150000".parse().unwrap()), Some(243));
        assert_eq!(tick.count("12.16".parse().unwrap()), None);
        assert_eq!(tick.count("12.155".parse().unwrap()), None);
        assert_eq!(step("10").count("120".parse().unwrap()), Some(12));
        assert_eq!(step("0.000000000001").count("9999999999999999".parse().unwrap()), None, "beyond the largest count");
        assert_eq!(step("0.001").whole("25.4261".parse().unwrap()), Some(25_426));
        assert_eq!(step("0.001").whole("0.0009".parse().unwrap()), Some(0));
        for bad in ["0", "-0.01", "0.0000000000001", "12345678901"] {
            assert_eq!(Step::new(bad.parse().unwrap()), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_count_survives_its_value_and_text(count in -Step::MAX_COUNT..=Step::MAX_COUNT, mantissa in 1_i64..=1_000_000_000, scale in 0_u32..=12) {
            let step = Step::new(Decimal::new(mantissa, scale)).unwrap();
            prop_assert_eq!(step.count(step.value(count)), Some(count));
            let text = step.text(count);
            prop_assert_eq!(text.to_string(), DecimalText::new(step.value(count)).to_string());
            prop_assert_eq!(text.value(), step.value(count));
        }
    }
}
