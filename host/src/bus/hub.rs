//! The bus itself: who has a mailbox, which routes lead there, and publishing along them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use prometheus::{IntCounter, IntCounterVec, IntGauge};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use tokio::time::Instant;

use crate::base::metrics::Metrics;
use crate::base::{InstanceId, ProviderName};
use crate::bus::mailbox::{Inbox, Mailbox};
use crate::bus::queue::{NO_SLOT, Queue, Slot};
use crate::bus::quiet::{Hold, Quiet};
use crate::bus::{Filter, KindSet};
use crate::market::{Event, EventKind, Payload, Symbol};

/// Limits of the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct BusConfig {
    /// Market events that may wait in one mailbox before the oldest that is out of date gives way. At least 1; default 1024:
    /// some seconds of a busy market, and 24 KiB per mailbox when full.
    pub mailbox_events: usize,
}

impl Default for BusConfig {
    fn default() -> Self {
        Self { mailbox_events: 1024 }
    }
}

/// Why a mailbox could not be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BusError {
    /// One instance, one mailbox.
    #[error("instance `{0}` has an open mailbox already: stop it before it is started again")]
    AlreadyOpen(InstanceId),
}

/// Process lifetime, shared as `Arc`. Made for some ten thousand mailboxes: an event visits only those that asked for its provider
/// and symbol.
pub struct Bus {
    config: BusConfig,
    index: RwLock<Index>,
    quiet: Arc<Quiet>,
    metrics: BusMetrics,
    tap: OnceLock<Tap>,
}

/// Someone who hears of every own event of every instance.
pub type Tap = Arc<dyn Fn(&InstanceId, &Arc<Event>) + Send + Sync>;

#[derive(Default)]
struct Index {
    topics: HashMap<ProviderName, Topic>,
    inboxes: HashMap<InstanceId, Arc<Inbox>>,
}

/// The routes of one provider.
#[derive(Default)]
struct Topic {
    by_symbol: HashMap<Symbol, Vec<Route>>,
    by_currency: HashMap<SmolStr, Vec<Route>>,
    /// For events that no symbol filter applies to.
    any: Vec<Route>,
}

struct Route {
    kinds: KindSet,
    slot: Slot,
    to: Arc<Inbox>,
}

impl Bus {
    /// Without mailboxes.
    pub fn new(metrics: &Metrics, config: BusConfig) -> Arc<Self> {
        let metrics = BusMetrics::new(metrics);
        let quiet = Arc::new(Quiet::new(metrics.waiting.clone()));
        let config = BusConfig { mailbox_events: config.mailbox_events.max(1) };
        Arc::new(Self { config, index: RwLock::default(), quiet, metrics, tap: OnceLock::new() })
    }

    /// Opens the one mailbox of an instance; dropping it unsubscribes.
    ///
    /// # Errors
    /// [`BusError::AlreadyOpen`] when it has one.
    pub fn open(self: &Arc<Self>, instance: &InstanceId, filters: &[Filter]) -> Result<Mailbox, BusError> {
        let wanted = Wanted::of(filters);
        let mut index = self.write();
        if index.inboxes.contains_key(instance) {
            return Err(BusError::AlreadyOpen(instance.clone()));
        }
        let queue = Queue::new(self.config.mailbox_events, wanted.symbols.len());
        let inbox = Arc::new(Inbox::new(instance.clone(), queue, Arc::clone(&self.quiet)));
        wanted.subscribe(&mut index, &inbox);
        index.inboxes.insert(instance.clone(), Arc::clone(&inbox));
        self.metrics.mailboxes.inc();
        Ok(Mailbox::new(inbox, Arc::downgrade(self)))
    }

