//! The receiving end: what the owner of an instance holds.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::base::clock::Sleep;
use crate::base::{Clock, InstanceId, Timestamp};
use crate::bus::hub::Bus;
use crate::bus::queue::{Queue, Slot};
use crate::bus::quiet::Quiet;
use crate::bus::{DropCounts, Filter, locked};
use crate::market::{Event, EventKind};

/// What ended a wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wake {
    /// An event came.
    Event(Arc<Event>),
    /// The clock reached the deadline.
    Timer,
}

/// The one mailbox of an instance. For one owner, who takes an event, handles it, and takes the next. Dropping it
/// unsubscribes. Instance lifetime: it outlives the guests that are started one after the other for the instance.
pub struct Mailbox {
    inbox: Arc<Inbox>,
    bus: Weak<Bus>,
}

impl Mailbox {
    pub(super) fn new(inbox: Arc<Inbox>, bus: Weak<Bus>) -> Self {
        Self { inbox, bus }
    }

    /// Whose it is.
    pub fn instance(&self) -> &InstanceId {
        &self.inbox.instance
    }

    /// Waits for the next event. Being asked for the next says that the one before is done. Dropping the future loses nothing.
    pub async fn recv(&self) -> Arc<Event> {
        self.done();
        self.take().await
    }

    /// Waits for the next event, or until `clock` has reached `deadline`, whichever is first; a deadline that has passed goes before
    /// events that wait. While it waits the bus knows of the deadline, so that `settle` lets no moment pass at which the owner
    /// has a timer to fire. After [`Wake::Timer`] the owner is at work until it says [`Mailbox::done`] or asks for the next.
    pub async fn recv_until(&self, deadline: Timestamp, clock: &Arc<dyn Clock>) -> Wake {
        // Set before `done`, so that there is no moment at which neither is known.
        let mut alarm = AlarmGuard::set(&self.inbox, deadline, Arc::clone(clock));
        self.done();
        tokio::select! {
            biased;
            () = clock.sleep_until(deadline) => {
                alarm.go_off();
                Wake::Timer
            }
            event = self.take() => Wake::Event(event),
        }
    }

    /// When the event that was taken last had come into the mailbox.
    pub fn arrival(&self) -> Instant {
        locked(&self.inbox.state).taken
    }

    /// The next event if one waits.
    pub fn try_recv(&self) -> Option<Arc<Event>> {
        self.done();
        self.inbox.pop()
    }

    /// The event (or timer) taken last has been handled. Saying it twice is fine.
    pub fn done(&self) {
        let was_busy = std::mem::take(&mut locked(&self.inbox.state).busy);
        self.inbox.quiet.done(usize::from(was_busy));
    }

    /// Goes on with other filters, at once for all publishers. Own reports that wait stay where they are, and so do market events
    /// that the new filters ask for too; the others leave without counting as dropped, since nobody asks for them any more.
    pub fn refilter(&self, filters: &[Filter]) {
        if let Some(bus) = self.bus.upgrade() {
            bus.refilter(&self.inbox, filters);
        }
    }

    /// How many events wait.
    pub fn len(&self) -> usize {
        locked(&self.inbox.state).queue.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.inbox.is_empty.load(Ordering::Acquire)
    }

    /// What was dropped so far.
    pub fn dropped(&self) -> DropCounts {
        locked(&self.inbox.state).queue.dropped()
    }

    /// `clock` for the owner's own sleeping **while it handles an event**: as long as it sleeps, `settle` does not wait for it
    /// (a tape that waited for a sleeper who waits for the tape would never end), and when the clock has reached the
    /// deadline, `settle` waits until the owner has gone on and is done.
    pub fn sleeping_clock(&self, clock: Arc<dyn Clock>) -> Arc<dyn Clock> {
        Arc::new(SleepingClock { inbox: Arc::clone(&self.inbox), clock })
    }

    async fn take(&self) -> Arc<Event> {
        loop {
            if let Some(event) = self.inbox.pop() {
                return event;
            }
            // A push between the two leaves a permit behind, so this returns at once.
            self.inbox.filled.notified().await;
        }
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        if let Some(bus) = self.bus.upgrade() {
            bus.close(&self.inbox);
        }
        self.inbox.close();
    }
}

/// The shared half of a mailbox.
pub(super) struct Inbox {
    instance: InstanceId,
    state: Mutex<State>,
    /// Of its queue, to be asked without the lock.
    is_empty: AtomicBool,
    filled: Notify,
    quiet: Arc<Quiet>,
}

struct State {
    queue: Queue,
    /// The owner has an event or timer in hand.
    busy: bool,
    /// The owner sleeps in the middle of an event: nothing of this mailbox counts as work until it wakes.
    asleep: bool,
    closed: bool,
    /// When the event that was taken last had arrived.
    taken: Instant,
}

impl State {
    /// What of this mailbox is counted as work.
    fn work(&self) -> usize {
        if self.asleep { 0 } else { self.queue.len() + usize::from(self.busy) }
    }
}

