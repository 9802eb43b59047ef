//! What a store carries: the guest's budgets and, once it has started, everything its helpers speak to. Every import passes
//! through [`enter`] before it does anything.

use std::time::Duration;

use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use wasmtime::{StoreContextMut, Trap};

use crate::base::{Clock, InstanceId, Timestamp};
use crate::sandbox::SavedState;
use crate::sandbox::fault::FaultCode;
use crate::sandbox::feeds::Feeds;
use crate::sandbox::limiter::Limiter;
use crate::sandbox::limits::Limits;
use crate::sandbox::log::{LogGate, LogLevel, LogSink};
use crate::sandbox::timers::Timers;
use crate::trading::Desk;

/// Bytes of arguments that one call of an import may carry. What is longer never crosses: the call ends the guest.
pub(crate) const ARGUMENT_BYTES: usize = 256 << 10;

/// How a guest's sleep passes.
#[derive(Clone)]
pub enum Pace {
    /// It waits for this clock, the provider's.
    Live(Arc<dyn Clock>),
    /// It only moves the guest's own time: backtests.
    Virtual,
}

/// What the guest is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// `create` runs: no orders, no sleep.
    Create,
    /// A handler runs.
    Handler,
    /// `onStop` runs: no orders.
    Stop,
}

/// The data of a store.
pub(crate) struct State {
    pub(crate) limiter: Limiter,
    pub(super) cancel: CancellationToken,
    /// None while a source is evaluated: then no import may be called.
    pub(super) live: Option<Box<Live>>,
}

/// What a started guest works with.
pub(super) struct Live {
    pub(super) instance: InstanceId,
    pub(super) limits: Limits,
    pub(super) dry_run: bool,
    pub(super) feeds: Feeds,
    /// None in a dry run of `create`: then orders and positions are refused.
    pub(super) desk: Option<Arc<Desk>>,
    pub(super) pace: Pace,
    pub(super) log: Arc<dyn LogSink>,
    pub(super) gate: LogGate,
    pub(super) saved: Box<dyn SavedState>,
    pub(super) timers: Timers,
    pub(super) phase: Phase,
    /// The instance's time, by the clock of its first market: when the event was received, and what was slept since. Never goes
    /// back. An event of another provider does not move it to that provider's time, which may be of another year.
    pub(super) now: Timestamp,
    /// The feed of the event that is handled; none for a timer.
    pub(super) at: Option<u16>,
    /// Slept since the event that is handled.
    pub(super) slept: Duration,
    /// What the guest sees: when the event happened, and what was slept since.
    pub(super) seen: Timestamp,
    /// Counts events and timers of this run, from 1; 0 is `create`.
    pub(super) ordinal: u64,
    pub(super) orders: u32,
    pub(super) sleeps: u64,
    pub(super) helper_calls: u64,
    /// The engine has said that it stops for [`JOBS_EXCEEDED`]; a trap follows.
    pub(super) jobs_exceeded: bool,
}

/// How the engine's last line before it stops for its job limit begins. A guest that writes it itself changes the name of
/// its own fault, nothing else.
pub(super) const JOBS_EXCEEDED: &str = "stopped: more than 10000 promise jobs";

/// Why an import ended the guest; travels through wasmtime to the fault.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Ended {
    pub(crate) code: FaultCode,
    pub(crate) message: String,
}

