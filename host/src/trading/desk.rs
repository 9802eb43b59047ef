//! The desk: the one door for orders. Here: what it is made of, who may trade, and the switches. Sending is in `submit`, what
//! venues answer in `reports`, questions in `queries`.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak};

use serde::Serialize;
use utoipa::ToSchema;

use crate::base::lifecycle::Lifecycle;
use crate::base::metrics::Metrics;
use crate::base::{InstanceId, ProviderName, Timestamp};
use crate::bus::{Bus, locked};
use crate::market::{Event, ReportState};
use crate::trading::lane::Lane;
use crate::trading::metrics::DeskMetrics;
use crate::trading::recover::Held;
use crate::trading::trader::Trader;
use crate::trading::{Journal, OrderError, Outlet, Provider, RiskConfig, TradingAccount};

/// Process lifetime (a backtest has its own). Calls are short: one mutex per provider, no waiting, no disk.
pub struct Desk {
    pub(super) this: Weak<Self>,
    pub(super) bus: Arc<Bus>,
    pub(super) journal: Option<Journal>,
    pub(super) metrics: DeskMetrics,
    pub(super) host_stop: Mutex<Option<String>>,
    pub(super) held: Held,
    config: RwLock<RiskConfig>,
    limits_version: AtomicU64,
    lanes: RwLock<BTreeMap<ProviderName, Arc<Lane>>>,
    traders: RwLock<HashMap<InstanceId, Arc<Trader>>>,
}

/// What the risk check thinks of an instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RiskState {
    /// Since the last reset.
    pub breaches: u32,
    /// Nothing is sent: its own kill switch, its circuit breaker or the host's kill switch.
    pub kill_switch_engaged: bool,
    /// It is the circuit breaker: it lets go by itself when its cooldown is over.
    pub circuit_breaker_open: bool,
    /// Why, when something is engaged.
    #[schema(required)]
    pub reason: Option<String>,
    /// When the circuit breaker lets go, by the provider's clock, in RFC 3339.
    #[schema(value_type = Option<Timestamp>, required)]
    pub until: Option<String>,
}

impl Desk {
    /// Without providers and instances. Without a journal (backtests, unpersisted runs) an order goes to its provider at once.
    pub fn new(config: RiskConfig, bus: Arc<Bus>, journal: Option<Journal>, metrics: &Metrics) -> Arc<Self> {
        let metrics = DeskMetrics::new(metrics);
        Arc::new_cyclic(|this| Self {
            this: Weak::clone(this),
            bus,
            journal,
            metrics,
            host_stop: Mutex::default(),
            held: Held::default(),
            config: RwLock::new(config),
            limits_version: AtomicU64::new(0),
            lanes: RwLock::default(),
            traders: RwLock::default(),
        })
    }

    /// Lets a provider take part. It may come before or after the instances that use it, and again after [`Desk::detach`].
    /// Orders that are still open there from before stay so until [`Desk::recover`] has asked the venue.
    pub fn attach(&self, provider: Arc<dyn Provider>) {
        let lane = self.lane(provider.name());
        lane.attach(provider);
        let now = lane.now().unwrap_or_default();
        for trader in read(&self.traders).values() {
            locked(&trader.guard).rebase(&lane.name, now, trader.limits.circuit_breaker.cooldown);
        }
    }

    /// Takes a provider out. Its orders and positions stay known; the open orders of a paper venue end as expired.
    pub fn detach(&self, name: &ProviderName) {
        let Some(lane) = self.known_lane(name) else { return };
        if lane.is_paper() {
            self.end_session(&lane);
        }
        lane.detach();
    }

    /// The attached provider of this name.
    pub fn provider(&self, name: &str) -> Option<Arc<dyn Provider>> {
        read(&self.lanes).get(name)?.provider()
    }

    /// All attached providers, by name.
    pub fn providers(&self) -> Vec<Arc<dyn Provider>> {
        read(&self.lanes).values().filter_map(|lane| lane.provider()).collect()
    }

    /// What a provider is given when it starts.
    pub fn outlet(self: &Arc<Self>, provider: &ProviderName, lifecycle: &Lifecycle) -> Outlet {
        Outlet::new(provider.clone(), Arc::clone(self), Arc::clone(&self.bus), lifecycle.clone())
    }

