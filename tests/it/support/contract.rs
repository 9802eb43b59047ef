//! Holds every answer of every test against the description that the host gives of itself: route and method are known, the
//! status is listed, headers, type and body are as described, with nothing that the description does not have. What was
//! accepted must be described as acceptable too.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use jsonschema::{Draft, Validator};
use reqwest::Request;
use reqwest::header::{ALLOW, CONTENT_TYPE};
use serde_json::{Map, Value, json};

use super::Answer;

const METHODS: [&str; 5] = ["get", "post", "put", "delete", "patch"];

/// What a host may say of a request before it looks for an operation.
const AT_THE_DOOR: [u16; 7] = [400, 401, 403, 408, 413, 421, 503];

static CONTRACT: LazyLock<Contract> = LazyLock::new(Contract::new);

/// Panics when the answer is none that the description allows.
#[track_caller]
pub(crate) fn check(request: &Request, answer: &Answer) {
    if let Err(breach) = CONTRACT.check(request, answer) {
        panic!("not as docs/openapi.json describes it: {breach}\n{answer:#?}");
    }
}

/// The description, strictly: objects have no field that is not described.
struct Contract {
    document: Value,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Contract {
    fn new() -> Self {
        let described = sandpit::api::description();
        let mut document = described.clone();
        close(&described, &mut document);
        Self { document, validators: Mutex::default() }
    }

    fn check(&self, request: &Request, answer: &Answer) -> Result<(), String> {
        let Some(path) = self.route(request.url().path()) else { return self.unknown(answer, &[404]) };
        let item = &self.document["paths"][path];
        let method = request.method().as_str().to_ascii_lowercase();
        if method == "head" {
            return Ok(());
        }
        let Some(operation) = item.get(&method) else { return self.wrong_method(item, answer) };
        let at = format!("/paths/{}/{method}", escaped(path));
        self.answered(&format!("{at}/responses/{}", answer.status), answer)
            .map_err(|breach| format!("{breach}\n(listed: {:?})", keys(&operation["responses"])))?;
        if answer.status < 300 { self.asked(&at, operation, request) } else { Ok(()) }
    }

    /// The path as the document has it; one without placeholders goes before one with.
    fn route(&self, path: &str) -> Option<&str> {
        let segments: Vec<&str> = path.split('/').collect();
        let fits = |route: &str| {
            let parts: Vec<&str> = route.split('/').collect();
            let same = |(part, given): (&&str, &&str)| part == given || (part.starts_with('{') && !given.is_empty());
            parts.len() == segments.len() && parts.iter().zip(&segments).all(same)
        };
        let routes = self.document["paths"].as_object().unwrap().keys();
        routes.filter(|route| fits(route)).min_by_key(|route| route.matches('{').count()).map(String::as_str)
    }

    /// No operation was meant: a failure of the door, or one of `statuses`.
    fn unknown(&self, answer: &Answer, statuses: &[u16]) -> Result<(), String> {
        if !AT_THE_DOOR.contains(&answer.status) && !statuses.contains(&answer.status) {
            return Err(format!("{} for what is no operation", answer.status));
        }
        self.answered("/components/responses/Error", answer)
    }

    fn wrong_method(&self, item: &Value, answer: &Answer) -> Result<(), String> {
        let mut right: Vec<String> =
            METHODS.iter().filter(|method| item.get(**method).is_some()).map(|m| m.to_uppercase()).collect();
        if right.contains(&"GET".to_owned()) {
            right.push("HEAD".to_owned());
        }
        right.sort();
        if answer.status == 405 {
            let mut allowed: Vec<&str> = answer.header(ALLOW.as_str()).unwrap_or_default().split(',').map(str::trim).collect();
            allowed.sort_unstable();
            if allowed != right {
                return Err(format!("Allow says {allowed:?}, the description {right:?}"));
            }
        }
        self.unknown(answer, &[405])
    }

    /// `at` is where in the document the answer is described.
    fn answered(&self, at: &str, answer: &Answer) -> Result<(), String> {
        let described = self.document.pointer(at).ok_or_else(|| format!("status {} is not listed", answer.status))?;
        for (name, header) in described["headers"].as_object().into_iter().flatten() {
            let here = match header.get("$ref") {
                Some(path) => path.as_str().unwrap().trim_start_matches('#').to_owned(),
                None => format!("{at}/headers/{}", escaped(name)),
            };
            let Some(given) = answer.header(name) else { return Err(format!("the header {name} is missing")) };
            self.fits(&format!("{here}/schema"), &read(&self.document.pointer(&here).unwrap()["schema"], given))
                .map_err(|breach| format!("header {name}: {breach}"))?;
        }
        let Some(content) = described["content"].as_object() else {
            return if answer.text.is_empty() { Ok(()) } else { Err("a body where none is described".to_owned()) };
        };
        let kind = answer.header(CONTENT_TYPE.as_str()).unwrap_or("none");
        if !content.contains_key(kind) {
            return Err(format!("the type is {kind}, described is {:?}", content.keys().collect::<Vec<_>>()));
        }
        let body = if kind == "application/json" {
            serde_json::from_str(&answer.text).map_err(|error| format!("no JSON: {error}"))?
        } else {
            Value::String(answer.text.clone())
        };
        self.fits(&format!("{at}/content/{}/schema", escaped(kind)), &body)
    }

    /// What was accepted fits the description of what is taken.
    fn asked(&self, at: &str, operation: &Value, request: &Request) -> Result<(), String> {
        let parameters: Vec<&Value> = operation["parameters"].as_array().into_iter().flatten().collect();
        for (name, value) in request.url().query_pairs() {
            let same = |parameter: &&&Value| parameter["in"] == "query" && parameter["name"] == *name;
            let parameter = parameters.iter().find(same).ok_or_else(|| format!("the parameter `{name}` was accepted"))?;
            let array = parameter["schema"]["type"] == "array";
            let schema = if array { &parameter["schema"]["items"] } else { &parameter["schema"] };
            let place = parameters.iter().position(|other| other == parameter).unwrap();
            let items = if array { "/items" } else { "" };
            self.fits(&format!("{at}/parameters/{place}/schema{items}"), &read(schema, &value))
                .map_err(|breach| format!("the parameter {name} was accepted with `{value}`: {breach}"))?;
        }
        let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
        if body.is_empty() || operation.get("requestBody").is_none() {
            return Ok(());
        }
        let body = serde_json::from_slice(body).map_err(|error| format!("a body that is no JSON was accepted: {error}"))?;
        self.fits(&format!("{at}/requestBody/content/application~1json/schema"), &body)
            .map_err(|breach| format!("the body {body} was accepted: {breach}"))
    }

    fn fits(&self, schema: &str, value: &Value) -> Result<(), String> {
        let validator = self.validator(schema);
        let breaches: Vec<String> =
            validator.iter_errors(value).take(5).map(|error| format!("{error} (at `{}`)", error.instance_path())).collect();
        if breaches.is_empty() { Ok(()) } else { Err(breaches.join("\n")) }
    }

    fn validator(&self, schema: &str) -> Arc<Validator> {
        let mut validators = self.validators.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let mut root = self.document.clone();
            let plain = |c: char| c.is_ascii_alphanumeric() || "/-._~".contains(c);
            let pointer: String =
                schema.chars().map(|c| if plain(c) { c.into() } else { format!("%{:02X}", c as u32) }).collect();
            root["$ref"] = format!("#{pointer}").into();
            let options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
            Arc::new(options.build(&root).unwrap_or_else(|error| panic!("{schema}: {error}")))
        };
        validators.entry(schema.to_owned()).or_insert_with(make).clone()
    }
}