impl Ended {
    pub(crate) fn new(code: FaultCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl Live {
    /// A new event, timer or stop begins.
    pub(super) fn begin(&mut self, phase: Phase, now: Timestamp, seen: Timestamp) {
        self.phase = phase;
        self.at = None;
        self.slept = Duration::ZERO;
        self.now = self.now.max(now);
        self.seen = seen;
        self.ordinal += 1;
        self.orders = 0;
        self.sleeps = 0;
        self.helper_calls = 0;
        self.jobs_exceeded = false;
        let lost = self.gate.begin_event();
        if lost > 0 {
            self.log.line(
                LogLevel::Warn,
                &format!("{lost} log lines of the last event were over the limit and dropped"),
                self.seen,
            );
        }
    }

    /// An event of this feed begins.
    pub(super) fn begin_event(&mut self, place: u16, received: Timestamp, seen: Timestamp) {
        let own = self.feeds.first() == Some(place);
        let now = match &self.pace {
            _ if own => received,
            Pace::Live(clock) => clock.now(),
            Pace::Virtual => self.now.max(received),
        };
        self.begin(Phase::Handler, now, seen);
        self.at = Some(place);
        if let Some(feed) = self.feeds.get_mut(place) {
            feed.heard = feed.heard.max(received);
        }
    }

    /// The time of an order to this provider, by that provider's clock: each has its own, and an order that was asked for at the
    /// time of another would arrive far too late, or never.
    pub(super) fn time_at(&self, provider: Option<&str>) -> Timestamp {
        let place = match provider {
            Some(name) => self.feeds.place(name),
            None => self.feeds.first(),
        };
        let (Some(place), Pace::Live(_)) = (place, &self.pace) else { return self.now };
        if self.feeds.first() == Some(place) {
            return self.now;
        }
        let Some(feed) = self.feeds.iter().nth(usize::from(place)) else { return self.now };
        if self.at == Some(place) {
            return feed.heard.plus(self.slept);
        }
        let provider = self.desk.as_ref().and_then(|desk| desk.provider(feed.provider.as_str()));
        provider.map_or(feed.heard, |provider| provider.clock().now())
    }

    /// Time passes for the guest alone.
    pub(super) fn advance(&mut self, by: Duration) {
        self.slept += by;
        self.now = self.now.plus(by);
        self.seen = self.seen.plus(by);
    }

    /// A line of the host's own in the guest's log; not counted against the guest.
    pub(super) fn note(&self, level: LogLevel, text: &str) {
        self.log.line(level, text, self.seen);
    }
}

impl State {
    /// Whether the trap that has come is the engine's job limit.
    pub(crate) fn stopped_for_jobs(&self) -> bool {
        self.live.as_ref().is_some_and(|live| live.jobs_exceeded)
    }

    /// For evaluating a source: no import may be called.
    pub(crate) fn loading(memory_bytes: u64) -> Self {
        Self { limiter: Limiter::new(memory_bytes), cancel: CancellationToken::new(), live: None }
    }
}

/// The door of every import: takes its price, counts the call, and gives what helpers work with.
///
/// # Errors
/// Ends the guest when it is out of fuel or calls, was cancelled, or is only being loaded.
pub(super) fn enter<'a>(cx: &'a mut StoreContextMut<'_, State>, cost: u64) -> wasmtime::Result<&'a mut Live> {
    charge(cx, cost)?;
    let state = cx.data_mut();
    if state.cancel.is_cancelled() {
        return Err(Ended::new(FaultCode::Cancelled, "the instance was asked to end").into());
    }
    let Some(live) = state.live.as_mut() else {
        let message = "no helper may be called while a source is evaluated: call it in create or in a handler";
        return Err(Ended::new(FaultCode::HelperNotAllowed, message).into());
    };
    live.helper_calls += 1;
    let allowed = live.limits.helper_calls_per_event;
    if live.helper_calls > allowed {
        let message = format!("more than limits.helperCallsPerEvent = {allowed} calls of helpers in one event");
        return Err(Ended::new(FaultCode::HelperLimit, message).into());
    }
    Ok(live)
}

/// Takes fuel for work that the host does.
pub(super) fn charge(cx: &mut StoreContextMut<'_, State>, cost: u64) -> wasmtime::Result<()> {
    let left = cx.get_fuel()?;
    match left.checked_sub(cost) {
        Some(left) => cx.set_fuel(left),
        None => {
            cx.set_fuel(0)?;
            Err(Trap::OutOfFuel.into())
        }
    }
}
