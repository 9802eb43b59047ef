//! Time as an argument: nothing else in the host reads a clock of the machine.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

/// Nanoseconds since the Unix epoch, UTC. Reaches to the year 2554.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The Unix epoch.
    pub const ZERO: Self = Self(0);

    /// From nanoseconds since the Unix epoch.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// From milliseconds since the Unix epoch; saturates at the end of time.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// Nanoseconds since the Unix epoch.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down.
    pub const fn as_secs(self) -> u64 {
        self.0 / 1_000_000_000
    }

    /// Later by `duration`; saturates at the end of time.
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// How long after `earlier`; zero when it is not after.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// RFC 3339 in UTC with nine digits of a second: `2024-08-08T23:54:14.087896568Z`.
    pub fn to_rfc3339(self) -> String {
        let (days, nanos) = (self.0 / 86_400_000_000_000, self.0 % 86_400_000_000_000);
        let (year, month, day) = civil_from_days(days);
        let seconds = nanos / 1_000_000_000;
        format!(
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:09}Z",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60,
            nanos % 1_000_000_000
        )
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_rfc3339())
    }
}

/// Days since the epoch to the proleptic Gregorian calendar. Source: Howard Hinnant, "chrono-compatible low-level date
/// algorithms", `civil_from_days`, for days after the epoch.
fn civil_from_days(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

/// What `Clock::sleep_until` returns: boxed, so that clocks can be trait objects.
pub type Sleep<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// A source of time. Live it is the machine's, for a paper venue the tape's, in a backtest one that is set by hand.
pub trait Clock: Send + Sync {
    /// The present moment. Never goes back.
    fn now(&self) -> Timestamp;

    /// Completes when `now` has reached `deadline`. Dropping it is safe.
    fn sleep_until(&self, deadline: Timestamp) -> Sleep<'_>;
}

/// The machine's clock, read once at the start and advanced by the monotonic clock, so that a step of the wall clock
/// cannot move it back.
#[derive(Debug)]
pub struct SystemClock {
    origin: Timestamp,
    started: std::time::Instant,
}

impl SystemClock {
    /// Reads the machine's clock: the one place that does.
    #[expect(clippy::disallowed_methods, reason = "this type is the replacement that the lint names")]
    pub fn new() -> Self {
        let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Self { origin: Timestamp::ZERO.plus(since_epoch), started: std::time::Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        self.origin.plus(self.started.elapsed())
    }

    fn sleep_until(&self, deadline: Timestamp) -> Sleep<'_> {
        let wait = deadline.since(self.now());
        Box::pin(tokio::time::sleep(wait))
    }
}

/// A clock that only moves when it is told to.
#[derive(Debug, Default)]
pub struct ManualClock {
    now_nanos: AtomicU64,
    moved: Notify,
}

impl ManualClock {
    /// Stands at `start`.
    pub fn new(start: Timestamp) -> Self {
        Self { now_nanos: AtomicU64::new(start.as_nanos()), moved: Notify::new() }
    }

    /// Moves to `to`; a moment in the past changes nothing.
    pub fn advance_to(&self, to: Timestamp) {
        let before = self.now_nanos.fetch_max(to.as_nanos(), Ordering::AcqRel);
        if before < to.as_nanos() {
            self.moved.notify_waiters();
        }
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.now_nanos.load(Ordering::Acquire))
    }

    fn sleep_until(&self, deadline: Timestamp) -> Sleep<'_> {
        Box::pin(async move {
            loop {
                // Registered before the check, so that a move between the two is not missed.
                let moved = self.moved.notified();
                if self.now() >= deadline {
                    return;
                }
                moved.await;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_written_as_rfc3339() {
        let cases = [
            (0, "1970-01-01T00:00:00.000000000Z"),
            (951_782_400_000_000_000, "2000-02-29T00:00:00.000000000Z"),
            (1_723_161_254_087_896_568, "2024-08-08T23:54:14.087896568Z"),
            (4_107_542_399_999_999_999, "2100-02-28T23:59:59.999999999Z"),
        ];
        for (nanos, text) in cases {
            assert_eq!(Timestamp::from_nanos(nanos).to_rfc3339(), text);
        }
    }

    #[tokio::test]
    async fn a_manual_clock_wakes_its_sleepers() {
        let clock = ManualClock::new(Timestamp::from_nanos(5));
        let (_, ()) = tokio::join!(clock.sleep_until(Timestamp::from_nanos(7)), async {
            clock.advance_to(Timestamp::from_nanos(6));
            tokio::task::yield_now().await;
            clock.advance_to(Timestamp::from_nanos(7));
            clock.advance_to(Timestamp::from_nanos(1));
        });
        assert_eq!(clock.now(), Timestamp::from_nanos(7));
    }
}
