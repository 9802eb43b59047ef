//! One operation while it is described: its handler's extractors and answers each add their part.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::schemas::Schemas;
use crate::api::error::Code;

/// What is known of an operation so far.
pub(crate) struct Operation<'a> {
    path: &'static str,
    schemas: &'a mut Schemas,
    parameters: Vec<Value>,
    body: Option<Value>,
    answers: BTreeMap<u16, Value>,
    refusals: BTreeSet<Code>,
}

impl<'a> Operation<'a> {
    pub(super) fn new(path: &'static str, schemas: &'a mut Schemas) -> Self {
        let (parameters, answers, refusals) = (Vec::new(), BTreeMap::new(), BTreeSet::new());
        Self { path, schemas, parameters, body: None, answers, refusals }
    }

    /// The path as the route table has it.
    pub(super) fn path(&self) -> &'static str {
        self.path
    }

    /// A parameter of the path, the query or a header.
    pub(crate) fn parameter(&mut self, parameter: Value) {
        self.parameters.push(parameter);
    }

    /// A JSON body. Its length and the time it may take are limited by the layers around.
    pub(crate) fn body<T: ToSchema>(&mut self, required: bool) {
        let schema = self.schemas.reference::<T>();
        let limits =
            "At most `api.limits.bodyBytes` of the host's configuration (1 MiB by default), within `api.limits.bodyReadMs`.";
        let content = json!({ "application/json": { "schema": schema } });
        self.body = Some(json!({ "description": limits, "required": required, "content": content }));
        use Code::{BodyTooLarge, InvalidBody, RequestTimeout, UnknownField, UnsupportedMediaType};
        self.refuses(&[InvalidBody, UnknownField, BodyTooLarge, UnsupportedMediaType, RequestTimeout]);
    }

    /// A successful answer with a JSON body.
    pub(crate) fn answers_json<T: ToSchema>(&mut self, status: u16, says: &str) {
        let schema = self.schemas.reference::<T>();
        self.answers_with(status, says, Some(("application/json", schema)), &[]);
    }

    /// A successful answer: `content` is its type and schema, `headers` are names and schemas of what comes besides the body.
    pub(crate) fn answers_with(
        &mut self,
        status: u16,
        says: &str,
        content: Option<(&str, Value)>,
        headers: &[(&str, &str, Value)],
    ) {
        let mut described = request_id();
        for (name, text, schema) in headers {
            described.insert((*name).to_owned(), json!({ "description": text, "required": true, "schema": schema }));
        }
        let mut answer = json!({ "description": says, "headers": described });
        if let Some((kind, schema)) = content {
            answer["content"] = json!({ kind: { "schema": schema } });
        }
        self.answers.insert(status, answer);
    }

    /// A reference to a schema, for answers that are put together by hand.
    pub(crate) fn reference<T: ToSchema>(&mut self) -> Value {
        self.schemas.reference::<T>()
    }

    /// Codes that it can be refused with.
    pub(crate) fn refuses(&mut self, codes: &[Code]) {
        self.refusals.extend(codes);
    }

    /// The finished description.
    pub(super) fn finish(mut self) -> Map<String, Value> {
        let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
        for code in &self.refusals {
            by_status.entry(code.status().as_u16()).or_default().push(*code);
        }
        for (status, codes) in by_status {
            self.answers.insert(status, refusal(status, &codes));
        }
        let mut responses: Map<String, Value> =
            self.answers.into_iter().map(|(status, answer)| (status.to_string(), answer)).collect();
        responses.insert("default".to_owned(), json!({ "$ref": "#/components/responses/Error" }));
        let mut operation = Map::new();
        if !self.parameters.is_empty() {
            operation.insert("parameters".to_owned(), self.parameters.into());
        }
        if let Some(body) = self.body {
            operation.insert("requestBody".to_owned(), body);
        }
        operation.insert("responses".to_owned(), responses.into());
        operation
    }
}

/// The headers that every answer has.
pub(super) fn request_id() -> Map<String, Value> {
    let mut headers = Map::new();
    headers.insert("X-Request-Id".to_owned(), json!({ "$ref": "#/components/headers/X-Request-Id" }));
    headers
}

/// A failure with this status: the envelope, whose code is one of these.
fn refusal(status: u16, codes: &[Code]) -> Value {
    let names: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    let says: Vec<String> = names.iter().map(|code| format!("`{code}`")).collect();
    let schema = json!({
        "allOf": [{ "$ref": "#/components/schemas/Error" }],
        "properties": { "error": { "enum": names } },
    });
    let mut headers = request_id();
    let also = match status {
        401 => Some("WWW-Authenticate"),
        429 | 503 => Some("Retry-After"),
        _ => None,
    };
    if let Some(name) = also {
        headers.insert(name.to_owned(), json!({ "$ref": format!("#/components/headers/{name}") }));
    }
    let content = json!({ "application/json": { "schema": schema } });
    json!({ "description": says.join(", "), "headers": headers, "content": content })
}
