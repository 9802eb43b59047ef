//! Kill switches: engaging and resetting them, and what they mean for an order. What they do beyond refusing is in `flatten`.

use crate::base::{InstanceId, ProviderName, Timestamp};
use crate::bus::locked;
use crate::store::{RiskStateRow, WriteOp};
use crate::trading::journal::Written;
use crate::trading::risk::{Block, Guard, StopVerb};
use crate::trading::trader::Trader;
use crate::trading::ward::Ward;
use crate::trading::{Denial, DenialCode, Desk};

/// An operator's order to stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KillSwitch {
    /// How much is done.
    pub verb: StopVerb,
    /// In words: strategies and their operators read it.
    pub reason: String,
    /// Who wants it.
    pub who: String,
    /// When, by the host's clock.
    pub at: Timestamp,
}

/// Why a kill switch stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SwitchError {
    /// It does more already.
    #[error("the kill switch is engaged with `{}` already: reset it before you engage `{}`", engaged.as_str(), asked.as_str())]
    Weaker {
        /// What is engaged.
        engaged: StopVerb,
        /// What was asked for.
        asked: StopVerb,
    },
    /// Positions are being closed.
    #[error("`{0}` is still closing positions: wait until `flatten.state` is `flat` or `failed`")]
    Flattening(InstanceId),
}

impl From<KillSwitch> for Block {
    fn from(switch: KillSwitch) -> Self {
        Self { verb: switch.verb, reason: switch.reason, who: switch.who, since: switch.at, until: None }
    }
}

impl Desk {
    /// Engages the kill switch of one instance until [`Desk::release`], admitted or not. A switch that is engaged may be made to do
    /// more; the same again tries again what was given up. Cancels are still taken from the strategy.
    ///
    /// # Errors
    /// [`SwitchError::Weaker`] when it does more already.
    pub fn stop(&self, instance: &InstanceId, switch: KillSwitch) -> Result<Written, SwitchError> {
        let (ward, asked, reason) = (self.ward(instance), switch.verb, switch.reason.clone());
        let mut guard = locked(&ward.guard);
        guard.engage(switch.into()).map_err(|engaged| SwitchError::Weaker { engaged, asked })?;
        let written = self.keep(&ward, &guard);
        drop(guard);
        self.metrics.stops.with_label_values(&["operator"]).inc();
        locked(&ward.closings).clear();
        if let Ok(trader) = self.trader(instance) {
            self.note_stop(&trader, &reason);
            self.pursue(&trader);
        }
        Ok(written)
    }

    /// Resets the kill switch, the circuit breaker and the breaches of one instance; false when nothing was engaged.
    ///
    /// # Errors
    /// [`SwitchError::Flattening`] while its own kill switch closes positions and is not held up.
    pub fn release(&self, instance: &InstanceId) -> Result<(bool, Written), SwitchError> {
        let ward = self.ward(instance);
        let own = locked(&ward.guard).block().map(|block| block.verb);
        if own == Some(StopVerb::Flatten) && self.is_flattening(&ward) {
            return Err(SwitchError::Flattening(instance.clone()));
        }
        let mut guard = locked(&ward.guard);
        let released = guard.reset();
        let written = self.keep(&ward, &guard);
        drop(guard);
        if released && let Ok(trader) = self.trader(instance) {
            self.note_clear(&trader, "reset by an operator");
        }
        Ok((released, written))
    }

    /// Engages the kill switch of the host until [`Desk::release_host`]: for all instances what [`Desk::stop`] does for one.
    ///
    /// # Errors
    /// [`SwitchError::Weaker`] when it does more already.
    pub fn stop_host(&self, switch: KillSwitch) -> Result<Written, SwitchError> {
        tracing::warn!(reason = switch.reason, verb = switch.verb.as_str(), "kill switch of the host engaged");
        let (asked, reason) = (switch.verb, switch.reason.clone());
        let mut host = locked(&self.host_stop);
        if let Some(engaged) = host.as_ref().map(|block| block.verb).filter(|engaged| *engaged > asked) {
            return Err(SwitchError::Weaker { engaged, asked });
        }
        *host = Some(switch.into());
        let written = self.keep_host(host.as_ref());
        drop(host);
        for trader in self.all_traders() {
            locked(&trader.ward.closings).clear();
            self.note_stop(&trader, &reason);
            self.pursue(&trader);
        }
        Ok(written)
    }

