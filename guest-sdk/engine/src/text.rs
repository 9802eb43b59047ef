//! JavaScript values as a reader would write them. A value can be anything and its getters can throw: everything here
//! answers with a text, never with a failure.

use std::cell::OnceCell;
use std::ffi::CStr;

use crate::js::{JsResult, Value, ignore};

/// Enough for any message, and for a stack.
const MESSAGE_BYTES: usize = 4 << 10;

thread_local! {
    /// JavaScript's own `slice`, whatever the author makes of `String.prototype`.
    static SLICE: OnceCell<Value> = const { OnceCell::new() };
}

/// Finds what cuts texts. Once, before the author's first line.
pub fn prepare() -> JsResult<()> {
    let slice = Value::string("")?.get_str(c"slice")?;
    SLICE.with(|cell| cell.set(slice)).ok();
    Ok(())
}

/// The beginning of a text that is longer than `most` bytes: reading out a message of a megabyte only to show its first
/// thousand bytes would cost the author's handler what it has left. Anything else as it is.
fn beginning(value: &Value, most: usize) -> JsResult<Value> {
    // A unit of JavaScript's text is at least one byte. What stands at the end may be half a character: it begins so late
    // that the cut to bytes takes it away.
    if !value.is_string() || value.length()? as usize <= most {
        return Ok(value.clone());
    }
    let Some(slice) = SLICE.with(|cell| cell.get().cloned()) else { return Ok(value.clone()) };
    slice.call(value, &[Value::number(0.0), Value::number(most as f64)])
}

/// The text of a value, at most this many bytes of it.
fn text(value: &Value, most: usize) -> JsResult<String> {
    beginning(value, most)?.with_text(|text| text[..text.floor_char_boundary(most)].to_owned())
}

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

/// The beginning of a property that is text; none when reading it throws.
pub fn property(value: &Value, name: &CStr) -> Option<String> {
    let property = value.get_str(name).map_err(ignore).ok()?;
    if property.is_string() { text(&property, MESSAGE_BYTES).map_err(ignore).ok() } else { None }
}

/// A value as a reader would write it: text as it is (its beginning, if it is long), errors with their name, objects as JSON.
pub fn text_of(value: &Value) -> String {
    let mut text = String::new();
    append(&mut text, value, MESSAGE_BYTES);
    text
}

/// Appends the text of a value. Text itself is cut where the line reaches `most` bytes, before it is read out: a line of
/// ten megabytes must not cost ten megabytes.
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
    let cut = beginning(value, room);
    let pushed = cut.and_then(|cut| cut.with_text(|text| line.push_str(&text[..text.floor_char_boundary(room)])));
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
    let name = |key| {
        let name = value.get_str(key)?;
        if name.is_string() { text(&name, MESSAGE_BYTES) } else { Ok(String::new()) }
    };
    if value.is_symbol() {
        Ok(format!("Symbol({})", name(c"description")?))
    } else {
        Ok(format!("[function {}]", name(c"name")?))
    }
}
