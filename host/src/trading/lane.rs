//! The desk's side of one provider: its orders, who holds what there, its prices and its switch.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use rust_decimal::Decimal;

use crate::base::{Clock, InstanceId, ProviderName, Timestamp};
use crate::bus::locked;
use crate::market::{ClientOrderId, Fill, Instrument, OrderRequest, Side, Symbol};
use crate::trading::day::{DayLine, day_of};
use crate::trading::orders::{OrderRecord, Orders};
use crate::trading::positions::{Ledger, TooLarge};
use crate::trading::prices::{PriceBoard, Prices};
use crate::trading::risk::{self, Bucket, DayFigures, Facts, Refused};
use crate::trading::trader::Trader;
use crate::trading::{Approved, HostLimits, Provider, ProviderStatus, Staleness};

/// Process lifetime: it outlives the provider that is attached to it, because orders and positions do.
///
/// Lock order: `book` before `prices`, a guard or the bus. While one of them is held no provider is called, because a provider
/// may hold a lock of its own while it reports to us (never while it publishes); for the same reason its clock is asked for once.
pub(super) struct Lane {
    pub(super) name: ProviderName,
    attached: Mutex<Option<Attached>>,
    paper: AtomicBool,
    /// Decision 18.
    trading: AtomicBool,
    /// When the desk has something to do here, in nanoseconds by the provider's clock.
    due_nanos: AtomicU64,
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
            due_nanos: AtomicU64::new(u64::MAX),
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

    /// Has the desk look at this lane with the first event that comes at this time or later, by the provider's clock.
    pub(super) fn wake_by(&self, at: Timestamp) {
        self.due_nanos.fetch_min(at.as_nanos(), Ordering::AcqRel);
    }

    /// When it is to look.
    pub(super) fn due(&self) -> Timestamp {
        Timestamp::from_nanos(self.due_nanos.load(Ordering::Acquire))
    }

    /// It looks now: until the next [`Lane::wake_by`] nothing is due.
    pub(super) fn sleep_on(&self) {
        self.due_nanos.store(u64::MAX, Ordering::Release);
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
    /// Denials that went on record, so that old ones are let go now and then.
    denials: u32,
}

/// Denials of one instance on record between two times at which old ones are let go.
const PRUNE_EVERY: u32 = 512;

/// What one instance has of one symbol at one provider.
#[derive(Debug, Default)]
pub(super) struct Holding {
    pub(super) ledger: Ledger,
    pub(super) day: DayLine,
    /// Not final, oldest first.
    pub(super) open: Vec<ClientOrderId>,
    /// Of the last own report.
    pub(super) reports: u64,
    /// Of the last risk event.
    pub(super) risk_events: u64,
}

impl Holding {
    /// Takes in a match of an order of `symbol`, which the venue says happened at `time`.
    ///
    /// # Errors
    /// [`TooLarge`] when a figure leaves the range of decimals; then nothing has changed.
    pub(super) fn apply(&mut self, symbol: &Symbol, side: Side, fill: &Fill, time: Timestamp) -> Result<(), TooLarge> {
        let (fees, realised) = (self.ledger.fees_quote, self.ledger.position.realised_profit);
        self.ledger.apply(symbol, side, fill)?;
        let fees = self.ledger.fees_quote.saturating_sub(fees);
        let realised = self.ledger.position.realised_profit.saturating_sub(realised);
        self.day.book(day_of(time), fees, realised);
        Ok(())
    }
}

impl Line {
    fn new() -> Self {
        // Replaced by the first order's limits.
        let shut = Bucket::new(Decimal::ONE, 1);
        Self { throttle: shut, notices: shut, holdings: BTreeMap::new(), limits_version: 0, denials: 0 }
    }

    pub(super) fn holding(&mut self, symbol: &Symbol) -> &mut Holding {
        if !self.holdings.contains_key(symbol) {
            self.holdings.insert(symbol.clone(), Holding::default());
        }
        self.holdings.entry(symbol.clone()).or_default()
    }

    /// Counts a denial that goes on record; true when old ones are to be let go, the first time after a start of the host included.
    pub(super) fn count_denial(&mut self) -> bool {
        let prune = self.denials.is_multiple_of(PRUNE_EVERY);
        self.denials = self.denials.wrapping_add(1);
        prune
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
        day: Option<DayFigures>,
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
            together: self.together(&order, &trader.host),
            day,
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

    /// What all instances hold of the order's symbol, and what their open orders of its side may still fill; none unless it is limited.
    fn together(&self, order: &OrderRequest, host: &HostLimits) -> Option<(Decimal, Decimal)> {
        if host.max_position_size.is_none() && host.max_notional_value.is_none() {
            return None;
        }
        let held = self.lines.values().filter_map(|line| line.holdings.get(&order.symbol));
        let held = held.fold(Decimal::ZERO, |sum, holding| sum.saturating_add(holding.ledger.position.quantity));
        let open = self.open_of(None, &order.symbol).filter(|record| record.request.side == order.side);
        Some((held, open.fold(Decimal::ZERO, |sum, record| sum.saturating_add(record.leaves()))))
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
