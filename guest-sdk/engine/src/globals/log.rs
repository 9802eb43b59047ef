//! `helpers.log`: arguments to one line of text. Nothing an author passes can make it fail.

use super::{add, loading};
use crate::js::{Args, JsResult, Value, ignore};
use crate::wit::sandpit::strategy::log as host;

/// The host keeps 8 KiB of a line. One byte more tells it that there was more.
const LINE_BYTES: usize = 8 * 1_024 + 1;

pub fn add_helper(helpers: &Value) -> JsResult<()> {
    add(helpers, "log", 1, |args| write_args(host::Level::Info, &args))
}

/// Joins the arguments with spaces and writes the line; an empty one is not written.
pub fn write_args(level: host::Level, args: &Args<'_>) -> JsResult<Value> {
    if loading() {
        return Ok(Value::UNDEFINED);
    }
    let mut line = String::new();
    for (index, value) in args.all().iter().enumerate() {
        if index > 0 {
            line.push(' ');
        }
        append(&mut line, value);
        if line.len() > LINE_BYTES {
            break;
        }
    }
    if !line.is_empty() {
        write(level, &line);
    }
    Ok(Value::UNDEFINED)
}

/// Writes one line, cut to what the host can use.
pub fn write(level: host::Level, line: &str) {
    if !loading() {
        host::write(level, &line[..line.floor_char_boundary(LINE_BYTES)]);
    }
}

/// A value as a reader would write it: text as it is, errors with their name, objects as JSON.
pub fn text_of(value: &Value) -> String {
    let mut text = String::new();
    append(&mut text, value);
    text
}

fn append(line: &mut String, value: &Value) {
    let described = if value.is_symbol() || value.is_function() {
        describe(value)
    } else if value.is_error() {
        Ok(crate::diagnostics::summary(value))
    } else if value.is_object() {
        json(value)
    } else {
        return append_text(line, value);
    };
    match described {
        Ok(text) => line.push_str(&text),
        Err(thrown) => {
            ignore(thrown);
            line.push_str("[object Object]");
        }
    }
}

/// Text is cut before it is copied: a line of ten megabytes must not cost ten megabytes.
fn append_text(line: &mut String, value: &Value) {
    let room = LINE_BYTES.saturating_sub(line.len());
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
