//! The QuickJS runtime: its limits, its garbage collector and its queue of promise jobs. It knows nothing of events.

use std::cell::{Cell, RefCell};
use std::ffi::{c_int, c_void};
use std::mem::ManuallyDrop;
use std::ptr::null_mut;

use javy::{Config, Runtime};

use crate::globals::log;
use crate::js::{self, Value, qjs};
use crate::text::summary;
use crate::wit::sandpit::strategy::log::Level;

/// What JavaScript may allocate. Below the 32 MiB that the host gives an instance, so that an author sees an
/// `InternalError: out of memory` before the host has to stop the guest.
const MEMORY_BYTES: usize = 24 << 20;

/// How much of the linear-memory stack JavaScript may use before it gets a `RangeError`. The host's native stack must be
/// large enough that this limit always comes first: 6.5 MiB are enough for every kind of recursion that the conformance
/// tests try, so hosts give 8. The linear stack has 1 MiB, so that the error itself can be made.
const STACK_BYTES: usize = 416 << 10;

/// The collector runs when this much was allocated since the last run left the heap smaller than that.
const GC_BYTES: usize = 256 << 10;

/// Above this a collection is due every `GC_STEP_BYTES`, else garbage could reach the memory limit before its turn.
const GC_LATEST_BYTES: usize = 16 << 20;
const GC_STEP_BYTES: usize = 2 << 20;

/// Promise jobs that one event may run. More than that is a loop that never ends.
const JOBS_PER_EVENT: u32 = 10_000;

/// Rejections remembered until the queue is empty; the ones above are counted in no log line.
const REJECTIONS_KEPT: usize = 32;

thread_local! {
    /// Rejected promises that nobody has handled yet, with their reasons.
    static REJECTIONS: RefCell<Vec<(Value, Value)>> = const { RefCell::new(Vec::new()) };
    /// The threshold that was last set, to notice that QuickJS has raised it.
    static THRESHOLD: Cell<usize> = const { Cell::new(GC_BYTES) };
}

/// Makes the runtime. It lives as long as the component instance.
pub fn start() -> Result<(), String> {
    let mut config = Config::default();
    config.gc_threshold(GC_BYTES).memory_limit(MEMORY_BYTES).max_stack_size(STACK_BYTES);
    let runtime = ManuallyDrop::new(Runtime::new(config).map_err(|error| error.to_string())?);
    runtime.context().with(|context| {
        // SAFETY: the runtime is never dropped, so its context lives as long as the instance.
        unsafe { js::enter(context.as_raw().as_ptr()) };
    });
    // SAFETY: the runtime is live; both callbacks are functions that need no data.
    unsafe {
        qjs::JS_SetHostPromiseRejectionTracker(js::runtime(), Some(track_rejection), null_mut());
        qjs::JS_SetInterruptHandler(js::runtime(), Some(interrupt), null_mut());
    }
    Ok(())
}

/// To be called after each handler: runs the promise jobs and reports what nobody caught.
pub fn settle() {
    // SAFETY: the runtime is live.
    if unsafe { qjs::JS_IsJobPending(js::runtime()) } {
        run_jobs();
    }
    if REJECTIONS.with_borrow(|rejections| !rejections.is_empty()) {
        report_rejections();
    }
    keep_collecting();
}

fn run_jobs() {
    let mut job_context = null_mut();
    for _ in 0..JOBS_PER_EVENT {
        // SAFETY: the runtime is live and the out pointer valid.
        match unsafe { qjs::JS_ExecutePendingJob(js::runtime(), &mut job_context) } {
            0 => return,
            1.. => {}
            _ => log::write(Level::Warn, &format!("promise job failed: {}", summary(&js::take_exception()))),
        }
    }
    log::write(Level::Error, &format!("stopped: more than {JOBS_PER_EVENT} promise jobs in one event"));
    fault();
}

/// Ends the guest: the host sees a trap and starts a fresh one.
pub fn fault() -> ! {
    core::arch::wasm32::unreachable()
}

fn report_rejections() {
    for (_, reason) in REJECTIONS.take() {
        log::write(Level::Warn, &format!("unhandled promise rejection: {}", summary(&reason)));
    }
}

unsafe extern "C" fn track_rejection(
    _: *mut qjs::JSContext,
    promise: qjs::JSValue,
    reason: qjs::JSValue,
    handled: bool,
    _: *mut c_void,
) {
    let (promise, reason) = (js::borrow(promise), js::borrow(reason));
    if handled {
        // Dropped after the borrow: a dropped value can run a finalizer.
        let removed = REJECTIONS.with_borrow_mut(|rejections| {
            let place = rejections.iter().position(|(known, _)| known.raw() == promise.raw());
            place.map(|place| rejections.swap_remove(place))
        });
        drop(removed);
    } else {
        REJECTIONS.with_borrow_mut(|rejections| {
            if rejections.len() < REJECTIONS_KEPT {
                rejections.push((promise, reason));
            }
        });
    }
}

/// QuickJS calls this every ten thousand loop turns and calls: often enough to keep the collector's threshold in bounds
/// within one long event. Fuel, not this hook, ends a handler that runs too long.
unsafe extern "C" fn interrupt(_: *mut qjs::JSRuntime, _: *mut c_void) -> c_int {
    keep_collecting();
    0
}

/// After each collection QuickJS sets its threshold to one and a half times what is left. With a large heap that can be
/// more than the memory limit, and then garbage ends the strategy: so it is lowered here.
fn keep_collecting() {
    // SAFETY: the runtime is live.
    let threshold = unsafe { qjs::JS_GetGCThreshold(js::runtime()) } as usize;
    if threshold == THRESHOLD.get() {
        return;
    }
    let live = threshold / 3 * 2;
    let wanted = threshold.clamp(GC_BYTES, GC_LATEST_BYTES.max(live + GC_STEP_BYTES));
    // SAFETY: the runtime is live.
    unsafe { qjs::JS_SetGCThreshold(js::runtime(), wanted as _) };
    THRESHOLD.set(wanted);
}

/// Collects now: what the snapshot holds is what every instance starts with.
pub fn collect() {
    // SAFETY: the runtime is live and no JavaScript runs.
    unsafe { qjs::JS_RunGC(js::runtime()) };
}