/// What became of an event that was pushed.
pub(super) struct Pushed {
    /// Whether the work that was announced for it stands.
    pub(super) counted: bool,
    /// What had to go.
    pub(super) dropped: Option<EventKind>,
}

impl Inbox {
    pub(super) fn new(instance: InstanceId, queue: Queue, quiet: Arc<Quiet>) -> Self {
        let state = State { queue, busy: false, asleep: false, closed: false, taken: Instant::now() };
        Self { instance, state: Mutex::new(state), is_empty: AtomicBool::new(true), filled: Notify::new(), quiet }
    }

    pub(super) fn instance(&self) -> &InstanceId {
        &self.instance
    }

    pub(super) fn push_market(&self, slot: Slot, event: &Arc<Event>, at: Instant) -> Pushed {
        self.push(|queue| queue.push_market(slot, Arc::clone(event), at))
    }

    pub(super) fn push_own(&self, event: Arc<Event>) -> Pushed {
        self.push(|queue| {
            queue.push_own(event, Instant::now());
            None
        })
    }

    fn push(&self, push: impl FnOnce(&mut Queue) -> Option<EventKind>) -> Pushed {
        let mut state = locked(&self.state);
        if state.closed {
            return Pushed { counted: false, dropped: None };
        }
        let was_empty = state.queue.len() == 0;
        let dropped = push(&mut state.queue);
        let counted = dropped.is_none() && !state.asleep;
        self.note(&state);
        drop(state);
        if was_empty {
            self.filled.notify_one();
        }
        Pushed { counted, dropped }
    }

    /// To be called whenever the queue has changed, before the lock is given back.
    fn note(&self, state: &State) {
        self.is_empty.store(state.queue.len() == 0, Ordering::Release);
    }

    /// Takes one event into the owner's hands. The sum of work does not change by it.
    fn pop(&self) -> Option<Arc<Event>> {
        let mut state = locked(&self.state);
        let (event, arrived) = state.queue.pop()?;
        self.note(&state);
        state.taken = arrived;
        // The owner may take several without `done` between them: one is in hand at a time.
        let superfluous = std::mem::replace(&mut state.busy, true);
        drop(state);
        self.quiet.done(usize::from(superfluous));
        Some(event)
    }

    pub(super) fn refilter(&self, slots: usize, place: impl Fn(&Event) -> Option<Slot>) {
        let mut state = locked(&self.state);
        let before = state.work();
        state.queue.refilter(slots, place);
        let gone = before - state.work();
        self.note(&state);
        drop(state);
        self.quiet.done(gone);
    }

    fn close(&self) {
        let mut state = locked(&self.state);
        let work = state.work();
        state.closed = true;
        state.busy = false;
        while state.queue.pop().is_some() {}
        self.note(&state);
        drop(state);
        self.quiet.done(work);
    }

    /// The owner falls asleep; false when it has nothing in hand.
    fn fall_asleep(&self) -> bool {
        let mut state = locked(&self.state);
        if !state.busy || state.asleep {
            return false;
        }
        let work = state.work();
        state.asleep = true;
        drop(state);
        self.quiet.done(work);
        true
    }

    fn wake_up(&self) {
        let mut state = locked(&self.state);
        state.asleep = false;
        let work = state.work();
        // Under the lock: a push that finds the owner awake must not be counted before this.
        self.quiet.add(work);
        drop(state);
    }
}

/// An alarm that is cleared when its wait ends, in whichever way.
struct AlarmGuard<'a> {
    inbox: &'a Inbox,
    id: u64,
}

impl<'a> AlarmGuard<'a> {
    fn set(inbox: &'a Inbox, deadline: Timestamp, clock: Arc<dyn Clock>) -> Self {
        Self { inbox, id: inbox.quiet.alarm(deadline, clock) }
    }

    /// The owner has something in hand from now on.
    fn go_off(&mut self) {
        let mut state = locked(&self.inbox.state);
        if !state.busy && !state.closed {
            state.busy = true;
            self.inbox.quiet.add(1);
        }
    }
}

impl Drop for AlarmGuard<'_> {
    fn drop(&mut self) {
        self.inbox.quiet.clear(self.id);
    }
}

/// See [`Mailbox::sleeping_clock`].
struct SleepingClock {
    inbox: Arc<Inbox>,
    clock: Arc<dyn Clock>,
}

impl Clock for SleepingClock {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn sleep_until(&self, deadline: Timestamp) -> Sleep<'_> {
        Box::pin(async move {
            let _alarm = AlarmGuard::set(&self.inbox, deadline, Arc::clone(&self.clock));
            // Declared after the alarm and so dropped before it: the work is back before the alarm is gone.
            let _asleep = self.inbox.fall_asleep().then(|| Asleep(&self.inbox));
            self.clock.sleep_until(deadline).await;
        })
    }
}

struct Asleep<'a>(&'a Inbox);

impl Drop for Asleep<'_> {
    fn drop(&mut self) {
        self.0.wake_up();
    }
}