    /// Ends [`Desk::stop_host`]; false when it was not engaged. What instances have engaged themselves stays.
    ///
    /// # Errors
    /// [`SwitchError::Flattening`] while it closes positions of an instance and is not held up.
    pub fn release_host(&self) -> Result<(bool, Written), SwitchError> {
        let verb = locked(&self.host_stop).as_ref().map(|block| block.verb);
        if verb == Some(StopVerb::Flatten)
            && let Some(busy) = self.all_traders().iter().find(|trader| self.is_flattening(&trader.ward))
        {
            return Err(SwitchError::Flattening(busy.instance().clone()));
        }
        let mut host = locked(&self.host_stop);
        let released = host.take().is_some();
        let written = self.keep_host(None);
        drop(host);
        if released {
            tracing::info!("kill switch of the host reset");
            for trader in self.all_traders() {
                self.note_clear(&trader, "the kill switch of the host was reset by an operator");
            }
        }
        Ok((released, written))
    }

    /// Lets `change` happen to an instance's guard and puts the outcome on record: when it engaged something, and when `keep` says so.
    pub(super) fn guarded(&self, trader: &Trader, keep: bool, change: impl FnOnce(&mut Guard) -> bool) -> bool {
        let mut guard = locked(&trader.ward.guard);
        let engaged = change(&mut guard);
        if keep || engaged {
            drop(self.keep(&trader.ward, &guard));
        }
        engaged
    }

    /// Puts a guard on record, which the caller has locked: rows are queued in the order in which they came about.
    fn keep(&self, ward: &Ward, guard: &Guard) -> Written {
        let row = ward.row(guard);
        self.decide(|| WriteOp::SetRiskState(Box::new(row)))
    }

    fn keep_host(&self, block: Option<&Block>) -> Written {
        let stop = block.map(Block::to_json);
        self.decide(|| WriteOp::SetRiskState(Box::new(RiskStateRow { instance: None, breaches: 0, closings: 0, stop })))
    }

    /// Writes behind; a desk without a journal keeps nothing.
    pub(super) fn decide(&self, op: impl FnOnce() -> WriteOp) -> Written {
        self.journal.as_ref().map_or_else(Written::nowhere, |journal| journal.decide(op()))
    }

    /// Why the instance may not trade: the host's stop, or its own after a look at the clock. `order` is where and when an order
    /// was asked for: then that moment counts, so that the outcome does not depend on the machine's speed.
    pub(super) fn blocked(&self, trader: &Trader, order: Option<(&ProviderName, Timestamp)>) -> Option<(bool, String)> {
        if locked(&self.host_stop).is_none() {
            self.refresh(trader, order);
        }
        self.block(trader)
    }

    /// The same without a look at the clock, for those who hold the lock of a book.
    pub(super) fn still_open(&self, trader: &Trader) -> Result<(), Denial> {
        match self.block(trader) {
            Some((true, reason)) => Err(Denial::new(DenialCode::CircuitBreakerOpen, reason)),
            Some((false, reason)) => Err(Denial::new(DenialCode::KillSwitchEngaged, reason)),
            None => Ok(()),
        }
    }

    fn block(&self, trader: &Trader) -> Option<(bool, String)> {
        if let Some(Block { reason, .. }) = &*locked(&self.host_stop) {
            return Some((false, format!("the kill switch of the host is engaged ({reason}): an operator has to reset it")));
        }
        let guard = locked(&trader.ward.guard);
        let block = guard.block()?;
        Some(match &block.until {
            Some((provider, until)) => {
                (true, format!("circuit breaker open until {until} by the clock of `{provider}` ({})", block.reason))
            }
            None => (false, format!("kill switch engaged ({}): an operator has to reset it", block.reason)),
        })
    }

    /// Closes the circuit breaker when its cooldown is over.
    pub(super) fn refresh(&self, trader: &Trader, order: Option<(&ProviderName, Timestamp)>) {
        let now = |provider: &ProviderName| match order {
            Some((here, at)) if here == provider => Some(at),
            _ => self.known_lane(provider)?.now(),
        };
        let mut guard = locked(&trader.ward.guard);
        let cleared = guard.refresh(now);
        if cleared {
            drop(self.keep(&trader.ward, &guard));
        }
        drop(guard);
        if cleared {
            self.note_clear(trader, "the cooldown of the circuit breaker is over");
        }
    }
}
