//! A thread with room for a guest on its own stack. There a call needs no fiber, which takes a quarter of the time of a short
//! handler. Only for guests that never wait: see [`Sandbox::by_hand`](crate::sandbox::Sandbox::by_hand).

use std::cell::Cell;
use std::panic::resume_unwind;

thread_local! {
    /// Whether a guest may run right on the stack of this thread.
    static ROOMY: Cell<bool> = const { Cell::new(false) };
}

/// Whether a guest may run right on the stack of this thread.
pub(super) fn is_roomy() -> bool {
    ROOMY.get()
}

/// Runs `work` on a thread of its own with this much stack; on this one when there can be none, where it comes to the same and
/// takes longer.
pub(super) fn with_room<T: Send>(stack_bytes: usize, work: impl FnOnce() -> T + Send) -> T {
    let mut waiting = Some(work);
    let thread = std::thread::Builder::new().name("guest".into()).stack_size(stack_bytes);
    let done = std::thread::scope(|scope| {
        let run = || {
            ROOMY.set(true);
            waiting.take().map(|work| work())
        };
        thread.spawn_scoped(scope, run).ok().and_then(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
    });
    match (done, waiting) {
        (Some(done), _) => done,
        (None, Some(work)) => work(),
        // A thread that was made has taken it and is done, or has panicked.
        (None, None) => unreachable!("the work was done"),
    }
}
