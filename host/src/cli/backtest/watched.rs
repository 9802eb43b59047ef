//! What takes long, with a bar and with Ctrl-C: the first asks the work to end, the second ends the program.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use crate::cli::Failure;
use crate::cli::progress::Progress;

/// Between two looks at how far the work is.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What a shell says of a program that was ended by Ctrl-C.
const INTERRUPTED: i32 = 130;

/// Lets Ctrl-C call `cancel`, once; the next one ends the program.
pub(in crate::cli) fn on_interrupt(cancel: impl FnOnce() + Send + 'static) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::failed)?;
    let wait = move || {
        runtime.block_on(async {
            if tokio::signal::ctrl_c().await.is_err() {
                return; // the system's own way stays: the program ends at once
            }
            cancel();
            if tokio::signal::ctrl_c().await.is_ok() {
                std::process::exit(INTERRUPTED);
            }
        });
    };
    thread::Builder::new().name("interrupt".into()).spawn(wait).map(drop).map_err(Failure::failed)
}

/// Runs `work` and shows how far it is.
pub(in crate::cli) fn watched<T>(progress: &Progress, done: impl Fn() -> u64 + Sync, work: impl FnOnce() -> T) -> T {
    thread::scope(|scope| {
        let (ended, over) = channel::<()>();
        let done = &done;
        scope.spawn(move || {
            while over.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
                progress.at(done());
            }
        });
        let result = work();
        drop(ended);
        result
    })
}
