//! A decimal or a duration as a document writes it: text, or a JSON number.

use std::time::Duration;

use rust_decimal::Decimal;
use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize};

use crate::base::duration;
use crate::market::decimal;

/// A decimal: `"100.5"` or `100.5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct Figure(pub(super) Decimal);

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    Number(serde_json::Number),
}

impl<'de> Deserialize<'de> for Figure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match Written::deserialize(deserializer) {
            Ok(Written::Text(text)) => text,
            Ok(Written::Number(number)) => plain(&number),
            Err(_) => return Err(D::Error::custom("a decimal is expected: \"100.5\" or 100.5")),
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
        let length = match Written::deserialize(deserializer) {
            Ok(Written::Text(text)) => duration::parse(&text).ok(),
            Ok(Written::Number(number)) => number.as_u64().map(Duration::from_millis),
            Err(_) => None,
        };
        let rule = "a length of time is expected: \"250ms\", \"1m30s\", or a whole number of milliseconds; at most 366 days";
        length.filter(|length| *length <= LONGEST).map(Self).ok_or_else(|| D::Error::custom(rule))
    }
}

/// Bytes: a whole number, or `"4MiB"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bytes(pub(super) u64);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rule = "bytes are expected: a whole number, or such as \"512KiB\", \"4MiB\"";
        let bytes = match Written::deserialize(deserializer) {
            Ok(Written::Number(number)) => number.as_u64(),
            Ok(Written::Text(text)) => {
                let text = text.trim();
                let units = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("B", 0)];
                units.into_iter().find_map(|(unit, shift)| {
                    let number: u64 = text.strip_suffix(unit)?.trim().parse().ok()?;
                    number.checked_mul(1 << shift)
                })
            }
            Err(_) => None,
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
        assert!(read::<Figure>("true").unwrap_err().contains("a decimal is expected"));
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
