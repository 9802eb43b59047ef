//! `module.exports.metadata`: read once, copied, normalised. Shapes are checked here, rules (lengths, known events) by the
//! host, which has them in one place for every client.

use std::ffi::{CStr, CString};

use crate::diagnostics::{metadata_invalid, metadata_missing, metadata_thrown};
use crate::js::{JsResult, Thrown, Value};
use crate::wit::sandpit::strategy::types::{ConfigField, Diagnostic, Metadata};

/// A longer list is refused here, before it costs anything. The host's own limits are lower.
const LONGEST_LIST: u32 = 1_024;

/// The largest whole number that JavaScript can tell from its neighbours.
const LARGEST_WHOLE: f64 = 9_007_199_254_740_991.0;

const DRY_RUN: &str = "dry_run";
const DRY_RUN_DESCRIPTION: &str = "When true, strategy logs intended orders without submitting them";

/// Why metadata cannot be read.
enum Unreadable {
    /// A getter or a proxy of the author threw.
    Thrown,
    Shape(String),
}

impl From<Thrown> for Unreadable {
    fn from(_: Thrown) -> Unreadable {
        Unreadable::Thrown
    }
}

type Read<T> = Result<T, Unreadable>;

fn shape<T>(message: impl Into<String>) -> Read<T> {
    Err(Unreadable::Shape(message.into()))
}

/// Reads the metadata of a module's exports.
pub fn read(exports: &Value) -> Result<Metadata, Diagnostic> {
    if !exports.is_object() {
        return Err(metadata_missing());
    }
    let metadata = exports.get_str(c"metadata").map_err(|_| metadata_thrown())?;
    if metadata.is_nullish() {
        return Err(metadata_missing());
    }
    read_fields(&metadata).map_err(|unreadable| match unreadable {
        Unreadable::Thrown => metadata_thrown(),
        Unreadable::Shape(message) => metadata_invalid(&message),
    })
}

fn read_fields(metadata: &Value) -> Read<Metadata> {
    if !metadata.is_object() || metadata.is_array() || metadata.is_function() {
        return shape("metadata must be an object");
    }
    let mut config = read_list(metadata, c"config", read_config_field)?;
    if !config.iter().any(|field| field.name == DRY_RUN) {
        config.push(ConfigField {
            name: DRY_RUN.to_owned(),
            kind: "bool".to_owned(),
            description: DRY_RUN_DESCRIPTION.to_owned(),
            default: Some("true".to_owned()),
            required: false,
        });
    }
    let events = read_list(metadata, c"events", text)?;
    let tag = text(&metadata.get_str(c"tag")?, "metadata.tag")?;
    Ok(Metadata {
        name: text(&metadata.get_str(c"name")?, "metadata.name")?.to_lowercase(),
        tag: (!tag.is_empty()).then_some(tag),
        display_name: text(&metadata.get_str(c"displayName")?, "metadata.displayName")?,
        description: text(&metadata.get_str(c"description")?, "metadata.description")?,
        config,
        events: events.into_iter().filter(|event| !event.is_empty()).collect(),
        additional_config: metadata.get_str(c"additionalConfig")?.truthy(),
        limits: read_limits(metadata)?,
    })
}

/// What the author asks for; which names there are, only the host knows. What is left out asks for nothing.
fn read_limits(metadata: &Value) -> Read<Vec<(String, u64)>> {
    let limits = metadata.get_str(c"limits")?;
    if limits.is_nullish() {
        return Ok(Vec::new());
    }
    if !limits.is_object() || limits.is_array() || limits.is_function() {
        return shape("metadata.limits must be an object");
    }
    let names = limits.keys()?;
    if names.len() > LONGEST_LIST as usize {
        return shape(format!("metadata.limits has {} entries, at most {LONGEST_LIST} are allowed", names.len()));
    }
    let mut asked = Vec::with_capacity(names.len());
    for name in names {
        let Ok(key) = CString::new(name.as_str()) else { return shape("metadata.limits has a name with NUL in it") };
        let value = limits.get_str(&key)?;
        if value.is_nullish() {
            continue;
        }
        match value.as_number() {
            Some(number) if (0.0..=LARGEST_WHOLE).contains(&number) && number.fract() == 0.0 => asked.push((name, number as u64)),
            _ => return shape(format!("metadata.limits.{name} must be a whole number")),
        }
    }
    Ok(asked)
}

fn read_config_field(field: &Value, path: &str) -> Read<ConfigField> {
    if !field.is_object() || field.is_array() {
        return shape(format!("{path} must be an object"));
    }
    Ok(ConfigField {
        name: text(&field.get_str(c"name")?, &format!("{path}.name"))?,
        kind: text(&field.get_str(c"type")?, &format!("{path}.type"))?,
        description: text(&field.get_str(c"description")?, &format!("{path}.description"))?,
        default: field.get_str(c"default")?.to_json()?,
        required: field.get_str(c"required")?.truthy(),
    })
}

/// A list, which may be left out. The path of an entry is for messages.
fn read_list<T>(metadata: &Value, name: &CStr, read: impl Fn(&Value, &str) -> Read<T>) -> Read<Vec<T>> {
    let path = format!("metadata.{}", name.to_string_lossy());
    let list = metadata.get_str(name)?;
    if list.is_nullish() {
        return Ok(Vec::new());
    }
    if !list.is_array() {
        return shape(format!("{path} must be an array"));
    }
    let length = list.length()?;
    if length > LONGEST_LIST {
        return shape(format!("{path} has {length} entries, at most {LONGEST_LIST} are allowed"));
    }
    (0..length).map(|index| read(&list.get_index(index)?, &format!("{path}[{index}]"))).collect()
}

/// Trimmed text. Numbers and booleans are written out, as the gateway did; what is left out is empty.
fn text(value: &Value, path: &str) -> Read<String> {
    if value.is_nullish() {
        Ok(String::new())
    } else if value.is_object() || value.is_symbol() {
        shape(format!("{path} must be a string"))
    } else {
        Ok(value.with_text(|text| text.trim().to_owned())?)
    }
}

/// `env.metadata` and `env.events`.
pub fn objects(metadata: &Metadata) -> JsResult<(Value, Value)> {
    let events = Value::array_of_strings(&metadata.events)?;
    let fields = metadata.config.iter().map(field_object).collect::<JsResult<Vec<_>>>()?;
    let fields = Value::array(fields)?;
    let object = Value::object()?;
    object.define_str("name", Value::string(&metadata.name)?)?;
    object.define_str("tag", Value::string(metadata.tag.as_deref().unwrap_or_default())?)?;
    object.define_str("displayName", Value::string(&metadata.display_name)?)?;
    object.define_str("description", Value::string(&metadata.description)?)?;
    object.define_str("config", fields.clone())?;
    object.define_str("events", events.clone())?;
    for value in [&events, &fields, &object] {
        value.freeze()?;
    }
    Ok((object, events))
}

fn field_object(field: &ConfigField) -> JsResult<Value> {
    let object = Value::object()?;
    object.define_str("name", Value::string(&field.name)?)?;
    object.define_str("type", Value::string(&field.kind)?)?;
    object.define_str("description", Value::string(&field.description)?)?;
    let default = field.default.as_deref().map_or(Ok(Value::UNDEFINED), Value::from_json)?;
    object.define_str("default", default)?;
    object.define_str("required", Value::bool(field.required))?;
    object.freeze()?;
    Ok(object)
}
