//! Knows when nobody has anything left to do: what a tape waits for that plays as fast as possible.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use prometheus::IntGauge;
use tokio::sync::Notify;

use crate::base::{Clock, Timestamp};
use crate::bus::locked;

/// Counts work that is waiting or in hand, and keeps the list of those who will have work when a clock gets there.
pub(super) struct Quiet {
    working: AtomicUsize,
    gauge: IntGauge,
    alarms: Mutex<Alarms>,
    changed: Notify,
}

#[derive(Default)]
struct Alarms {
    next: u64,
    set: Vec<Alarm>,
}

struct Alarm {
    id: u64,
    deadline: Timestamp,
    clock: Arc<dyn Clock>,
}

impl Quiet {
    pub(super) fn new(gauge: IntGauge) -> Self {
        Self { working: AtomicUsize::new(0), gauge, alarms: Mutex::default(), changed: Notify::new() }
    }

    /// There is more work.
    pub(super) fn add(&self, work: usize) {
        self.working.fetch_add(work, Ordering::AcqRel);
        self.gauge.add(signed(work));
    }

    /// Work was done, or turned out to be none.
    pub(super) fn done(&self, work: usize) {
        self.gauge.sub(signed(work));
        if work > 0 && self.working.fetch_sub(work, Ordering::AcqRel) == work {
            self.changed.notify_waiters();
        }
    }

    /// Somebody will have work when `clock` has reached `deadline`. Ends with [`Quiet::clear`].
    pub(super) fn alarm(&self, deadline: Timestamp, clock: Arc<dyn Clock>) -> u64 {
        let mut alarms = locked(&self.alarms);
        alarms.next += 1;
        let id = alarms.next;
        alarms.set.push(Alarm { id, deadline, clock });
        id
    }

    /// The alarm went off and its work was added before, or nobody waits for it any more.
    pub(super) fn clear(&self, id: u64) {
        locked(&self.alarms).set.retain(|alarm| alarm.id != id);
        self.changed.notify_waiters();
    }

    /// Completes when there is no work and no alarm is due.
    pub(super) async fn settle(&self) {
        loop {
            // Made before the check: it hears of every change from here on, polled or not.
            let changed = self.changed.notified();
            if self.is_quiet() {
                return;
            }
            changed.await;
        }
    }

    fn is_quiet(&self) -> bool {
        // The alarms first: one that goes off adds its work before it is cleared, so it is seen in one of the two.
        let alarmed = locked(&self.alarms).set.iter().any(|alarm| alarm.deadline <= alarm.clock.now());
        !alarmed && self.working.load(Ordering::Acquire) == 0
    }
}

fn signed(work: usize) -> i64 {
    i64::try_from(work).unwrap_or(i64::MAX)
}

/// Keeps [`Bus::settle`](crate::bus::Bus::settle) from completing until it is dropped: for work that is neither in a mailbox nor
/// in the hands of its owner, such as an order whose intent is on its way to the disk.
pub struct Hold(Arc<Quiet>);

impl Hold {
    pub(super) fn new(quiet: Arc<Quiet>) -> Self {
        quiet.add(1);
        Self(quiet)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.done(1);
    }
}
