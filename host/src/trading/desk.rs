//! The desk: the one door for orders. Here: what it is made of and who may trade. Sending is in `submit`, what venues answer in
//! `reports`, kill switches in `switches` and `flatten`, limits in `set_limits`, questions in `queries`.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak};

use crate::base::lifecycle::Lifecycle;
use crate::base::metrics::Metrics;
use crate::base::{InstanceId, ProviderName, Timestamp};
use crate::bus::{Bus, locked};
use crate::market::{Event, OrderRequest, ReportState};
use crate::trading::lane::Lane;
use crate::trading::metrics::DeskMetrics;
use crate::trading::recover::Held;
use crate::trading::risk::Block;
use crate::trading::trader::Trader;
use crate::trading::ward::Ward;
use crate::trading::{Denial, Journal, OrderError, Outlet, Provider, RiskConfig, TradingAccount};

/// Who is told of every denial that is noticed, besides the instance itself: its log.
pub type DenialLog = Box<dyn Fn(&OrderRequest, &Denial) + Send + Sync>;

/// Process lifetime (a backtest has its own). Calls are short: one mutex per provider, no waiting, no disk.
pub struct Desk {
    pub(super) this: Weak<Self>,
    pub(super) bus: Arc<Bus>,
    pub(super) journal: Option<Journal>,
    pub(super) metrics: DeskMetrics,
    pub(super) host_stop: Mutex<Option<Block>>,
    pub(super) held: Held,
    pub(super) config: RwLock<RiskConfig>,
    limits_version: AtomicU64,
    lanes: RwLock<BTreeMap<ProviderName, Arc<Lane>>>,
    pub(super) traders: RwLock<HashMap<InstanceId, Arc<Trader>>>,
    wards: RwLock<HashMap<InstanceId, Arc<Ward>>>,
    pub(super) denial_log: OnceLock<DenialLog>,
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
            wards: RwLock::default(),
            denial_log: OnceLock::new(),
        })
    }

    /// Has every denial that is noticed written to the log of its instance. The first one who asks is told, nobody else. It is called
    /// under locks of the desk: it must be short and must not call the desk.
    pub fn on_denial(&self, log: DenialLog) {
        if self.denial_log.set(log).is_err() {
            tracing::error!("somebody else is told of denials already");
        }
    }

    /// Lets a provider take part. It may come before or after the instances that use it, and again after [`Desk::detach`].
    /// Orders that are still open there from before stay so until [`Desk::recover`] has asked the venue.
    pub fn attach(&self, provider: Arc<dyn Provider>) {
        let lane = self.lane(provider.name());
        lane.attach(provider);
        let now = lane.now().unwrap_or_default();
        for trader in read(&self.traders).values() {
            locked(&trader.ward.guard).rebase(&lane.name, now, trader.limits.circuit_breaker.cooldown);
        }
        // A kill switch that waited for this provider goes on with its first event.
        lane.wake_by(Timestamp::ZERO);
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
        let lanes: Vec<_> = account.scope.iter().map(|(provider, _)| self.lane(provider)).collect();
        let ward = self.ward(&account.instance);
        let version = self.next_version();
        let mut traders = write(&self.traders);
        let config = read(&self.config).clone();
        let before = traders.get(&account.instance).map(Arc::as_ref);
        let trader = Trader::new(account, &config, version, ward, before);
        traders.insert(trader.instance().clone(), Arc::new(trader));
        drop(traders);
        // If a kill switch is engaged, there may be something to do for an instance that was not known before.
        lanes.iter().for_each(|lane| lane.wake_by(Timestamp::ZERO));
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
        write(&self.wards).remove(instance);
        self.forget_risk(instance);
        for lane in self.all_lanes() {
            locked(&lane.book).dismiss(instance);
        }
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

    /// Takes the reference prices of the risk check from an event. Done by [`Outlet::publish`]; a backtest calls it itself,
    /// before the event is delivered.
    pub(super) fn observe(&self, lane: &Arc<Lane>, event: &Arc<Event>) {
        locked(&lane.prices).observe(event);
        self.wake(lane, event);
    }

    /// Completes when the bus is idle and every approved order was handed to its provider. See [`Outlet::settle`].
    pub async fn settle(&self) {
        self.bus.settle().await;
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

    /// What risk keeps of an instance; made when there is nothing yet.
    pub(super) fn ward(&self, instance: &InstanceId) -> Arc<Ward> {
        let known = read(&self.wards).get(instance).map(Arc::clone);
        known.unwrap_or_else(|| {
            let made = || Arc::new(Ward::new(instance.clone()));
            Arc::clone(write(&self.wards).entry(instance.clone()).or_insert_with(made))
        })
    }

    /// What risk keeps of all instances.
    pub(super) fn all_wards(&self) -> Vec<Arc<Ward>> {
        read(&self.wards).values().map(Arc::clone).collect()
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

    pub(super) fn next_version(&self) -> u64 {
        self.limits_version.fetch_add(1, Ordering::AcqRel) + 1
    }
}

pub(super) fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