/// Text of a header or the query as a value of the schema's type.
fn read(schema: &Value, text: &str) -> Value {
    // Words of the query are taken in any case.
    let word = |word: &&Value| word.as_str().is_some_and(|word| word.eq_ignore_ascii_case(text));
    if let Some(word) = schema["enum"].as_array().and_then(|words| words.iter().find(word)) {
        return word.clone();
    }
    let spoken = matches!(schema["type"].as_str(), Some("integer" | "boolean" | "number"));
    let parsed = spoken.then(|| serde_json::from_str(text).ok()).flatten();
    // The spellings of the gateway's clients.
    let flag = match text {
        "1" | "t" | "T" | "TRUE" | "True" => true.into(),
        "0" | "f" | "F" | "FALSE" | "False" => false.into(),
        _ => Value::String(text.to_owned()),
    };
    if schema["type"] == "boolean" && flag.is_boolean() { flag } else { parsed.unwrap_or_else(|| text.into()) }
}

/// For a JSON pointer.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn keys(object: &Value) -> Vec<&String> {
    object.as_object().map(|object| object.keys().collect()).unwrap_or_default()
}

/// Forbids fields that are not described, at every place where a value stands: a part of an `allOf` may not say that for the
/// whole, so it is said around it.
fn close(document: &Value, value: &mut Value) {
    match value {
        Value::Object(object) => {
            for (key, value) in object.iter_mut() {
                match key.as_str() {
                    "example" | "examples" | "default" | "enum" => {}
                    "allOf" | "oneOf" | "anyOf" => {
                        for part in value.as_array_mut().into_iter().flatten() {
                            close(document, part);
                        }
                    }
                    "schema" | "items" | "additionalProperties" if value.is_object() => {
                        seal(document, value);
                        close(document, value);
                    }
                    "properties" => {
                        for property in value.as_object_mut().unwrap().values_mut() {
                            seal(document, property);
                            close(document, property);
                        }
                    }
                    _ => close(document, value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| close(document, item)),
        _ => {}
    }
}

fn seal(document: &Value, schema: &mut Value) {
    if has_properties(document, schema)
        && let Some(object) = schema.as_object_mut()
    {
        object.insert("unevaluatedProperties".to_owned(), json!(false));
    }
}

fn has_properties(document: &Value, schema: &Value) -> bool {
    let Some(object) = schema.as_object() else { return false };
    let of_parts = |object: &Map<String, Value>, key: &str| {
        object.get(key).and_then(Value::as_array).is_some_and(|parts| parts.iter().any(|part| has_properties(document, part)))
    };
    object.contains_key("properties")
        || ["allOf", "oneOf", "anyOf"].iter().any(|key| of_parts(object, key))
        || object
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|path| document.pointer(path.trim_start_matches('#')))
            .is_some_and(|schema| has_properties(document, schema))
}
