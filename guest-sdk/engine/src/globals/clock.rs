//! Time: `Date` stands still at the event's own time, `helpers.sleep` moves it, timers come back as events.

use std::cell::{Cell, RefCell};

use super::{add, require_open};
use crate::coercions;
use crate::js::{Args, JsResult, Value, throw_coded, throw_type_error};
use crate::wit::sandpit::strategy::clock as host;

/// What `Date` says while a module loads, and so the same for every instance: 2000-01-01T00:00:00Z.
const LOAD_TIME: u64 = 946_684_800_000_000_000;

struct Timer {
    id: u32,
    callback: Value,
    args: Vec<Value>,
    repeat: bool,
}

thread_local! {
    static NOW: Cell<u64> = const { Cell::new(LOAD_TIME) };
    static TIMERS: RefCell<Vec<Timer>> = const { RefCell::new(Vec::new()) };
    static LAST_TIMER: Cell<u32> = const { Cell::new(0) };
}

/// The time of the event, in nanoseconds since the Unix epoch. What `Date` reads.
pub fn now() -> u64 {
    NOW.get()
}

pub fn set_now(nanoseconds: u64) {
    NOW.set(nanoseconds);
}

pub fn install(globals: &Value) -> JsResult<()> {
    add(globals, "setTimeout", 2, |args| set_timer(&args, "setTimeout", false))?;
    add(globals, "setInterval", 2, |args| set_timer(&args, "setInterval", true))?;
    add(globals, "clearTimeout", 1, |args| clear_timer(&args))?;
    add(globals, "clearInterval", 1, |args| clear_timer(&args))
}

pub fn add_helper(helpers: &Value) -> JsResult<()> {
    add(helpers, "sleep", 1, |args| {
        if let Some(nanoseconds) = coercions::duration(args.get(0))?.filter(|nanoseconds| *nanoseconds > 0) {
            host::sleep(nanoseconds);
            set_now(host::now());
        }
        Ok(Value::UNDEFINED)
    })
}

fn set_timer(args: &Args<'_>, name: &str, repeat: bool) -> JsResult<Value> {
    require_open(name)?;
    let callback = args.get(0);
    if !callback.is_function() {
        return Err(throw_type_error(&format!("{name}: the first argument must be a function")));
    }
    let id = LAST_TIMER.get().wrapping_add(1).max(1);
    if !host::set_timer(id, coercions::delay(args.get(1)), repeat) {
        return Err(throw_coded("too_many_timers", &format!("{name}: too many timers are set")));
    }
    LAST_TIMER.set(id);
    let extra = args.all().get(2..).unwrap_or_default().to_vec();
    let timer = Timer { id, callback: callback.clone(), args: extra, repeat };
    TIMERS.with_borrow_mut(|timers| timers.push(timer));
    Ok(Value::number(f64::from(id)))
}

fn clear_timer(args: &Args<'_>) -> JsResult<Value> {
    let id = args.get(0).as_number().map(|id| id as u32);
    if let Some(timer) = id.and_then(take) {
        host::clear_timer(timer.id);
    }
    Ok(Value::UNDEFINED)
}

fn take(id: u32) -> Option<Timer> {
    TIMERS.with_borrow_mut(|timers| {
        let place = timers.iter().position(|timer| timer.id == id)?;
        Some(timers.remove(place))
    })
}

/// Runs the callback of a timer that is due and says which function set it. A timer that was cleared meanwhile does
/// nothing.
pub fn fire(id: u32) -> (&'static str, JsResult<()>) {
    let due = TIMERS.with_borrow(|timers| {
        let timer = timers.iter().find(|timer| timer.id == id)?;
        Some((timer.callback.clone(), timer.args.clone(), timer.repeat))
    });
    let Some((callback, args, repeat)) = due else { return ("setTimeout", Ok(())) };
    if !repeat {
        drop(take(id));
    }
    let name = if repeat { "setInterval" } else { "setTimeout" };
    (name, callback.call(&Value::UNDEFINED, &args).map(drop))
}
