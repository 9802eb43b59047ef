//! The schemas that operations refer to, each under one name. Two types of one name would describe each other wrongly: such
//! clashes are kept, and a test shows them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

/// Collected while operations are described.
#[derive(Debug, Default)]
pub(crate) struct Schemas {
    named: BTreeMap<String, Value>,
    clashes: Vec<String>,
}

impl Schemas {
    /// A reference to the schema of `T`, which is taken in with all it refers to.
    pub(crate) fn reference<T: ToSchema>(&mut self) -> Value {
        let name = T::name().into_owned();
        self.take_in(&name, &T::schema());
        let mut below = Vec::new();
        T::schemas(&mut below);
        for (name, schema) in &below {
            self.take_in(name, schema);
        }
        json!({ "$ref": format!("#/components/schemas/{name}") })
    }

    fn take_in(&mut self, name: &str, schema: &RefOr<Schema>) {
        let schema = tidied(value_of(schema));
        match self.named.get(name) {
            Some(known) if *known != schema => self.clashes.push(name.to_owned()),
            Some(_) => {}
            None => {
                self.named.insert(name.to_owned(), schema);
            }
        }
    }

    /// Names that two different types have.
    #[cfg(test)]
    pub(crate) fn clashes(&self) -> &[String] {
        &self.clashes
    }

    /// By name.
    pub(crate) fn into_value(self) -> Value {
        Value::Object(self.named.into_iter().collect())
    }
}

/// The schema of `T` itself, for parameters.
pub(crate) fn inline<T: ToSchema>() -> Value {
    tidied(value_of(&T::schema()))
}

/// A schema is plain data; what cannot be written as JSON is described as anything.
fn value_of(schema: &RefOr<Schema>) -> Value {
    serde_json::to_value(schema).unwrap_or_else(|_| json!({}))
}

/// utoipa knows signed formats only, so an integer from zero up is given the unsigned one with its range; and what it says of a
/// value that may be null belongs to both cases.
fn tidied(mut schema: Value) -> Value {
    match &mut schema {
        Value::Object(object) => {
            unsigned(object);
            describe_both(object);
            if !default_fits(object) {
                object.shift_remove("default");
            }
            for value in object.values_mut() {
                *value = tidied(value.take());
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = tidied(item.take())),
        _ => {}
    }
    schema
}

/// utoipa takes defaults from the Rust value: nothing for what may be left out, a structure for what is written as text.
fn default_fits(object: &Map<String, Value>) -> bool {
    let Some(default) = object.get("default") else { return true };
    match object.get("type").and_then(Value::as_str) {
        Some("string") => default.is_string(),
        _ => !default.is_null(),
    }
}

fn describe_both(object: &mut Map<String, Value>) {
    let Some(Value::Array(cases)) = object.get_mut("oneOf") else { return };
    let nullable = cases.iter().any(|case| case["type"] == "null");
    let described = cases.iter_mut().filter(|case| case.get("$ref").is_some()).filter_map(Value::as_object_mut);
    let text = described.filter(|_| nullable).filter_map(|case| case.shift_remove("description")).next();
    if let Some(text) = text {
        object.insert("description".to_owned(), text);
    }
}

fn unsigned(object: &mut Map<String, Value>) {
    let from_zero = object.get("minimum").and_then(Value::as_u64).is_some();
    let (format, maximum) = match object.get("format").and_then(Value::as_str) {
        Some("int32") if from_zero => ("uint32", u64::from(u32::MAX)),
        Some("int64") if from_zero => ("uint64", u64::MAX),
        _ => return,
    };
    object.insert("format".to_owned(), format.into());
    object.entry("maximum").or_insert(maximum.into());
}