    /// Says who an instance is; again whenever it starts. It is not active yet. Positions, open orders, breaches and the kill
    /// switch of an instance that was admitted before are kept.
    pub fn admit(&self, account: TradingAccount) {
        for (provider, _) in &account.scope {
            self.lane(provider);
        }
        let version = self.next_version();
        let config = read(&self.config).clone();
        let mut traders = write(&self.traders);
        let before = traders.get(&account.instance).map(Arc::as_ref);
        let trader = Trader::new(account, &config, version, before);
        traders.insert(trader.instance().clone(), Arc::new(trader));
    }

    /// Whether the instance runs: only then are orders taken. What was kept for it since [`Desk::recover`] goes to its mailbox
    /// now. Unknown instances are ignored.
    pub fn set_active(&self, instance: &InstanceId, active: bool) {
        if let Ok(trader) = self.trader(instance) {
            trader.set_active(active);
            if active {
                self.held.release(instance, &self.bus);
            }
        }
    }

    /// Forgets an instance that was deleted. What it still holds or has open is kept, so that late reports find it.
    pub fn dismiss(&self, instance: &InstanceId) {
        write(&self.traders).remove(instance);
        self.held.forget(instance);
        for lane in self.all_lanes() {
            locked(&lane.book).dismiss(instance);
        }
    }

    /// The risk configuration.
    pub fn risk(&self) -> RiskConfig {
        read(&self.config).clone()
    }

    /// Replaces the risk configuration, for running instances too. What throttles have used, positions and breaches stay.
    pub fn set_risk(&self, config: RiskConfig) {
        let version = self.next_version();
        let mut traders = write(&self.traders);
        for trader in traders.values_mut() {
            *trader = Arc::new(Trader::new(trader.details.clone(), &config, version, Some(trader)));
        }
        *write(&self.config) = config;
    }

    /// Decision 18: the instance runs, one of its providers runs with its connection and with trading switched on, nothing has engaged
    /// its kill switch.
    pub fn trading_active(&self, instance: &InstanceId) -> bool {
        let Ok(trader) = self.trader(instance) else { return false };
        // Not under the lock of the lanes: a provider is asked.
        let open = |lane: Arc<Lane>| lane.trading() && lane.closed().is_none();
        let switched_on = trader.details.scope.iter().any(|(name, _)| self.known_lane(name).is_some_and(open));
        trader.is_active() && switched_on && self.blocked(&trader, None).is_none()
    }

    /// The switch of decision 18 for one provider: on by default only where no real money is at stake. False when there is no such provider.
    pub fn set_trading(&self, provider: &ProviderName, on: bool) -> bool {
        self.known_lane(provider).map(|lane| lane.set_trading(on)).is_some()
    }

    /// What the risk check thinks of an instance; the default for one it does not know.
    pub fn risk_state(&self, instance: &InstanceId) -> RiskState {
        let Ok(trader) = self.trader(instance) else { return RiskState::default() };
        let host = locked(&self.host_stop).clone();
        self.refresh(&trader, None);
        let guard = locked(&trader.guard);
        let block = guard.block();
        let until = block.and_then(|block| block.until.as_ref()).filter(|_| host.is_none());
        RiskState {
            breaches: guard.breaches(),
            kill_switch_engaged: host.is_some() || block.is_some(),
            circuit_breaker_open: until.is_some(),
            reason: host.or_else(|| block.map(|block| block.reason.clone())),
            until: until.map(|(_, until)| until.to_rfc3339()),
        }
    }

    /// Stops all orders of the host until [`Desk::release_host`]. Cancels are still taken.
    pub fn stop_host(&self, reason: &str) {
        tracing::warn!(reason, "kill switch of the host engaged");
        *locked(&self.host_stop) = Some(reason.to_owned());
    }

    /// Ends [`Desk::stop_host`]; false when it was not engaged. What instances have engaged themselves stays.
    pub fn release_host(&self) -> bool {
        locked(&self.host_stop).take().is_some()
    }

    /// Engages the kill switch of one instance until [`Desk::release`]. Cancels are still taken.
    ///
    /// # Errors
    /// `not_active` when there is no such instance.
    pub fn stop(&self, instance: &InstanceId, reason: &str) -> Result<(), OrderError> {
        let trader = self.trader(instance)?;
        if locked(&trader.guard).engage(reason.to_owned()) {
            self.metrics.stops.with_label_values(&["operator"]).inc();
            self.note_stop(&trader, reason);
        }
        Ok(())
    }