    /// To every mailbox that asked for it. Never blocks longer than another thread moves one event. Own reports and risk
    /// events are nobody else's business: published instead of posted they reach nobody.
    pub fn publish(&self, event: &Arc<Event>) {
        let kind = event.kind();
        self.metrics.published[kind as usize].inc();
        let index = self.read();
        let Some(topic) = index.topics.get(&event.provider) else { return };
        let routes = match (&event.payload, &event.symbol) {
            (Payload::BalanceUpdate(balance), _) => topic.by_currency.get(&balance.currency),
            (Payload::Extension(_), _) | (_, None) => Some(&topic.any),
            (_, Some(symbol)) => topic.by_symbol.get(symbol),
        };
        let Some(routes) = routes else { return };
        // Announced before the first push: an owner may be done with it before the last.
        self.quiet.add(routes.len());
        let (now, mut counted) = (Instant::now(), 0);
        for route in routes.iter().filter(|route| route.kinds.contains(kind)) {
            let pushed = route.to.push_market(route.slot, event, now);
            counted += usize::from(pushed.counted);
            if let Some(dropped) = pushed.dropped {
                self.metrics.dropped[dropped as usize].inc();
            }
        }
        self.quiet.done(routes.len() - counted);
    }

    /// Lets `tap` hear of every own event, whether or not its instance has a mailbox, in the order in which they are posted. It is
    /// called by whoever posts, who may hold locks: it must be short and must not call the bus or the desk. There is one tap; a second
    /// one is ignored.
    pub fn tap(&self, tap: Tap) {
        let _ = self.tap.set(tap);
    }

    /// To one instance: its own reports and risk events, which are never dropped. False when it has no mailbox.
    pub fn post(&self, instance: &InstanceId, event: Arc<Event>) -> bool {
        if let Some(tap) = self.tap.get() {
            tap(instance, &event);
        }
        let index = self.read();
        let Some(inbox) = index.inboxes.get(instance) else { return false };
        self.quiet.add(1);
        self.metrics.published[event.kind() as usize].inc();
        let pushed = inbox.push_own(event);
        self.quiet.done(usize::from(!pushed.counted));
        true
    }

    /// Completes when every mailbox is empty, every owner is done with the event it took last or asleep, no timer of an owner is
    /// due, and no [`Hold`] is left.
    pub async fn settle(&self) {
        self.quiet.settle().await;
    }

    /// Keeps `settle` waiting until it is dropped.
    pub fn hold(&self) -> Hold {
        Hold::new(Arc::clone(&self.quiet))
    }

    pub(super) fn close(&self, inbox: &Arc<Inbox>) {
        let mut index = self.write();
        index.inboxes.remove(inbox.instance());
        index.unsubscribe(inbox);
        self.metrics.mailboxes.dec();
    }

    /// Nobody publishes or posts while the routes change: what comes before it is kept by the old filters, what comes after it by
    /// the new ones.
    pub(super) fn refilter(&self, inbox: &Arc<Inbox>, filters: &[Filter]) {
        let wanted = Wanted::of(filters);
        let mut index = self.write();
        index.unsubscribe(inbox);
        inbox.refilter(wanted.symbols.len(), |event| wanted.place(event));
        wanted.subscribe(&mut index, inbox);
    }

