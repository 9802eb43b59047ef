//! How long events take, per instance: from the moment the bus put one into the mailbox to the end of its handler. For people, never an
//! input of a decision.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;
use utoipa::ToSchema;

use crate::base::Timestamp;

/// Two windows of this length are kept, so that what is shown is of the last one to two minutes.
const WINDOW: Duration = Duration::from_secs(60);

/// Longest latency that is told apart from a longer one, microseconds.
const LONGEST_US: u64 = 60_000_000;

/// Percentiles of latency, in microseconds, each at most 7 % too high.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LatencyView {
    /// Events in it: of the last one to two minutes.
    pub count: u64,
    /// Half of the events took no longer.
    pub p50_us: u64,
    /// 99 of 100 took no longer.
    pub p99_us: u64,
    /// The longest.
    pub max_us: u64,
}

/// Instance lifetime; some four kilobytes.
#[derive(Debug)]
pub(super) struct Latency {
    present: Option<Histogram<u32>>,
    past: Option<Histogram<u32>>,
    begun: Timestamp,
}

impl Latency {
    pub(super) fn new(now: Timestamp) -> Self {
        let histogram = || Histogram::new_with_bounds(1, LONGEST_US, 1).ok();
        Self { present: histogram(), past: histogram(), begun: now }
    }

    pub(super) fn record(&mut self, took: Duration, now: Timestamp) {
        self.turn(now);
        let micros = u64::try_from(took.as_micros()).unwrap_or(LONGEST_US);
        if let Some(present) = &mut self.present {
            present.saturating_record(micros.clamp(1, LONGEST_US));
        }
    }

    pub(super) fn view(&mut self, now: Timestamp) -> LatencyView {
        self.turn(now);
        let Some(mut both) = self.present.clone() else { return LatencyView::default() };
        if let Some(past) = &self.past {
            // The bounds are the same: adding cannot fail.
            let _ = both.add(past);
        }
        LatencyView {
            count: both.len(),
            p50_us: both.value_at_quantile(0.50),
            p99_us: both.value_at_quantile(0.99),
            max_us: both.max(),
        }
    }

    fn turn(&mut self, now: Timestamp) {
        let over = now.since(self.begun);
        if over < WINDOW {
            return;
        }
        std::mem::swap(&mut self.present, &mut self.past);
        let keep_past = over < WINDOW * 2;
        let gone = [Some(&mut self.present), Some(&mut self.past).filter(|_| !keep_past)];
        for histogram in gone.into_iter().flatten().flatten() {
            histogram.reset();
        }
        self.begun = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + seconds * 1_000)
    }

    #[test]
    fn percentiles_are_close_and_old_events_leave() {
        let mut latency = Latency::new(at(0));
        assert_eq!(latency.view(at(0)), LatencyView::default());
        for micros in 1..=1_000 {
            latency.record(Duration::from_micros(micros), at(1));
        }
        let view = latency.view(at(59));
        assert_eq!(view.count, 1_000);
        assert!((500..=535).contains(&view.p50_us) && (990..=1_060).contains(&view.p99_us), "{view:?}");
        assert!((1_000..=1_070).contains(&view.max_us), "{view:?}");
        latency.record(Duration::from_micros(7), at(61));
        assert_eq!(latency.view(at(119)).count, 1_001, "the window before is still shown");
        assert_eq!(latency.view(at(121)).count, 1);
        latency.record(Duration::from_hours(1), at(122));
        assert_eq!(latency.view(at(500)), LatencyView::default(), "after a long pause nothing is left");
    }
}
