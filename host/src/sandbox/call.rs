//! One call into a guest, watched: its deadline, its cancellation and panics of the host. Knows nothing of what is called.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use wasmtime::Trap;

use crate::base::clock::thread_cpu_time;
use crate::base::{Clock, SystemClock};
use crate::sandbox::fault::{Fault, FaultCode};
use crate::sandbox::state::{Ended, State};

/// How long a cancelled guest may still run before it is dropped in the middle of a call.
const CANCEL_GRACE: Duration = Duration::from_millis(100);

/// What a call is held to.
pub(crate) struct Watch<'a> {
    pub(crate) clock: &'a SystemClock,
    pub(crate) deadline: Duration,
    pub(crate) cancel: &'a CancellationToken,
}

/// Runs a call to its end, or gives it up. After an error the store must be dropped: the guest may be in the middle of
/// anything.
///
/// A guest gives way every `yield_fuel`, which makes its call pending: only the processor time spent inside polls counts against the
/// deadline, so neither sleep nor waiting for a turn does, be it the runtime's or the system's. Most calls end in their first poll and never read a clock.
pub(crate) async fn supervise<T>(call: impl Future<Output = wasmtime::Result<T>>, watch: Watch<'_>) -> wasmtime::Result<T> {
    let mut call = pin!(call);
    let mut first = true;
    let mut ran = Duration::ZERO;
    let mut cancelled_at = None;
    poll_fn(|cx| {
        let began = (!first).then(thread_cpu_time);
        first = false;
        let polled = catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(cx)));
        let Ok(polled) = polled else {
            return Poll::Ready(Err(panicked()));
        };
        if let (Poll::Pending, Some(began)) = (&polled, began) {
            ran += thread_cpu_time().saturating_sub(began);
            if ran > watch.deadline {
                let millis = watch.deadline.as_millis();
                let message = format!("the call ran longer than its deadline of {millis} ms (sleep not counted)");
                return Poll::Ready(Err(Ended::new(FaultCode::DeadlineExceeded, message).into()));
            }
            let now = watch.clock.now();
            if watch.cancel.is_cancelled() && now.since(*cancelled_at.get_or_insert(now)) > CANCEL_GRACE {
                return Poll::Ready(Err(Ended::new(FaultCode::Cancelled, "the instance was asked to end").into()));
            }
        }
        polled
    })
    .await
}

/// A call that never waits, with panics of the host as errors. After an error the store must be dropped.
pub(crate) fn guarded<T>(call: impl FnOnce() -> wasmtime::Result<T>) -> wasmtime::Result<T> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| Err(panicked()))
}

fn panicked() -> wasmtime::Error {
    Ended::new(FaultCode::HostBug, "the host failed while the guest ran").into()
}

/// Says what an error of wasmtime means for the guest.
pub(crate) fn classify(error: &wasmtime::Error, handler: &'static str, fuel: u64, state: &mut State) -> Fault {
    let refused = state.limiter.take_refused();
    if let Some(ended) = error.downcast_ref::<Ended>() {
        return Fault::new(ended.code, handler, ended.message.clone());
    }
    if error.downcast_ref::<wasmtime::PoolConcurrencyLimitError>().is_some() {
        return Fault::new(FaultCode::HostCapacity, handler, "the host has no room for another guest (sandbox.maxGuests)");
    }
    let memory = || {
        let limit = state.limiter.limit_bytes();
        Fault::new(FaultCode::MemoryExhausted, handler, format!("the guest needs more than limits.memoryBytes = {limit}"))
    };
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => {
            Fault::new(FaultCode::FuelExhausted, handler, format!("the call used up its {fuel} fuel: is there an endless loop?"))
        }
        Some(Trap::StackOverflow) => Fault::new(FaultCode::StackOverflow, handler, "the WebAssembly stack overflowed"),
        Some(Trap::UnreachableCodeReached) if state.stopped_for_jobs() => Fault::new(
            FaultCode::JobLimit,
            handler,
            "the call queued more than 10,000 promise jobs: does a promise queue itself?",
        ),
        Some(_) if refused => memory(),
        Some(trap) => Fault::new(FaultCode::GuestTrap, handler, format!("the engine stopped: {trap}")),
        None if refused => memory(),
        None if is_too_large(error) => {
            Fault::new(FaultCode::ArgumentTooLarge, handler, "a helper was given more than 256 KiB at once")
        }
        None => Fault::new(FaultCode::GuestTrap, handler, format!("the engine stopped: {error:#}")),
    }
}

/// wasmtime has no type for this one: what it says when a call carries more than `set_hostcall_fuel` allows.
fn is_too_large(error: &wasmtime::Error) -> bool {
    format!("{error:#}").contains("too much data is being copied")
}
