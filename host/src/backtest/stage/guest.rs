//! The life of the guest on the stage: start, fault and restart after its backoff, loss by chaos or crash, farewell.

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::FutureExt as _;
use tokio_util::sync::CancellationToken;

use super::{CALLS, Stage};
use crate::backtest::report::PlayedCall;
use crate::backtest::request::PlayError;
use crate::base::Clock as _;
use crate::instances::is_dry_run;
use crate::instances::restart::Answer;
use crate::sandbox::{Fault, Guest, GuestSetup, Pace, StartError};
use crate::trading::TradingAccount;

impl Stage {
    /// Starts a guest with what was saved; the first one must not throw.
    pub(super) fn start_guest(&mut self, first: bool) -> Result<(), PlayError> {
        self.restart_at = None;
        self.run += 1;
        self.desk.admit(TradingAccount {
            instance: self.request.instance.clone(),
            revision: self.request.program.source_hash(),
            run: self.run,
            scope: self.feeds.clone(),
            dry_run: is_dry_run(&self.request.config),
            limits: None,
        });
        let started = Guest::start(&self.request.program, self.setup()).now_or_never().ok_or(PlayError::Waiting)?;
        match started {
            Ok((guest, started)) => {
                self.tally.created(started.fuel, &guest.usage());
                if let Some(calls) = self.calls.as_mut().filter(|calls| calls.len() < CALLS) {
                    calls.push(PlayedCall { handler: "create", fuel: started.fuel, time: self.clock.now().to_rfc3339() });
                }
                self.guest = Some(guest);
                let kinds = self.request.program.metadata().events.iter().copied().collect();
                self.desk.introduce(&self.request.instance, kinds);
                self.desk.set_active(&self.request.instance, true);
            }
            Err(StartError::Exception(exception)) if first => return Err(PlayError::Create(exception)),
            Err(StartError::Exception(exception)) => {
                self.tally.thrown(&exception);
                self.wait_for_restart();
            }
            Err(StartError::Fault(fault)) => self.fault(fault),
        }
        Ok(())
    }

    fn setup(&self) -> GuestSetup {
        GuestSetup {
            instance: self.request.instance.clone(),
            seed: self.request.seed(),
            config: self.request.config.clone(),
            feeds: self.feeds.clone(),
            limits: self.request.limits.clone(),
            dry_run: is_dry_run(&self.request.config),
            desk: Some(Arc::clone(&self.desk)),
            pace: Pace::Virtual,
            log: Arc::clone(&self.lines) as _,
            saved: Box::new(self.saved.clone()),
            time: self.clock.now(),
            cancel: CancellationToken::new(),
        }
    }

    /// Chaos may lose the guest after this event, as in a crash of the host: no farewell, and what it saved is there for the next one.
    pub(super) fn lose_guest(&mut self, handled: bool) -> Result<(), PlayError> {
        self.handled += u64::from(handled);
        if handled && self.request.chaos.restart_at.binary_search(&self.handled).is_ok() {
            self.guest = None;
            self.desk.set_active(&self.request.instance, false);
            self.start_guest(false)?;
        }
        Ok(())
    }

    /// The guest is gone.
    pub(super) fn fault(&mut self, fault: Fault) {
        let usage = self.guest.take().map(|guest| guest.usage());
        self.tally.faulted(fault, usage.as_ref(), self.clock.now());
        self.wait_for_restart();
    }

    fn wait_for_restart(&mut self) {
        self.desk.set_active(&self.request.instance, false);
        let now = self.clock.now();
        self.restart_at = match self.policy.on_fault(now) {
            Answer::Wait(wait) => Some(now.plus(wait)),
            Answer::Quarantine => None,
        };
    }

    /// Lets the guest save its state, as a stop does. What waits in the mailbox of a guest that still sleeps is not heard.
    pub(in crate::backtest) fn farewell(&mut self) -> Result<(), PlayError> {
        let now = self.clock.now();
        self.desk.set_active(&self.request.instance, false);
        if let Some(guest) = &mut self.guest {
            match guest.stop(now).now_or_never().ok_or(PlayError::Waiting)? {
                Ok(delivery) if delivery.called => {
                    self.tally.handled("Stop", &delivery, &guest.usage());
                    self.note_call(&delivery);
                }
                Ok(_) => {}
                Err(fault) => {
                    let usage = guest.usage();
                    self.tally.faulted(fault, Some(&usage), now);
                }
            }
        }
        // Reports that nobody took any more still belong to the orders.
        let rest: VecDeque<_> = std::iter::from_fn(|| self.mailbox.try_recv()).collect();
        rest.iter().for_each(|event| self.account(event));
        self.note_orders();
        Ok(())
    }
}
