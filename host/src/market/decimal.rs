//! Decimals and their one strict grammar. Prices, quantities and money are never floats outside a guest.

use std::fmt;
use std::sync::OnceLock;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use smol_str::{SmolStr, ToSmolStr as _};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// Text that is not a decimal of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a decimal: write plain digits such as 12 or 0.05, at most 16 before and 12 after the point")]
pub struct DecimalError(String);

/// Reads `-?(0|[1-9][0-9]{0,15})(\.[0-9]{1,12})?`: no exponent, no spaces, no `+`, no leading zeros, ASCII only. What does
/// not parse is an error, never a guess.
///
/// # Errors
/// [`DecimalError`] quoting at most 40 characters of the text.
pub fn parse(text: &str) -> Result<Decimal, DecimalError> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').map_or((unsigned, None), |(whole, fraction)| (whole, Some(fraction)));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let whole_fits = matches!(whole.len(), 1..=16) && digits(whole) && (whole == "0" || !whole.starts_with('0'));
    let fraction_fits = fraction.is_none_or(|text| matches!(text.len(), 1..=12) && digits(text));
    if whole_fits
        && fraction_fits
        && let Ok(value) = text.parse()
    {
        return Ok(value);
    }
    Err(DecimalError(text.chars().take(40).flat_map(char::escape_debug).collect()))
}

/// A decimal with its spelling. It is written once, when the first guest needs it as text, and then lent to every other that hears
/// of it; many never need it, because a trade crosses as numbers. Texts of up to 23 bytes are inline.
///
/// The text has no trailing zeros after the point: `61837.63`, not `61837.63000000`.
#[derive(Clone)]
pub struct DecimalText {
    /// Without trailing zeros.
    value: Decimal,
    text: OnceLock<SmolStr>,
}

/// What is absent.
impl Default for DecimalText {
    fn default() -> Self {
        Self { value: Decimal::ZERO, text: OnceLock::from(SmolStr::default()) }
    }
}

/// As it is written: computed amounts may have more digits than [`parse`] takes.
impl PartialSchema for DecimalText {
    fn schema() -> RefOr<Schema> {
        let digits = ObjectBuilder::new().schema_type(Type::String).pattern(Some(r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$"));
        digits.description(Some("An exact decimal number in plain digits.")).examples(["61837.63"]).into()
    }
}

impl ToSchema for DecimalText {
    fn name() -> std::borrow::Cow<'static, str> {
        "Decimal".into()
    }
}

impl DecimalText {
    /// Of this value.
    pub fn new(value: Decimal) -> Self {
        Self { value: value.normalize(), text: OnceLock::new() }
    }

    /// Reads the strict grammar of [`parse`].
    ///
    /// # Errors
    /// [`DecimalError`] when the text does not follow it.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        parse(text).map(Self::new)
    }

    /// Of a value that has no trailing zeros.
    pub(in crate::market) fn normal(value: Decimal) -> Self {
        Self { value, text: OnceLock::new() }
    }

    /// The value.
    pub fn value(&self) -> Decimal {
        self.value
    }

    /// The spelling; a zero-length text only for `DecimalText::default()`, which stands for "absent".
    pub fn as_str(&self) -> &str {
        self.text.get_or_init(|| spelled(self.value))
    }

    /// Whether it is `DecimalText::default()`.
    pub fn is_absent(&self) -> bool {
        self.text.get().is_some_and(|text| text.is_empty())
    }
}

/// Plain digits, written without a general-purpose formatter where they fit: this runs several times per event of a book.
fn spelled(value: Decimal) -> SmolStr {
    let Ok(mut rest) = u64::try_from(value.mantissa()) else { return value.to_smolstr() };
    let scale = value.scale();
    // 20 digits of a u64, the point, and zeros before the first digit when the scale is larger.
    let mut text = [b'0'; 24];
    if scale > 20 || (rest == 0 && value.is_sign_negative()) {
        return value.to_smolstr();
    }
    let mut begin = text.len();
    let mut digits = 0;
    while rest > 0 || digits <= scale {
        if digits == scale && scale > 0 {
            begin -= 1;
            text[begin] = b'.';
        }
        begin -= 1;
        text[begin] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        digits += 1;
    }
    std::str::from_utf8(&text[begin..]).map_or_else(|_| value.to_smolstr(), SmolStr::new)
}

impl From<Decimal> for DecimalText {
    fn from(value: Decimal) -> Self {
        Self::new(value)
    }
}

impl PartialEq for DecimalText {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Eq for DecimalText {}

impl fmt::Display for DecimalText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for DecimalText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for DecimalText {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for DecimalText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        if text.is_empty() {
            return Ok(Self::default());
        }
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_decimals_parse() {
        for good in ["0", "1", "-1", "0.5", "61837.63000000", "9999999999999999.999999999999"] {
            assert!(parse(good).is_ok(), "{good}");
        }
        let bad = [
            "",
            "-",
            "0x10",
            "1e3",
            " 12 ",
            "1_000",
            "+1",
            "01",
            "1,5",
            "１",
            "١٢",
            "NaN",
            "1e-8",
            ".5",
            "5.",
            "1.5.2",
            "--1",
            "12345678901234567",
            "0.1234567890123",
            "1\0",
        ];
        for text in bad {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn texts_are_those_of_the_library(low: u32, mid: u32, high: u32, digits in 0..3_u8, negative: bool, scale in 0..=28_u32) {
            let (mid, high) = (if digits > 0 { mid } else { 0 }, if digits > 1 { high } else { 0 });
            let value = Decimal::from_parts(low, mid, high, negative, scale);
            let text = DecimalText::new(value);
            proptest::prop_assert_eq!(text.as_str(), value.normalize().to_string());
        }
    }

    #[test]
    fn text_has_no_trailing_zeros() {
        assert_eq!(DecimalText::parse("61837.63000000").unwrap().as_str(), "61837.63");
        assert_eq!(DecimalText::parse("100.000").unwrap().as_str(), "100");
        assert_eq!(DecimalText::parse("0.00").unwrap().as_str(), "0");
        assert!(DecimalText::default().is_absent() && DecimalText::default().as_str().is_empty());
        assert!(!DecimalText::new(Decimal::ZERO).is_absent());
    }
}
