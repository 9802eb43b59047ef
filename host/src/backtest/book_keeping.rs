//! What is counted and kept while a play runs, apart from orders: events, fuel, exceptions, log lines. Must not know how the
//! play goes on.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use smol_str::SmolStr;

use super::report::{HandlerFuel, PlayedEvents, PlayedFault, PlayedLine};
use hdrhistogram::Histogram;

use crate::base::Timestamp;
use crate::sandbox::{Delivery, Exception, Fault, LogLevel, LogSink, Usage};

/// Exceptions that are kept with their text.
const EXCEPTIONS: usize = 100;

/// Log lines that are kept: the newest.
const LINES: usize = 1_000;

/// The tally of a play.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// All but `delivered`.
    pub(super) events: PlayedEvents,
    pub(super) exceptions: Vec<Exception>,
    pub(super) exception_count: u64,
    pub(super) faults: Vec<PlayedFault>,
    pub(super) peak_memory_bytes: u64,
    /// By kind of event: a handful, looked for once per event.
    delivered: Vec<(&'static str, u64)>,
    /// By handler.
    fuel: Vec<(&'static str, FuelTally)>,
}

/// The figure of this name in a short list, made when there is none yet.
fn entry<'a, T: Default>(list: &'a mut Vec<(&'static str, T)>, name: &'static str) -> &'a mut T {
    let place = list.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
        list.push((name, T::default()));
        list.len() - 1
    });
    &mut list[place].1
}

impl Tally {
    /// What `create` used.
    pub(super) fn created(&mut self, fuel: u64, usage: &Usage) {
        entry(&mut self.fuel, "create").add(fuel);
        self.peak_memory_bytes = self.peak_memory_bytes.max(usage.memory_bytes);
    }

    /// What became of an event or timer.
    pub(super) fn handled(&mut self, kind: &'static str, delivery: &Delivery, usage: &Usage) {
        if delivery.called {
            *entry(&mut self.delivered, kind) += 1;
            entry(&mut self.fuel, delivery.handler).add(delivery.fuel);
        } else {
            self.events.skipped += 1;
        }
        self.peak_memory_bytes = self.peak_memory_bytes.max(usage.memory_bytes);
        if let Some(exception) = &delivery.exception {
            self.thrown(exception);
        }
    }

    /// An uncaught exception.
    pub(super) fn thrown(&mut self, exception: &Exception) {
        self.exception_count += 1;
        if self.exceptions.len() < EXCEPTIONS {
            self.exceptions.push(exception.clone());
        }
    }

    /// The guest is gone.
    pub(super) fn faulted(&mut self, fault: Fault, usage: Option<&Usage>, at: Timestamp) {
        if let Some(usage) = usage {
            self.peak_memory_bytes = self.peak_memory_bytes.max(usage.memory_bytes);
        }
        self.faults.push(PlayedFault { time: at.to_rfc3339(), fault });
    }

    /// What became of the events.
    pub(super) fn events(&self) -> PlayedEvents {
        let delivered = self.delivered.iter().map(|(kind, count)| (SmolStr::new_static(kind), *count));
        PlayedEvents { delivered: delivered.collect(), ..self.events.clone() }
    }

    /// Fuel by handler.
    pub(super) fn fuel(&self) -> BTreeMap<String, HandlerFuel> {
        self.fuel.iter().map(|(handler, calls)| ((*handler).to_owned(), calls.sum())).collect()
    }
}

/// The fuel of one handler, in memory that does not grow with its calls.
#[derive(Debug)]
struct FuelTally {
    sum: HandlerFuel,
    /// Three significant digits.
    spread: Option<Histogram<u64>>,
}

impl Default for FuelTally {
    fn default() -> Self {
        // Three digits are within what the library allows, so there always is one.
        Self { sum: HandlerFuel::default(), spread: Histogram::new(3).ok() }
    }
}

impl FuelTally {
    fn add(&mut self, fuel: u64) {
        let sum = &mut self.sum;
        sum.count += 1;
        sum.last = fuel;
        sum.max = sum.max.max(fuel);
        sum.total = sum.total.saturating_add(fuel);
        if let Some(spread) = &mut self.spread {
            // It grows to any figure; when it cannot, the median lacks one call.
            spread.record(fuel).ok();
        }
    }

    fn sum(&self) -> HandlerFuel {
        let median = self.spread.as_ref().map_or(0, |spread| spread.value_at_quantile(0.5));
        HandlerFuel { median: median.min(self.sum.max), ..self.sum }
    }
}

/// Keeps the newest lines.
#[derive(Debug, Default)]
pub(super) struct Lines(Mutex<(VecDeque<PlayedLine>, u64)>);

impl Lines {
    /// The kept lines, oldest first.
    pub(super) fn kept(&self) -> Vec<PlayedLine> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.iter().cloned().collect()
    }

    /// The kept lines, oldest first, and how many were left out.
    pub(super) fn close(&self) -> (Vec<PlayedLine>, u64) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (lines.0.drain(..).collect(), lines.1)
    }
}

impl LogSink for Lines {
    fn line(&self, level: LogLevel, text: &str, at: Timestamp) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.0.push_back(PlayedLine { time: at.to_rfc3339(), level, text: text.to_owned() });
        if lines.0.len() > LINES {
            lines.0.pop_front();
            lines.1 += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fuel_is_summed_up() {
        assert_eq!(FuelTally::default().sum(), HandlerFuel::default());
        let mut tally = FuelTally::default();
        [5, 1, 9, 3].into_iter().for_each(|fuel| tally.add(fuel));
        assert_eq!(tally.sum(), HandlerFuel { count: 4, last: 3, max: 9, total: 18, median: 3 });
        let mut tally = FuelTally::default();
        (0..1_000).for_each(|_| tally.add(123_456_789));
        assert_eq!(tally.sum().median, 123_456_789, "never above the largest");
    }
}
