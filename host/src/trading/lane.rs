//! The desk's side of one provider: its orders, who holds what there, its prices and its switch.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use rust_decimal::Decimal;

use crate::base::{Clock, InstanceId, ProviderName, Timestamp};
use crate::bus::locked;
use crate::market::{ClientOrderId, Instrument, OrderRequest, Symbol};
use crate::trading::orders::{OrderRecord, Orders};
use crate::trading::positions::Ledger;
use crate::trading::prices::{PriceBoard, Prices};
use crate::trading::risk::{self, Bucket, Facts, Refused};
use crate::trading::trader::Trader;
use crate::trading::{Approved, Provider, ProviderStatus, Staleness};

/// Process lifetime: it outlives the provider that is attached to it, because orders and positions do.
///
/// Lock order: `book` before `prices`, a guard or the bus. While one of them is held no provider is called, because a provider
/// may hold a lock of its own while it reports to us; for the same reason its clock is asked for once.
pub(super) struct Lane {
    pub(super) name: ProviderName,
    attached: Mutex<Option<Attached>>,
    paper: AtomicBool,
    /// Decision 18.
    trading: AtomicBool,
    pub(super) book: Mutex<Book>,
    pub(super) prices: Mutex<PriceBoard>,
    /// Set while the connection is lost.
    pub(super) stale: Mutex<Option<Staleness>>,
}

struct Attached {
    provider: Arc<dyn Provider>,
    clock: Arc<dyn Clock>,
}

impl Lane {
    pub(super) fn new(name: ProviderName) -> Self {
        Self {
            name,
            attached: Mutex::default(),
            paper: AtomicBool::new(false),
            trading: AtomicBool::new(false),
            book: Mutex::default(),
            prices: Mutex::default(),
            stale: Mutex::default(),
        }
    }

    pub(super) fn provider(&self) -> Option<Arc<dyn Provider>> {
        locked(&self.attached).as_ref().map(|attached| Arc::clone(&attached.provider))
    }

    /// The provider if it takes orders.
    pub(super) fn running(&self) -> Option<Arc<dyn Provider>> {
        self.provider().filter(|provider| provider.status() == ProviderStatus::Running)
    }

    pub(super) fn attach(&self, provider: Arc<dyn Provider>) {
        let (clock, paper) = (provider.clock(), provider.is_paper());
        self.paper.store(paper, Ordering::Release);
        self.trading.store(paper, Ordering::Release);
        *locked(&self.stale) = None;
        *locked(&self.attached) = Some(Attached { provider, clock });
    }

    /// True when there was one.
    pub(super) fn detach(&self) -> bool {
        locked(&self.attached).take().is_some()
    }

    /// Whether the provider that is, or was last, attached plays with paper money.
    pub(super) fn is_paper(&self) -> bool {
        self.paper.load(Ordering::Acquire)
    }

    pub(super) fn trading(&self) -> bool {
        self.trading.load(Ordering::Acquire)
    }

    pub(super) fn set_trading(&self, on: bool) {
        self.trading.store(on, Ordering::Release);
    }

    /// The venue's time; none without a provider.
    pub(super) fn now(&self) -> Option<Timestamp> {
        locked(&self.attached).as_ref().map(|attached| attached.clock.now())
    }
}

/// What is behind a lane's one lock.
#[derive(Default)]
pub(super) struct Book {
    pub(super) orders: Orders,
    pub(super) open_orders: usize,
    lines: HashMap<InstanceId, Line>,
    instruments: Instruments,
    host_throttle: Option<Bucket>,
}

/// What one instance has at one provider.
pub(super) struct Line {
    pub(super) throttle: Bucket,
    pub(super) notices: Bucket,
    pub(super) holdings: BTreeMap<Symbol, Holding>,
    /// The limits that the throttles were made for.
    limits_version: u64,
}

/// What one instance has of one symbol at one provider.
#[derive(Debug, Default)]
pub(super) struct Holding {
    pub(super) ledger: Ledger,
    /// Not final, oldest first.
    pub(super) open: Vec<ClientOrderId>,
    /// Of the last own report.
    pub(super) reports: u64,
    /// Of the last risk event.
    pub(super) risk_events: u64,
}

impl Line {
    fn new() -> Self {
        // Replaced by the first order's limits.
        let shut = Bucket::new(Decimal::ONE, 1);
        Self { throttle: shut, notices: shut, holdings: BTreeMap::new(), limits_version: 0 }
    }

    pub(super) fn holding(&mut self, symbol: &Symbol) -> &mut Holding {
        if !self.holdings.contains_key(symbol) {
            self.holdings.insert(symbol.clone(), Holding::default());
        }
        self.holdings.entry(symbol.clone()).or_default()
    }

    fn is_settled(&self) -> bool {
        self.holdings.values().all(|holding| holding.open.is_empty() && holding.ledger.position.quantity.is_zero())
    }
}

impl Book {
    pub(super) fn line(&self, instance: &InstanceId) -> Option<&Line> {
        self.lines.get(instance)
    }

