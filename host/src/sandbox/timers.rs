//! The timers of one guest, in its own time. Whoever owns the guest asks for the next one and fires it when it is due.

use std::time::Duration;

use crate::base::Timestamp;

/// The shortest delay: shorter ones become this.
pub(super) const MIN_DELAY: Duration = Duration::from_millis(1);

/// One timer that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DueTimer {
    /// The number that the guest gave it.
    pub(super) timer: u32,
    /// When it was due, in the instance's time.
    pub(super) due: Timestamp,
}

#[derive(Clone, Copy, Debug)]
struct Timer {
    timer: u32,
    due: Timestamp,
    every: Option<Duration>,
    /// Orders timers that are due at the same moment: first set, first fired.
    set: u64,
}

/// At most some dozens: searched from end to end.
#[derive(Debug)]
pub(super) struct Timers {
    max: usize,
    timers: Vec<Timer>,
    sets: u64,
}

impl Timers {
    pub(super) fn new(max: u64) -> Self {
        Self { max: usize::try_from(max).unwrap_or(usize::MAX), timers: Vec::new(), sets: 0 }
    }

    /// Sets or replaces a timer; false when there are too many.
    pub(super) fn set(&mut self, timer: u32, now: Timestamp, delay: Duration, repeat: bool) -> bool {
        self.clear(timer);
        if self.timers.len() >= self.max {
            return false;
        }
        let delay = delay.max(MIN_DELAY);
        self.sets += 1;
        self.timers.push(Timer { timer, due: now.plus(delay), every: repeat.then_some(delay), set: self.sets });
        true
    }

    /// Forgets a timer.
    pub(super) fn clear(&mut self, timer: u32) {
        self.timers.retain(|known| known.timer != timer);
    }

    /// The timer that is due first.
    pub(super) fn next(&self) -> Option<DueTimer> {
        self.timers.iter().min_by_key(|timer| (timer.due, timer.set)).map(|timer| DueTimer { timer: timer.timer, due: timer.due })
    }

    /// Takes the first timer that is due at `now`. One that repeats is set anew for its next moment after `now`: beats that
    /// passed while the guest was busy are left out.
    pub(super) fn take_due(&mut self, now: Timestamp) -> Option<DueTimer> {
        let due = self.next().filter(|timer| timer.due <= now)?;
        let index = self.timers.iter().position(|timer| timer.timer == due.timer)?;
        if let Some(every) = self.timers[index].every {
            self.sets += 1;
            let missed = now.since(due.due).as_nanos() / every.as_nanos();
            let skip = u64::try_from(missed.saturating_add(1).saturating_mul(every.as_nanos())).unwrap_or(u64::MAX);
            let timer = &mut self.timers[index];
            timer.due = due.due.plus(Duration::from_nanos(skip));
            timer.set = self.sets;
        } else {
            self.timers.swap_remove(index);
        }
        Some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn fired(timers: &mut Timers, now: u64) -> Vec<(u32, u64)> {
        std::iter::from_fn(|| timers.take_due(at(now))).map(|due| (due.timer, due.due.as_nanos() / 1_000_000)).collect()
    }

    #[test]
    fn timers_fire_in_the_order_of_their_time_then_of_their_setting() {
        let mut timers = Timers::new(4);
        assert!(timers.set(1, at(0), Duration::from_millis(20), false));
        assert!(timers.set(2, at(0), Duration::from_millis(10), false));
        assert!(timers.set(3, at(5), Duration::from_millis(5), false));
        assert_eq!(timers.next(), Some(DueTimer { timer: 2, due: at(10) }));
        assert_eq!(fired(&mut timers, 9), []);
        assert_eq!(fired(&mut timers, 30), [(2, 10), (3, 10), (1, 20)]);
        assert_eq!(timers.next(), None);
    }

    #[test]
    fn repeating_timers_leave_out_missed_beats() {
        let mut timers = Timers::new(4);
        timers.set(7, at(0), Duration::from_millis(10), true);
        assert_eq!(fired(&mut timers, 10), [(7, 10)]);
        assert_eq!(fired(&mut timers, 45), [(7, 20)]);
        assert_eq!(timers.next(), Some(DueTimer { timer: 7, due: at(50) }));
        timers.clear(7);
        assert_eq!(timers.next(), None);
    }

    #[test]
    fn there_is_a_limit_and_a_shortest_delay() {
        let mut timers = Timers::new(1);
        assert!(timers.set(1, at(0), Duration::ZERO, true));
        assert!(!timers.set(2, at(0), Duration::ZERO, true));
        assert!(timers.set(1, at(1), Duration::ZERO, true), "setting a number anew replaces it");
        assert_eq!(timers.next(), Some(DueTimer { timer: 1, due: at(2) }));
    }
}
