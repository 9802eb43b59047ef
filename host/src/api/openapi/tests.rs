//! The rules that the document keeps, and its committed copy.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::api::document;

const METHODS: [&str; 5] = ["get", "post", "put", "delete", "patch"];

fn described() -> Value {
    Value::clone(document().value())
}

/// `GET /path` and its operation.
fn operations(document: &Value) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                found.push((format!("{} {path}", method.to_uppercase()), operation));
            }
        }
    }
    found
}

fn docs(page: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(page)
}

/// Every schema that is reached from here, by name.
fn reached<'a>(document: &'a Value, from: &'a Value, found: &mut BTreeSet<&'a str>) {
    match from {
        Value::Object(object) => {
            if let Some(name) =
                object.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix("#/components/schemas/"))
                && found.insert(name)
            {
                reached(document, &document["components"]["schemas"][name], found);
            }
            object.values().for_each(|value| reached(document, value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| reached(document, value, found)),
        _ => {}
    }
}

fn nullable(schema: &Value) -> bool {
    let null = |schema: &Value| {
        schema["type"] == "null" || schema["type"].as_array().is_some_and(|kinds| kinds.contains(&"null".into()))
    };
    null(schema) || schema["oneOf"].as_array().is_some_and(|schemas| schemas.iter().any(null))
}

#[test]
fn golden_description_is_what_the_handlers_say() {
    let mut text = serde_json::to_string_pretty(&described()).unwrap();
    text.push('\n');
    if std::env::var_os("SANDPIT_BLESS").is_some() {
        std::fs::write(docs("openapi.json"), &text).unwrap();
    }
    let written = std::fs::read_to_string(docs("openapi.json")).unwrap_or_default();
    assert!(written == text, "docs/openapi.json is stale: run `cargo xtask bless` and read the diff");
}

#[test]
fn no_two_types_share_a_name() {
    assert_eq!(document().clashes(), [""; 0], "give one of them `#[schema(as = ...)]`");
}

#[test]
fn every_operation_and_parameter_says_what_it_is() {
    let document = described();
    let nouns: BTreeSet<&str> = document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    let (mut ids, mut silent) = (BTreeSet::new(), Vec::new());
    for (name, operation) in operations(&document) {
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{name}: its id is taken");
        let noun = operation["tags"][0].as_str().unwrap();
        assert!(nouns.contains(noun), "{name}: say in openapi/document.rs what `{noun}` is about");
        assert!(operation["summary"].as_str().unwrap().len() > 5, "{name}");
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            if parameter["description"].as_str().is_none_or(|text| text.len() < 5) {
                silent.push(format!("{name}: {}", parameter["name"]));
            }
        }
    }
    assert!(ids.len() > 25, "{ids:?}");
    assert!(silent.is_empty(), "parameters without a word (`says`, or openapi/placeholders.rs): {silent:#?}");
}

#[test]
fn every_property_says_what_it_is() {
    let document = described();
    let mut silent = Vec::new();
    // Names that are put together are those of generic types, whose comments utoipa does not pass on.
    let written = |name: &String| !name.contains('_');
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for (name, schema) in schemas.iter().filter(|(name, _)| written(name)) {
        for (property, schema) in schema["properties"].as_object().into_iter().flatten() {
            if schema.get("description").is_none() && schema.get("$ref").is_none() {
                silent.push(format!("{name}.{property}"));
            }
        }
    }
    assert!(silent.is_empty(), "fields without a doc comment: {silent:#?}");
}

/// serde leaves a field out or writes null, never both: a description that allows both was not thought about.
#[test]
fn an_answered_field_is_either_always_there_or_never_null() {
    let document = described();
    let mut answered = BTreeSet::new();
    for (_, operation) in operations(&document) {
        reached(&document, &operation["responses"], &mut answered);
    }
    assert!(answered.len() > 30, "{answered:?}");
    // In a body both may mean the same, also in one of a type that is answered too.
    let mut taken = BTreeSet::new();
    for (_, operation) in operations(&document) {
        reached(&document, &operation["requestBody"], &mut taken);
    }
    answered.retain(|name| !taken.contains(name));
    let mut both = Vec::new();
    for name in answered {
        let schema = &document["components"]["schemas"][name];
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().map(|name| name.as_str().unwrap()).collect();
        for (property, schema) in schema["properties"].as_object().into_iter().flatten() {
            if nullable(schema) && !required.contains(&property.as_str()) {
                both.push(format!("{name}.{property}"));
            }
        }
    }
    assert!(both.is_empty(), "say `required` or `nullable = false`: {both:#?}");
}

#[test]
fn every_reference_leads_somewhere() {
    fn check(document: &Value, value: &Value) {
        match value {
            Value::Object(object) => {
                if let Some(path) = object.get("$ref").and_then(Value::as_str) {
                    assert!(document.pointer(path.strip_prefix('#').unwrap()).is_some(), "{path}");
                }
                object.values().for_each(|value| check(document, value));
            }
            Value::Array(items) => items.iter().for_each(|value| check(document, value)),
            _ => {}
        }
    }
    let document = described();
    check(&document, &document);
}

/// The rows of the table in `docs/api.md`: `METHOD /path`, and further paths that differ in their last segment.
fn routes_of_the_page() -> BTreeSet<String> {
    let page = std::fs::read_to_string(docs("api.md")).unwrap();
    let table = page.split("| method and path |").nth(1).unwrap().split("\n\n").next().unwrap();
    let mut routes = BTreeSet::new();
    for line in table.lines().skip(2) {
        let mut first = "";
        for route in line.split('|').nth(1).unwrap().split('`').skip(1).step_by(2) {
            if route.contains(' ') {
                first = route;
                routes.insert(route.to_owned());
            } else {
                routes.insert(format!("{}{route}", &first[..first.rfind('/').unwrap()]));
            }
        }
    }
    routes
}

#[test]
fn the_page_lists_every_route_and_no_other() {
    let document = described();
    let routes: BTreeSet<String> = operations(&document).into_iter().map(|(name, _)| name).collect();
    let page = routes_of_the_page();
    let missing: Vec<_> = routes.difference(&page).collect();
    let invented: Vec<_> = page.difference(&routes).collect();
    assert!(missing.is_empty() && invented.is_empty(), "docs/api.md: not listed {missing:?}, not there {invented:?}");
}
