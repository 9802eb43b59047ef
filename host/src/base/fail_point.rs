//! Where tests end the process, to see what a crash leaves behind: before and after everything that reaches the disk. Nothing
//! of it is in the product.

#[cfg(test)]
use std::sync::atomic::{AtomicI64, Ordering};

#[cfg(test)]
static LEFT: AtomicI64 = AtomicI64::new(i64::MAX);

/// The process ends at the fail point number `at`, counted from 0 and from now.
#[cfg(test)]
pub(crate) fn arm(at: i64) {
    LEFT.store(at, Ordering::SeqCst);
}

/// A place where something has just reached the disk, or is about to.
#[cfg(test)]
pub(crate) fn reach() {
    if LEFT.fetch_sub(1, Ordering::SeqCst) == 0 {
        // As abrupt as kill -9: no destructor runs, nothing is flushed.
        std::process::abort();
    }
}

/// A place where something has just reached the disk, or is about to.
#[cfg(not(test))]
#[inline]
pub(crate) fn reach() {}
