//! The whole document: what the tables give, and what all operations share.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::operation::request_id;
use super::schemas::Schemas;
use super::table::Entries;
use crate::api::error::{Code, Envelope};

/// What the nouns of the route table are about, in the order of the document.
const NOUNS: &[(&str, &str)] = &[
    ("health", "Is it alive, is it ready, how is it doing."),
    ("strategies", "What strategies say about themselves, and the directory they come from."),
    ("modules", "Sources, revisions and what they are used for."),
    ("tags", "Movable pointers to revisions, and where they have pointed."),
    ("instances", "Launched revisions, their orders, executions and logs."),
    ("risk", "Limits, kill switches, and where everybody stands."),
    ("context", "The whole of what was set up, to be kept and brought back."),
    ("adapters", "Kinds of provider, with the settings that they take."),
    ("backtests", "Strategies over recorded data."),
    ("providers", "Connections to venues."),
    ("openapi", "This description."),
];

/// The description of the control plane.
pub(crate) struct Document {
    value: Arc<Value>,
    #[cfg(test)]
    clashes: Vec<String>,
}

impl Document {
    /// Of the routes that everybody may call and of those that need the token.
    pub(crate) fn of(open: &Entries, closed: &Entries) -> Self {
        let mut schemas = Schemas::default();
        let mut paths: Map<String, Value> = Map::new();
        let all = open.0.iter().map(|entry| (entry, true)).chain(closed.0.iter().map(|entry| (entry, false)));
        for (entry, open) in all {
            let operation = entry.describe(open, &mut schemas);
            let shared = json!({ "parameters": [{ "$ref": "#/components/parameters/X-Request-Id" }] });
            let path = paths.entry(entry.path).or_insert(shared);
            path[entry.method.to_ascii_lowercase()] = operation.into();
        }
        schemas.reference::<Envelope<'_>>();
        #[cfg(test)]
        let clashes = schemas.clashes().to_vec();
        let tags: Vec<Value> = NOUNS.iter().map(|(name, text)| json!({ "name": name, "description": text })).collect();
        let value = json!({
            "openapi": "3.1.0",
            "info": {
                "title": "Sandpit control plane",
                "version": env!("CARGO_PKG_VERSION"),
                "summary": "Runs untrusted trading strategies as WebAssembly components.",
                "description": "Unknown query parameters and unknown body fields are refused by name. Decimals are strings. \
                    Every failure is the schema `Error`, whose `error` is a stable code.",
                "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            },
            "security": [{ "token": [] }],
            "tags": tags,
            "paths": paths,
            "components": components(schemas),
        });
        Self {
            value: Arc::new(value),
            #[cfg(test)]
            clashes,
        }
    }

    /// As JSON.
    pub(crate) fn value(&self) -> &Arc<Value> {
        &self.value
    }

    /// Names that two different types have.
    #[cfg(test)]
    pub(super) fn clashes(&self) -> &[String] {
        &self.clashes
    }
}

fn components(schemas: Schemas) -> Value {
    let id = json!({ "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$" });
    let own = "An id for the request: 1 to 64 letters, digits, `.`, `_` and `-`; anything else is replaced by one of the host's.";
    let error = json!({
        "description": "Any failure.",
        "headers": request_id(),
        "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Error" } } },
    });
    json!({
        "securitySchemes": {
            "token": {
                "type": "http",
                "scheme": "bearer",
                "description": "The token in the file `admin.token` of the data directory.",
            },
        },
        "parameters": {
            "X-Request-Id": { "name": "X-Request-Id", "in": "header", "description": own, "schema": { "type": "string" } },
        },
        "headers": {
            "X-Request-Id": { "description": "The id of the request, also in the host's log.", "required": true, "schema": id },
            "Retry-After": { "description": "Seconds.", "required": true, "schema": { "type": "integer", "minimum": 0 } },
            "WWW-Authenticate": { "description": "`Bearer`.", "required": true, "schema": { "type": "string" } },
        },
        "responses": { "Error": error },
        "schemas": schemas.into_value(),
    })
}

/// The codes of the table in `api/error.rs`.
impl utoipa::PartialSchema for Code {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        let codes = Self::ALL.iter().map(|code| code.as_str());
        let object = utoipa::openapi::schema::ObjectBuilder::new().schema_type(utoipa::openapi::schema::Type::String);
        let meanings: Vec<String> = Self::ALL.iter().map(|code| format!("- `{}`: {}", code.as_str(), code.meaning())).collect();
        let text = format!("What went wrong; never changes its meaning.\n\n{}", meanings.join("\n"));
        object.enum_values(Some(codes)).description(Some(text)).into()
    }
}

impl ToSchema for Code {}
