//! One playing of a provider's market: steps of the session, paced, and told to the host as long as the connection holds.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::config::Speed;
use super::link::{Link, Turn};
use super::provider::{Command, PaperProvider};
use super::{Output, PaperError, PaperSession};
use crate::base::Timestamp;
use crate::market::Payload;
use crate::trading::{Balance, Connection, Outlet, Provider as _, ProviderStatus};

/// A playing tape gives other tasks a turn after so many steps.
const STEPS_PER_TURN: u32 = 256;

/// What instances are told of a broken connection.
pub const LOST: &str = "the venue does not answer";

/// Run lifetime.
pub(super) struct Play {
    pub(super) provider: Arc<PaperProvider>,
    pub(super) session: PaperSession,
    pub(super) outlet: Outlet,
    pub(super) pace: Pace,
    pub(super) link: Link,
    telling: Telling,
}

/// What the session said and is not told yet.
#[derive(Default)]
struct Telling {
    /// Where a step writes; older than nothing in `queue`.
    step: Vec<Output>,
    /// To be told first.
    queue: VecDeque<Output>,
    /// Reports of the time without a connection, oldest first: what orders at the venue can cause, so never many.
    held: Vec<Output>,
}

impl Play {
    pub(super) fn new(provider: Arc<PaperProvider>, session: PaperSession, outlet: Outlet, pace: Pace, link: Link) -> Self {
        Self { provider, session, outlet, pace, link, telling: Telling::default() }
    }

    /// Until the market is over, `stop`, or the end of the host.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let lifecycle = self.outlet.lifecycle().clone();
        let ended = tokio::select! {
            biased;
            () = stop.cancelled() => Ok(()),
            () = lifecycle.soft_stop().cancelled() => Ok(()),
            ended = self.play() => ended,
        };
        let (status, reason) = match ended {
            Ok(()) => (ProviderStatus::Stopped, None),
            Err(error) => (ProviderStatus::Failed, Some(format!("the venue cannot go on: {error}"))),
        };
        // From here on `submit` refuses; what came in before expires with the session. A stop in the middle of telling, or of an
        // outage, loses no report.
        self.provider.shared().status = status;
        self.empty_inbox();
        self.session.close(&mut self.telling.step);
        if let Err(error) = self.provider.logbook.record(&self.telling.step) {
            let provider = self.provider.name();
            tracing::error!(%provider, %error, "the end of the session is told without being in the venue's log");
        }
        let Telling { step, queue, held } = std::mem::take(&mut self.telling);
        for output in queue.into_iter().chain(held).chain(step) {
            self.tell(output);
        }
        self.provider.shared().balances = self.session.venue().balances();
        self.outlet.status_changed(status, reason.as_deref());
    }

    async fn play(&mut self) -> Result<(), PaperError> {
        let mut steps: u32 = 0;
        loop {
            self.empty_inbox();
            let Some(due) = self.session.next_time() else {
                return Ok(());
            };
            let turn = self.link.next().filter(|at| *at <= due);
            let due = turn.unwrap_or(due);
            if !self.reached(due).await {
                continue;
            }
            self.provider.clock.advance_to(due);
            if self.pace.in_step() {
                // Timers that are due now fire first, and what they order may arrive before this step.
                self.outlet.settle().await;
                self.empty_inbox();
            }
            if turn.is_some() {
                self.turn(due);
            } else {
                self.session.step(&mut self.telling.step)?;
                self.provider.logbook.record(&self.telling.step)?;
                self.telling.take_step(self.link.is_up());
            }
            while let Some(output) = self.telling.queue.pop_front() {
                self.tell(output);
                if self.pace.in_step() {
                    self.outlet.settle().await;
                }
            }
            steps = steps.wrapping_add(1);
            if steps.is_multiple_of(STEPS_PER_TURN) {
                tokio::task::yield_now().await;
            }
        }
    }

    /// Waits until the machine's clock has reached this moment of the market; false when something was ordered before, which
    /// may arrive before what we wait for.
    async fn reached(&mut self, due: Timestamp) -> bool {
        let wall = &self.provider.wall;
        let Some(moment) = self.pace.moment(due).filter(|moment| *moment > wall.now()) else { return true };
        tokio::select! {
            () = wall.sleep_until(moment) => true,
            () = self.provider.ordered.notified() => false,
        }
    }

    /// The connection breaks, is tried, or comes back: then first what was reported meanwhile is told, then that it is back,
    /// then what the market has become.
    fn turn(&mut self, now: Timestamp) {
        match self.link.turn() {
            Turn::Lost => {
                self.provider.shared().status = ProviderStatus::Reconnecting;
                // What was handed over before this moment was sent.
                self.empty_inbox();
                self.outlet.connection(Connection::Lost { reason: LOST.to_owned(), at: now });
            }
            Turn::Tried => self.outlet.connection_tried(),
            Turn::Restored => {
                self.outlet.connection_tried();
                for report in std::mem::take(&mut self.telling.held) {
                    self.tell(report);
                }
                self.provider.shared().status = ProviderStatus::Running;
                self.outlet.connection(Connection::Restored { at: now });
                self.session.venue_mut().reintroduce(now, &mut self.telling.step);
                self.telling.take_step(true);
            }
        }
    }

    /// Hands what came in to the venue.
    fn empty_inbox(&mut self) {
        for command in std::mem::take(&mut self.provider.shared().inbox) {
            match command {
                Command::Submit(order) => self.session.submit(order),
                Command::Cancel(order, requested_at) => self.session.cancel(order, requested_at),
            }
        }
    }

    fn tell(&self, output: Output) {
        match output {
            Output::Report(report) => self.outlet.report(*report),
            Output::Event(event) => {
                if let Payload::BalanceUpdate(update) = &event.payload {
                    self.note_balance(update);
                }
                self.outlet.publish(event);
            }
        }
    }

    fn note_balance(&self, update: &crate::market::BalanceUpdate) {
        let balance =
            Balance { currency: update.currency.clone(), total: update.total.value(), available: update.available.value() };
        let balances = &mut self.provider.shared().balances;
        match balances.binary_search_by(|known| known.currency.cmp(&balance.currency)) {
            Ok(index) => balances[index] = balance,
            Err(index) => balances.insert(index, balance),
        }
    }
}

impl Telling {
    /// What a step gave is to be told; without a connection reports wait and events are lost.
    fn take_step(&mut self, is_up: bool) {
        if is_up {
            self.queue.extend(self.step.drain(..));
        } else {
            self.held.extend(self.step.drain(..).filter(|output| matches!(output, Output::Report(_))));
        }
    }
}

/// When a moment of the market is to be played.
pub(super) struct Pace {
    speed: Speed,
    /// The machine's time of the first moment.
    started: Timestamp,
    first: Option<Timestamp>,
}

impl Pace {
    pub(super) fn new(speed: Speed, now: Timestamp) -> Self {
        Self { speed, started: now, first: None }
    }

    fn in_step(&self) -> bool {
        self.speed == Speed::Max
    }

    /// The machine's time for this moment of the market; none for at once.
    fn moment(&mut self, due: Timestamp) -> Option<Timestamp> {
        let Speed::Times(times) = self.speed else {
            return None;
        };
        let first = *self.first.get_or_insert(due);
        let elapsed = Duration::from_nanos(u64::try_from(due.since(first).as_nanos() / u128::from(times)).unwrap_or(u64::MAX));
        Some(self.started.plus(elapsed))
    }
}
