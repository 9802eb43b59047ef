//! `console`: the level is in the name. Silent while the module loads, as no import may be called then.

use super::{add, log};
use crate::js::{JsResult, Value};
use crate::wit::sandpit::strategy::log::Level;

pub fn install(globals: &Value) -> JsResult<()> {
    let console = Value::object()?;
    add(&console, "log", 0, |args| log::write_args(Level::Info, &args))?;
    add(&console, "info", 0, |args| log::write_args(Level::Info, &args))?;
    add(&console, "debug", 0, |args| log::write_args(Level::Debug, &args))?;
    add(&console, "trace", 0, |args| log::write_args(Level::Debug, &args))?;
    add(&console, "warn", 0, |args| log::write_args(Level::Warn, &args))?;
    add(&console, "error", 0, |args| log::write_args(Level::Error, &args))?;
    globals.define_str("console", console)
}
