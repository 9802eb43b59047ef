//! `helpers.save` and `helpers.load`: one JSON value that survives a restart.

use super::add;
use crate::js::{JsResult, Value, throw_coded, throw_type_error};
use crate::wit::sandpit::strategy::saved_state as host;

pub fn add_helpers(helpers: &Value) -> JsResult<()> {
    add(helpers, "save", 1, |args| {
        let Some(json) = args.get(0).to_json()? else {
            return Err(throw_type_error("save: the value has no JSON form"));
        };
        match host::save(&json) {
            Ok(()) => Ok(Value::UNDEFINED),
            Err(message) => Err(throw_coded("save_failed", &message)),
        }
    })?;
    add(helpers, "load", 0, |_| match host::load() {
        Some(json) => Value::from_json(&json),
        None => Ok(Value::NULL),
    })
}
