//! `helpers.log`: arguments to one line of text. Nothing an author passes can make it fail.

use super::{add, loading};
use crate::js::{Args, JsResult, Value};
use crate::text;
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
        text::append(&mut line, value, LINE_BYTES);
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
