//! `registry.json`, the source of truth that a person may edit: what it says, word for word, and how it is written. Whether
//! what it says is right is judged in `index`.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;

/// The key of the number of the newest change that the file has. No strategy can be called that.
const GENERATION: &str = "$generation";

/// The whole file: strategies by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Registry {
    /// The newest change of the history that is in it; absent in a file that a person or another program wrote, which is meant
    /// as it is.
    pub(super) generation: Option<u64>,
    pub(super) strategies: Unique<StrategyEntry>,
}

/// One strategy.
#[derive(Clone, Debug, Default, PartialEq, serde::Deserialize)]
pub(super) struct StrategyEntry {
    /// Movable pointers: tag to hash.
    #[serde(default)]
    pub(super) tags: Unique<String>,
    /// Revisions by hash.
    #[serde(default)]
    pub(super) hashes: Unique<HashEntry>,
    /// What people added; kept.
    #[serde(flatten)]
    pub(super) other: BTreeMap<String, Value>,
}

/// One revision.
#[derive(Clone, Debug, Default, PartialEq, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HashEntry {
    /// The tag of the first upload.
    pub(super) tag: Option<String>,
    /// Where the entry file is: `<name>/<64 hex>/<name>.js`.
    pub(super) path: String,
    /// Further files beside it, by path.
    #[serde(default)]
    pub(super) files: Vec<String>,
    /// The engine that it was first compiled with.
    pub(super) engine: Option<String>,
    /// The contract that it was first compiled for.
    pub(super) world: Option<String>,
    /// All bytes of all files.
    pub(super) size: Option<u64>,
    /// When it was uploaded, RFC 3339.
    pub(super) created_at: Option<String>,
    /// What people added; kept.
    #[serde(flatten)]
    pub(super) other: BTreeMap<String, Value>,
}

impl Registry {
    /// Reads the file.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Err("the file is empty".to_owned());
        }
        let read = |error: serde_json::Error| error.to_string();
        let mut strategies: Unique<Line> = serde_json::from_slice(bytes).map_err(read)?;
        let generation = match strategies.0.remove(GENERATION) {
            None => None,
            Some(Line::Number(generation)) => Some(generation),
            Some(Line::Strategy(_)) => return Err(format!("`{GENERATION}` is a whole number, or left out")),
        };
        let strategies = strategies.0.into_iter().map(|(name, line)| match line {
            Line::Strategy(entry) => Ok((name, *entry)),
            Line::Number(_) => Err(format!("`{name}` is a number where a strategy is expected")),
        });
        Ok(Self { generation, strategies: Unique(strategies.collect::<Result<_, _>>()?) })
    }

    /// As it is written.
    pub(super) fn to_value(&self) -> Value {
        let generation = self.generation.map(|generation| (GENERATION.to_owned(), Value::from(generation)));
        let strategies = self.strategies.0.iter().map(|(name, entry)| (name.clone(), entry.to_value()));
        sorted(Value::Object(generation.into_iter().chain(strategies).collect()))
    }

    /// Two-space indent, keys sorted, no newline at the end.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        format!("{:#}", self.to_value()).into_bytes()
    }
}

impl StrategyEntry {
    fn to_value(&self) -> Value {
        let mut fields: serde_json::Map<String, Value> = self.other.clone().into_iter().collect();
        fields
            .insert("tags".to_owned(), self.tags.0.iter().map(|(tag, hash)| (tag.clone(), Value::from(hash.as_str()))).collect());
        fields.insert("hashes".to_owned(), self.hashes.0.iter().map(|(hash, entry)| (hash.clone(), entry.to_value())).collect());
        Value::Object(fields)
    }
}

impl HashEntry {
    fn to_value(&self) -> Value {
        let mut fields: serde_json::Map<String, Value> = self.other.clone().into_iter().collect();
        fields.insert("path".to_owned(), Value::from(self.path.as_str()));
        let texts = [("tag", &self.tag), ("engine", &self.engine), ("world", &self.world), ("createdAt", &self.created_at)];
        for (key, text) in texts {
            fields.extend(text.as_ref().map(|text| (key.to_owned(), Value::from(text.as_str()))));
        }
        fields.extend(self.size.map(|size| ("size".to_owned(), Value::from(size))));
        if !self.files.is_empty() {
            fields.insert("files".to_owned(), Value::from(self.files.clone()));
        }
        Value::Object(fields)
    }
}

