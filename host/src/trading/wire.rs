//! How limits are written in JSON and TOML: amounts and durations, always there or perhaps absent.

/// Amounts are written as strings and read from strings or numbers, as the gateway's clients send both.
pub(super) mod amount {
    use std::fmt;

    use rust_decimal::Decimal;
    use serde::{Deserializer, Serializer, de};

    use crate::market::decimal;

    pub(in crate::trading) fn serialize<S: Serializer>(value: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&value.normalize())
    }

    pub(in crate::trading) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
        deserializer.deserialize_any(Amount)
    }

    pub(super) struct Amount;

    impl de::Visitor<'_> for Amount {
        type Value = Decimal;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a decimal such as \"0.05\" or 12")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Decimal, E> {
            decimal::parse(text.trim()).map_err(E::custom)
        }

        fn visit_u64<E: de::Error>(self, number: u64) -> Result<Decimal, E> {
            Ok(number.into())
        }

        fn visit_i64<E: de::Error>(self, number: i64) -> Result<Decimal, E> {
            Ok(number.into())
        }

        fn visit_f64<E: de::Error>(self, number: f64) -> Result<Decimal, E> {
            // The shortest text that means this number: what the author typed.
            self.visit_str(&number.to_string())
        }
    }
}

/// Durations are written and read as text: `90s`, `1m30s`.
pub(super) mod text_duration {
    use std::borrow::Cow;
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, Serializer, de};

    use crate::base::duration;

    pub(in crate::trading) fn serialize<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        if value.subsec_nanos() == 0 {
            serializer.collect_str(&format_args!("{}s", value.as_secs()))
        } else {
            serializer.collect_str(&format_args!("{}ns", value.as_nanos()))
        }
    }

    pub(in crate::trading) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        duration::parse(&Cow::<'de, str>::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// The same, where absent means that there is none.
pub(super) mod maybe_amount {
    use std::fmt;

    use rust_decimal::Decimal;
    use serde::{Deserializer, Serializer, de};

    use super::amount::Amount;

    #[expect(clippy::ref_option, reason = "the signature is serde's")]
    pub(in crate::trading) fn serialize<S: Serializer>(value: &Option<Decimal>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => super::amount::serialize(value, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(in crate::trading) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
        deserializer.deserialize_option(Maybe)
    }

    struct Maybe;

    impl<'de> de::Visitor<'de> for Maybe {
        type Value = Option<Decimal>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a decimal such as \"0.05\" or 12, or null")
        }

        fn visit_none<E: de::Error>(self) -> Result<Option<Decimal>, E> {
            Ok(None)
        }

        fn visit_unit<E: de::Error>(self) -> Result<Option<Decimal>, E> {
            Ok(None)
        }

        fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<Decimal>, D::Error> {
            deserializer.deserialize_any(Amount).map(Some)
        }
    }
}

/// The same for durations.
pub(super) mod maybe_duration {
    use std::borrow::Cow;
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, Serializer, de};

    use crate::base::duration;

    #[expect(clippy::ref_option, reason = "the signature is serde's")]
    pub(in crate::trading) fn serialize<S: Serializer>(value: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => super::text_duration::serialize(value, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(in crate::trading) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        let text = Option::<Cow<'de, str>>::deserialize(deserializer)?;
        text.map(|text| duration::parse(&text).map_err(de::Error::custom)).transpose()
    }
}
