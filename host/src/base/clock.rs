//! Time as an argument: nothing else in the host reads a clock of the machine.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

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
        // The end of this type's time lies in the year 2554, jiff's in 9999.
        let time = jiff::Timestamp::from_nanosecond(self.0.into()).unwrap_or(jiff::Timestamp::MAX);
        format!("{time:.9}")
    }

    /// Reads RFC 3339 with any offset from UTC; none for what is no time, or lies before 1970 or after 2554.
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let time: jiff::Timestamp = text.parse().ok()?;
        u64::try_from(time.as_nanosecond()).ok().map(Self)
    }
}

/// As RFC 3339, which is how times leave the host; in its own files it keeps nanoseconds.
impl PartialSchema for Timestamp {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
        text.description(Some("A time, RFC 3339.")).examples(["2024-08-08T23:54:14.087896568Z"]).into()
    }
}

impl ToSchema for Timestamp {}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_rfc3339())
    }
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

/// The processor time that the calling thread has used. Unlike the time on the wall it stands still while another thread has the core.
pub fn thread_cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
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
            assert_eq!(Timestamp::from_rfc3339(text), Some(Timestamp::from_nanos(nanos)));
        }
        assert_eq!(Timestamp::from_nanos(u64::MAX).to_rfc3339(), "2554-07-21T23:34:33.709551615Z");
        assert_eq!(Timestamp::from_rfc3339("1970-01-01T02:00:00+02:00"), Some(Timestamp::ZERO));
        for bad in ["", "yesterday", "2024-08-08", "2024-08-08T23:54:14", "1969-12-31T23:59:59Z", "2024-13-01T00:00:00Z"] {
            assert_eq!(Timestamp::from_rfc3339(bad), None, "{bad}");
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