/// The value of one key of the file.
enum Line {
    Number(u64),
    Strategy(Box<StrategyEntry>),
}

impl<'de> Deserialize<'de> for Line {
    /// By hand, because serde's untagged enums lose the place of an error.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LineVisitor;
        impl<'de> Visitor<'de> for LineVisitor {
            type Value = Line;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a strategy: an object with `tags` and `hashes`")
            }

            fn visit_u64<E>(self, number: u64) -> Result<Line, E> {
                Ok(Line::Number(number))
            }

            fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<Line, A::Error> {
                let entry = StrategyEntry::deserialize(serde::de::value::MapAccessDeserializer::new(access))?;
                Ok(Line::Strategy(Box::new(entry)))
            }
        }
        deserializer.deserialize_any(LineVisitor)
    }
}

impl serde::Serialize for HashEntry {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        sorted(self.to_value()).serialize(serializer)
    }
}

/// With the keys of every object in order, whatever order they came in.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let ordered: BTreeMap<String, Value> = fields.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            Value::Object(ordered.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

/// A map that refuses a key that is there twice: of two lines that a person wrote, dropping one silently would be a guess.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Unique<V>(pub(super) BTreeMap<String, V>);

impl<V> Default for Unique<V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Unique<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(UniqueVisitor(PhantomData))
    }
}

struct UniqueVisitor<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for UniqueVisitor<V> {
    type Value = Unique<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Unique<V>, A::Error> {
        let mut map = BTreeMap::new();
        while let Some((key, value)) = access.next_entry::<String, V>()? {
            if map.contains_key(&key) {
                return Err(A::Error::custom(format_args!("key `{key}` is there twice")));
            }
            map.insert(key, value);
        }
        Ok(Unique(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_of_the_gateway_with_additions_survives_a_rewrite() {
        let text = r#"{
  "delay": {
    "hashes": {
      "sha256:aa": {
        "engine": "sha256:ee",
        "note": {
          "a": 1,
          "b": [
            2
          ]
        },
        "path": "delay/aa/delay.js",
        "tag": "v1.0.0"
      }
    },
    "owner": "desk 3",
    "tags": {
      "latest": "sha256:aa",
      "v1.0.0": "sha256:aa"
    }
  }
}"#;
        let registry = Registry::parse(text.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(registry.to_bytes()).unwrap(), text);
        assert_eq!(Registry::default().to_bytes(), b"{}");
    }

    #[test]
    fn the_generation_is_kept_apart_from_the_strategies() {
        let registry = Registry::parse(br#"{"$generation": 7, "a": {"tags": {}, "hashes": {}}}"#).unwrap();
        assert_eq!((registry.generation, registry.strategies.0.len()), (Some(7), 1));
        assert!(registry.to_bytes().starts_with(b"{\n  \"$generation\": 7,\n  \"a\""));
        for bad in [r#"{"$generation": {}}"#, r#"{"$generation": -1}"#, r#"{"a": 7}"#] {
            Registry::parse(bad.as_bytes()).unwrap_err();
        }
    }

    #[test]
    fn no_truncation_reads_as_less() {
        let registry = Registry::parse(br#"{"a":{"tags":{"x":"h"},"hashes":{"h":{"path":"p","tag":"x"}}},"b":{}}"#).unwrap();
        let bytes = registry.to_bytes();
        for length in 0..bytes.len() {
            assert!(Registry::parse(&bytes[..length]).is_err(), "cut at {length}");
        }
    }

    #[test]
    fn what_is_there_twice_or_of_the_wrong_shape_is_refused_with_its_place() {
        for bad in
            [r#"{"a":{},"a":{}}"#, r#"{"a":{"tags":{"x":"1","x":"2"}}}"#, "[]", r#"{"a":[]}"#, r#"{"a":{"hashes":{"h":{}}}}"#]
        {
            let error = Registry::parse(bad.as_bytes()).unwrap_err();
            assert!(error.contains("line 1"), "{bad}: {error}");
        }
    }
}