    pub(super) fn line_mut(&mut self, instance: &InstanceId) -> &mut Line {
        self.lines.entry(instance.clone()).or_insert_with(Line::new)
    }

    /// Brings the throttles to the limits of today; what was used of those that did not change stays used.
    pub(super) fn throttles(&mut self, trader: &Trader) -> &mut Line {
        let line = self.lines.entry(trader.instance().clone()).or_insert_with(Line::new);
        if line.limits_version != trader.limits_version {
            line.limits_version = trader.limits_version;
            line.throttle.set_rates(Bucket::new(trader.limits.order_throttle, trader.limits.order_burst));
            line.notices.set_rates(Bucket::new(trader.notices_per_second.into(), trader.notices_per_second));
            self.host_throttle = trader.host.order_throttle.map(|rate| {
                let mut bucket = self.host_throttle.unwrap_or(Bucket::new(rate.into(), rate));
                bucket.set_rates(Bucket::new(rate.into(), rate));
                bucket
            });
        }
        line
    }

    /// Asks risk about an order; what it takes from the throttles is taken.
    pub(super) fn judge(
        &mut self,
        order: OrderRequest,
        trader: &Trader,
        (instrument, prices): (Option<&Instrument>, Option<&Prices>),
        paper: bool,
    ) -> Result<Approved<OrderRequest>, Box<Refused>> {
        let mut throttle = self.throttles(trader).throttle;
        let mut host_throttle = self.host_throttle;
        let (instance, symbol) = (order.instance.clone(), order.symbol.clone());
        let holding = self.line(&instance).and_then(|line| line.holdings.get(&symbol));
        let facts = Facts {
            limits: &trader.limits,
            host: &trader.host,
            instrument,
            prices,
            position: holding.map_or(Decimal::ZERO, |holding| holding.ledger.position.quantity),
            open_quantity: self.open_quantity(&order),
            open_orders: holding.map_or(0, |holding| holding.open.len()),
            open_orders_host: self.open_orders,
            // On paper no two instances share money, so none may get into the other's way; where money is real, the
            // account's owner answers for a match between any two.
            account_orders: self.open_of(paper.then_some(&instance), &symbol).map(|record| &record.request),
            throttle: &mut throttle,
            host_throttle: host_throttle.as_mut(),
        };
        let verdict = risk::check(order, facts);
        self.host_throttle = host_throttle;
        self.throttles(trader).throttle = throttle;
        verdict
    }

    /// The open orders of one symbol: of one instance, or of all.
    pub(super) fn open_of<'a>(
        &'a self,
        instance: Option<&'a InstanceId>,
        symbol: &'a Symbol,
    ) -> impl Iterator<Item = &'a OrderRecord> {
        let one = instance.and_then(|instance| self.lines.get(instance));
        let all = instance.is_none().then(|| self.lines.values()).into_iter().flatten();
        let ids = one.into_iter().chain(all).filter_map(|line| line.holdings.get(symbol)).flat_map(|holding| &holding.open);
        ids.filter_map(|id| self.orders.get(id)).map(|entry| &entry.record)
    }

    /// What the instance's open orders of one side may still fill.
    pub(super) fn open_quantity(&self, request: &OrderRequest) -> Decimal {
        let open = self.open_of(Some(&request.instance), &request.symbol).filter(|record| record.request.side == request.side);
        open.fold(Decimal::ZERO, |sum, record| sum.saturating_add(record.leaves()))
    }

    /// Forgets an instance that has nothing open and nothing in stock here.
    pub(super) fn dismiss(&mut self, instance: &InstanceId) {
        if self.lines.get(instance).is_some_and(Line::is_settled) {
            self.lines.remove(instance);
        }
    }

    /// Where `symbol` stands in the provider's list; none when the provider does not trade it.
    ///
    /// # Errors
    /// [`Unlisted`] for a symbol that is not in a list that is there.
    pub(super) fn listed(&mut self, list: &Arc<[Instrument]>, symbol: &Symbol) -> Result<Option<usize>, Unlisted> {
        self.instruments.refresh(list);
        match self.instruments.places.get(symbol) {
            Some(place) => Ok(Some(*place)),
            None if list.is_empty() => Ok(None),
            None => Err(Unlisted),
        }
    }
}

/// The provider does not trade the symbol.
pub(super) struct Unlisted;

/// Finds the instruments of a provider by symbol.
#[derive(Default)]
struct Instruments {
    list: Option<Arc<[Instrument]>>,
    places: HashMap<Symbol, usize>,
}

impl Instruments {
    fn refresh(&mut self, newest: &Arc<[Instrument]>) {
        if self.list.as_ref().is_some_and(|list| Arc::ptr_eq(list, newest)) {
            return;
        }
        self.places = newest.iter().enumerate().map(|(place, instrument)| (instrument.symbol.clone(), place)).collect();
        self.list = Some(Arc::clone(newest));
    }
}