    fn read(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Index {
    fn unsubscribe(&mut self, inbox: &Arc<Inbox>) {
        self.topics.retain(|_, topic| {
            topic.close(inbox);
            !topic.is_empty()
        });
    }
}

impl Topic {
    fn close(&mut self, inbox: &Arc<Inbox>) {
        let others = |routes: &mut Vec<Route>| {
            routes.retain(|route| !Arc::ptr_eq(&route.to, inbox));
            !routes.is_empty()
        };
        self.by_symbol.retain(|_, routes| others(routes));
        self.by_currency.retain(|_, routes| others(routes));
        others(&mut self.any);
    }

    fn is_empty(&self) -> bool {
        self.by_symbol.is_empty() && self.by_currency.is_empty() && self.any.is_empty()
    }
}

/// The filters of one mailbox without repetitions.
#[derive(Default)]
struct Wanted<'a> {
    /// Numbered in their order.
    symbols: BTreeMap<(&'a ProviderName, &'a Symbol), (Slot, KindSet)>,
    currencies: BTreeSet<(&'a ProviderName, &'a str)>,
    any: BTreeMap<&'a ProviderName, KindSet>,
}

impl<'a> Wanted<'a> {
    fn of(filters: &'a [Filter]) -> Self {
        let mut wanted = Self::default();
        for Filter { provider, symbols, kinds } in filters {
            let kinds = kinds.and(KindSet::PUBLIC);
            let any = wanted.any.entry(provider).or_default();
            *any = any.or(kinds);
            for symbol in symbols {
                let (_, of_symbol) = wanted.symbols.entry((provider, symbol)).or_default();
                *of_symbol = of_symbol.or(kinds);
                if kinds.contains(EventKind::BalanceUpdate) {
                    wanted.currencies.extend([(provider, symbol.base_currency()), (provider, symbol.quote_currency())]);
                }
            }
        }
        for (number, (slot, _)) in (0..).zip(wanted.symbols.values_mut()) {
            *slot = number;
        }
        wanted
    }

    /// The slot of an event that passes these filters; none for one that does not. The same rules as [`Bus::publish`].
    fn place(&self, event: &Event) -> Option<Slot> {
        let (kind, provider) = (event.kind(), &event.provider);
        match (&event.payload, &event.symbol) {
            (Payload::BalanceUpdate(balance), _) => {
                self.currencies.contains(&(provider, balance.currency.as_str())).then_some(NO_SLOT)
            }
            (Payload::Extension(_), _) | (_, None) => self.any.get(provider)?.contains(kind).then_some(NO_SLOT),
            (_, Some(symbol)) => {
                let (slot, kinds) = self.symbols.get(&(provider, symbol))?;
                kinds.contains(kind).then_some(*slot)
            }
        }
    }

    fn subscribe(self, index: &mut Index, inbox: &Arc<Inbox>) {
        let route = |kinds, slot| Route { kinds, slot, to: Arc::clone(inbox) };
        for ((provider, symbol), (slot, kinds)) in self.symbols {
            let topic = index.topics.entry(provider.clone()).or_default();
            topic.by_symbol.entry(symbol.clone()).or_default().push(route(kinds, slot));
        }
        for (provider, currency) in self.currencies {
            let topic = index.topics.entry(provider.clone()).or_default();
            topic.by_currency.entry(currency.into()).or_default().push(route(KindSet::PUBLIC, NO_SLOT));
        }
        for (provider, kinds) in self.any {
            index.topics.entry(provider.clone()).or_default().any.push(route(kinds, NO_SLOT));
        }
    }
}

struct BusMetrics {
    published: Vec<IntCounter>,
    dropped: Vec<IntCounter>,
    waiting: IntGauge,
    mailboxes: IntGauge,
}

impl BusMetrics {
    fn new(metrics: &Metrics) -> Self {
        let published = metrics.counter_vec("sandpit_bus_events_total", "Events published or posted, by kind.", &["kind"]);
        let dropped = metrics.counter_vec(
            "sandpit_bus_dropped_total",
            "Events dropped because a mailbox was full, by kind: out-of-date tickers and books first, then the oldest.",
            &["kind"],
        );
        Self {
            published: by_kind(&published),
            dropped: by_kind(&dropped),
            waiting: metrics.gauge(
                "sandpit_bus_work",
                "Events that wait in mailboxes or are being handled, and orders on their way to a provider.",
            ),
            mailboxes: metrics.gauge("sandpit_bus_mailboxes", "Open mailboxes."),
        }
    }
}

/// One counter per kind, at the place of the kind.
fn by_kind(family: &IntCounterVec) -> Vec<IntCounter> {
    let mut kinds = EventKind::ALL;
    kinds.sort();
    kinds.into_iter().map(|kind| family.with_label_values(&[kind.as_str()])).collect()
}
