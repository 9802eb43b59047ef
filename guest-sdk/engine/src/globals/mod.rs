//! What JavaScript sees beside the language: one file per part. Each builds its objects before the snapshot and calls its
//! own imports; none knows how events are dispatched.

pub mod clock;
pub mod console;
pub mod log;
pub mod market;
pub mod orders;
pub mod random;
pub mod state;

use std::cell::Cell;

use crate::js::{Args, JsResult, Value, function, throw_coded};

thread_local! {
    static LOADING: Cell<bool> = const { Cell::new(true) };
}

/// From now on the imports can be called: the snapshot has been taken.
pub fn open() {
    LOADING.set(false);
}

/// Whether the module is being loaded, when no import may be called.
pub fn loading() -> bool {
    LOADING.get()
}

/// Throws while the module is being loaded.
fn require_open(name: &str) -> JsResult<()> {
    if loading() {
        return Err(throw_coded("not_active", &format!("{name} is not available while the module loads")));
    }
    Ok(())
}

/// Adds a native function to an object.
fn add<F>(object: &Value, name: &str, length: i32, native: F) -> JsResult<()>
where
    F: Fn(Args<'_>) -> JsResult<Value> + Copy + 'static,
{
    object.define_str(name, function(name, length, native)?)
}

/// The globals that exist from the first line of a module.
pub fn install() -> JsResult<()> {
    let globals = Value::globals();
    console::install(&globals)?;
    clock::install(&globals)?;
    random::install(&globals)
}

/// `env.helpers`.
pub fn helpers() -> JsResult<Value> {
    let helpers = Value::object()?;
    log::add_helper(&helpers)?;
    clock::add_helper(&helpers)?;
    state::add_helpers(&helpers)?;
    helpers.freeze()?;
    Ok(helpers)
}

/// `env.runtime`.
pub fn runtime() -> JsResult<Value> {
    let runtime = Value::object()?;
    market::add_functions(&runtime)?;
    orders::add_functions(&runtime)?;
    runtime.freeze()?;
    Ok(runtime)
}
