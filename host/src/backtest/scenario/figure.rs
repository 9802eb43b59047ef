//! A decimal or a duration as a document writes it: text, or a JSON number.

use std::fmt;
use std::time::Duration;

use rust_decimal::Decimal;
use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize};

use crate::base::duration;
use crate::market::decimal;

/// A decimal: `"100.5"` or `100.5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct Figure(pub(super) Decimal);

enum Written {
    Text(String),
    Number(serde_json::Number),
}

/// Reads text or a number; its text says what is expected. What is missing stays a missing field.
struct TextOrNumber(&'static str);

impl Visitor<'_> for TextOrNumber {
    type Value = Written;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Written, E> {
        Ok(Written::Text(text.to_owned()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Written, E> {
        Ok(Written::Number(number.into()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Written, E> {
        Ok(Written::Number(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Written, E> {
        serde_json::Number::from_f64(number).map(Written::Number).ok_or_else(|| E::custom(self.0))
    }
}

impl<'de> Deserialize<'de> for Figure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match deserializer.deserialize_any(TextOrNumber("a decimal: \"100.5\" or 100.5"))? {
            Written::Text(text) => text,
            Written::Number(number) => plain(&number),
        };
        decimal::parse(&text).map(Self).map_err(D::Error::custom)
    }
}

/// The digits of a JSON number: small ones are kept with an exponent (`1e-5`), which no decimal has.
pub(super) fn plain(number: &serde_json::Number) -> String {
    let text = number.to_string();
    match Decimal::from_scientific(&text) {
        Ok(value) if text.contains(['e', 'E']) => value.normalize().to_string(),
        _ => text,
    }
}

/// The longest step.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// A length of time: `"250ms"`, `"1m30s"`, or a number of milliseconds; at most 366 days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span(pub(super) Duration);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rule = "a length of time is expected: \"250ms\", \"1m30s\", or a whole number of milliseconds; at most 366 days";
        let length = match deserializer.deserialize_any(TextOrNumber("a length of time: \"250ms\" or milliseconds"))? {
            Written::Text(text) => duration::parse(&text).ok(),
            Written::Number(number) => number.as_u64().map(Duration::from_millis),
        };
        length.filter(|length| *length <= LONGEST).map(Self).ok_or_else(|| D::Error::custom(rule))
    }
}

/// Bytes: a whole number, or `"4MiB"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bytes(pub(super) u64);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rule = "bytes are expected: a whole number, or such as \"512KiB\", \"4MiB\"";
        let bytes = match deserializer.deserialize_any(TextOrNumber("bytes: a whole number or \"4MiB\""))? {
            Written::Number(number) => number.as_u64(),
            Written::Text(text) => {
                let text = text.trim();
                let units = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("B", 0)];
                units.into_iter().find_map(|(unit, shift)| {
                    let number: u64 = text.strip_suffix(unit)?.trim().parse().ok()?;
                    number.checked_mul(1 << shift)
                })
            }
        };
        bytes.map(Self).ok_or_else(|| D::Error::custom(rule))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: serde::de::DeserializeOwned>(json: &str) -> Result<T, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn figures_are_text_or_numbers() {
        assert_eq!(read::<Figure>("\"100.50\"").unwrap().0, Decimal::new(1005, 1));
        assert_eq!(read::<Figure>("100.5").unwrap().0, Decimal::new(1005, 1));
        assert_eq!(read::<Figure>("0.00001").unwrap().0, Decimal::new(1, 5), "serde_json writes it as 1e-5");
        assert_eq!(read::<Figure>("1e3").unwrap().0, Decimal::from(1000));
        assert!(read::<Figure>("1e30").unwrap_err().contains("at most 16"));
        assert!(read::<Figure>("\"1e3\"").unwrap_err().contains("not a decimal"));
        assert!(read::<Figure>("true").unwrap_err().contains("expected a decimal: \"100.5\""));
        assert_eq!(read::<Span>("\"1m30s\"").unwrap().0, Duration::from_secs(90));
        assert_eq!(read::<Span>("20").unwrap().0, Duration::from_millis(20));
        assert!(read::<Span>("\"8784h\"").is_ok() && read::<Span>("\"8785h\"").unwrap_err().contains("366 days"));
        assert!(read::<Span>("18446744073709551615").is_err());
        assert!(read::<Span>("-1").is_err() && read::<Span>("\"soon\"").is_err());
        assert_eq!(read::<Bytes>("\"4MiB\"").unwrap().0, 4 << 20);
        assert_eq!(read::<Bytes>("12").unwrap().0, 12);
        assert!(read::<Bytes>("\"4 apples\"").is_err());
    }
}