    /// Resets the kill switch, the circuit breaker and the breaches of one instance; false when nothing was engaged.
    ///
    /// # Errors
    /// `not_active` when there is no such instance.
    pub fn release(&self, instance: &InstanceId) -> Result<bool, OrderError> {
        let trader = self.trader(instance)?;
        let released = locked(&trader.guard).reset();
        if released {
            self.note_clear(&trader, "reset by an operator");
        }
        Ok(released)
    }

    /// Takes the reference prices of the risk check from an event. Done by [`Outlet::publish`]; a backtest calls it itself,
    /// before the event is delivered.
    pub fn observe(&self, event: &Arc<Event>) {
        if let Some(lane) = read(&self.lanes).get(&event.provider) {
            locked(&lane.prices).observe(event);
        }
    }

    /// Completes when the bus is idle and every approved order was handed to its provider. See [`Outlet::settle`].
    pub async fn settle(&self) {
        self.bus.settle().await;
    }

    /// Why the instance may not trade: the host's stop, or its own after a look at the clock. `order` is where and when an order
    /// was asked for: then that moment counts, so that the outcome does not depend on the machine's speed.
    pub(super) fn blocked(&self, trader: &Trader, order: Option<(&ProviderName, Timestamp)>) -> Option<(bool, String)> {
        if let Some(reason) = &*locked(&self.host_stop) {
            return Some((false, format!("the kill switch of the host is engaged ({reason}): an operator has to reset it")));
        }
        self.refresh(trader, order);
        let guard = locked(&trader.guard);
        let block = guard.block()?;
        Some(match &block.until {
            Some((provider, until)) => {
                (true, format!("circuit breaker open until {until} by the clock of `{provider}` ({})", block.reason))
            }
            None => (false, format!("kill switch engaged ({}): an operator has to reset it", block.reason)),
        })
    }

    /// Closes the circuit breaker when its cooldown is over.
    fn refresh(&self, trader: &Trader, order: Option<(&ProviderName, Timestamp)>) {
        let now = |provider: &ProviderName| match order {
            Some((here, at)) if here == provider => Some(at),
            _ => self.known_lane(provider)?.now(),
        };
        let cleared = locked(&trader.guard).refresh(now);
        if cleared {
            self.note_clear(trader, "the cooldown of the circuit breaker is over");
        }
    }

    /// Ends what a paper venue has forgotten.
    pub(super) fn end_session(&self, lane: &Arc<Lane>) {
        let now = lane.now().unwrap_or_default();
        let open: Vec<_> = locked(&lane.book).orders.open().map(|record| record.request.clone()).collect();
        for request in open {
            self.end_order(lane, &request, ReportState::Expired, now.max(request.requested_at), "venue session ended");
        }
    }

    pub(super) fn trader(&self, instance: &InstanceId) -> Result<Arc<Trader>, OrderError> {
        let trader = read(&self.traders).get(instance).map(Arc::clone);
        trader.ok_or_else(|| OrderError::new("not_active", format!("instance `{instance}` is not running: start it first")))
    }

    /// The lane of this name; made when there is none.
    pub(super) fn lane(&self, name: &ProviderName) -> Arc<Lane> {
        if let Some(lane) = self.known_lane(name) {
            return lane;
        }
        Arc::clone(write(&self.lanes).entry(name.clone()).or_insert_with(|| Arc::new(Lane::new(name.clone()))))
    }

    pub(super) fn known_lane(&self, name: &ProviderName) -> Option<Arc<Lane>> {
        read(&self.lanes).get(name).map(Arc::clone)
    }

    pub(super) fn lane_of(&self, name: &str) -> Option<Arc<Lane>> {
        read(&self.lanes).get(name).map(Arc::clone)
    }

    pub(super) fn all_traders(&self) -> Vec<Arc<Trader>> {
        read(&self.traders).values().map(Arc::clone).collect()
    }

    pub(super) fn all_lanes(&self) -> Vec<Arc<Lane>> {
        read(&self.lanes).values().map(Arc::clone).collect()
    }

    fn next_version(&self) -> u64 {
        self.limits_version.fetch_add(1, Ordering::AcqRel) + 1
    }
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
