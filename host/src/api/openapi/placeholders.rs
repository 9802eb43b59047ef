//! The variable segments of paths, by their names in the route table.

use serde_json::{Value, json};

use super::{Operation, schemas};
use crate::base::{InstanceId, ProviderName, Tag};

/// A selector of any form; `docs/api.md` has them in a table. Names in it may have capitals, and what looks like a hash is none.
const SELECTOR: &str = concat!(
    "^((?!([0-9A-Fa-f]{64}|[Ss][Hh][Aa]256)([:@]|$))[A-Za-z0-9][A-Za-z0-9._-]{0,63}",
    "(:(?![0-9A-Fa-f]{64}$)[A-Za-z0-9_][A-Za-z0-9._-]{0,127}|@sha256:[0-9A-Fa-f]{64})?|sha256:[0-9A-Fa-f]{64})$"
);

/// A strategy's name as people give it: capitals are lowered. What looks like a hash is none.
const STRATEGY: &str = "^(?!([0-9A-Fa-f]{64}|[Ss][Hh][Aa]256)$)[A-Za-z0-9][A-Za-z0-9._-]{0,63}$";

/// Adds every `{...}` of the operation's path.
pub(super) fn describe(operation: &mut Operation<'_>) {
    let path = operation.path();
    let names = path.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0));
    for name in names {
        let (text, schema) = meaning(path, name);
        operation.parameter(json!({ "name": name, "in": "path", "required": true, "description": text, "schema": schema }));
    }
}

/// What a placeholder stands for; a name can mean one thing under `/strategies` and another under `/providers`.
fn meaning(path: &str, name: &str) -> (&'static str, Value) {
    let noun = path.split('/').nth(1).unwrap_or_default();
    match (noun, name) {
        ("strategies", "name") => ("The strategy.", json!({ "type": "string", "pattern": STRATEGY, "examples": ["first"] })),
        ("strategies", "selector") => {
            let text = "`name`, `name:tag`, `name@sha256:<64 hex>` or `sha256:<64 hex>`; `:` and `@` may be percent-encoded.";
            (text, json!({ "type": "string", "pattern": SELECTOR, "examples": ["first:v1.0.0"] }))
        }
        ("strategies", "tag") => {
            let mut tag = schemas::inline::<Tag>();
            tag["examples"] = json!(["prod"]);
            ("The tag.", tag)
        }
        ("strategy" | "risk", "id") => ("The instance.", schemas::inline::<InstanceId>()),
        ("backtests", "id") => ("The run.", schemas::inline::<InstanceId>()),
        ("providers", "name") => {
            let mut provider = schemas::inline::<ProviderName>();
            provider["examples"] = json!(["signals"]);
            ("The provider.", provider)
        }
        ("adapters", "id") => ("The adapter.", json!({ "type": "string", "examples": ["paper"] })),
        // A test refuses a document with a parameter that says nothing.
        _ => ("", json!({ "type": "string" })),
    }
}
