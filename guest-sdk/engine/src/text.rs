//! JavaScript values as a reader would write them. A value can be anything and its getters can throw: everything here
//! answers with a text, never with a failure.

use std::ffi::CStr;

use crate::js::{JsResult, Value, ignore};

/// `TypeError: x is not a function`, or the text of a thrown value that is no error.
pub fn summary(value: &Value) -> String {
    if !value.is_error() {
        return format!("Uncaught {}", text_of(value));
    }
    let name = property(value, c"name").unwrap_or_else(|| "Error".to_owned());
    match property(value, c"message").filter(|message| !message.is_empty()) {
        Some(message) => format!("{name}: {message}"),
        None => name,
    }
}

/// A property that is text; none when reading it throws.
pub fn property(value: &Value, name: &CStr) -> Option<String> {
    let property = value.get_str(name).map_err(ignore).ok()?;
    if property.is_string() { property.to_text().map_err(ignore).ok() } else { None }
}

/// Enough for any message.
const MESSAGE_BYTES: usize = 4 << 10;

/// A value as a reader would write it: text as it is (its beginning, if it is long), errors with their name, objects as JSON.
pub fn text_of(value: &Value) -> String {
    let mut text = String::new();
    append(&mut text, value, MESSAGE_BYTES);
    text
}

/// Appends the text of a value. Text itself is cut where the line reaches `most` bytes, before it is copied: a line of ten
/// megabytes must not cost ten megabytes.
pub fn append(line: &mut String, value: &Value, most: usize) {
    let described = if value.is_symbol() || value.is_function() {
        describe(value)
    } else if value.is_error() {
        Ok(summary(value))
    } else if value.is_object() {
        json(value)
    } else {
        return append_text(line, value, most);
    };
    match described {
        Ok(text) => line.push_str(&text),
        Err(thrown) => {
            ignore(thrown);
            line.push_str("[object Object]");
        }
    }
}

fn append_text(line: &mut String, value: &Value, most: usize) {
    let room = most.saturating_sub(line.len());
    let pushed = value.with_text(|text| line.push_str(&text[..text.floor_char_boundary(room)]));
    if let Err(thrown) = pushed {
        ignore(thrown);
    }
}

/// JSON, except that what is one piece of text (a `Date`) stands without quotes.
fn json(value: &Value) -> JsResult<String> {
    let Some(json) = value.to_json()? else { return Ok("undefined".to_owned()) };
    if json.starts_with('"') { Value::from_json(&json)?.to_text() } else { Ok(json) }
}

fn describe(value: &Value) -> JsResult<String> {
    let name = |key| value.get_str(key).and_then(|name| if name.is_string() { name.to_text() } else { Ok(String::new()) });
    if value.is_symbol() {
        Ok(format!("Symbol({})", name(c"description")?))
    } else {
        Ok(format!("[function {}]", name(c"name")?))
    }
}
