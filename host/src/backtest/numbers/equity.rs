//! Equity while a run goes on: cash and positions of the strategy at the newest prices, marked whenever a price of something that it
//! holds changes. While it is flat an event costs a few comparisons. Must not know of guests.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use smol_str::SmolStr;

use super::grid::Grid;
use super::ratios::ratio;
use super::report::{EquityCurve, EquityGrid, Measured, PriceCurve, Sums};
use super::round_trips::{Match, RoundTrip, Trip, take};
use super::series::Series;
use crate::base::{ProviderName, Timestamp};
use crate::market::{DecimalText, Event, ExecutionReport, Payload, Side, Symbol};
use crate::trading::Position;

/// Buckets of an equity curve: three points each, and the first and the last, are at most 2,000.
const EQUITY_BUCKETS: usize = 660;

/// Buckets of a price curve: two points each.
const PRICE_BUCKETS: usize = 990;

/// Run lifetime. Knows the market by what is published, fills by what the venues report.
#[derive(Debug)]
pub(in crate::backtest) struct Measure {
    start: Timestamp,
    /// By venue.
    seats: Vec<Seat>,
    quotes: Vec<Quote>,
    trips: Vec<RoundTrip>,
}

/// What is followed at one venue, by symbol.
#[derive(Debug)]
struct Seat {
    provider: ProviderName,
    holdings: Vec<Holding>,
}

/// What is held of one symbol at one venue.
#[derive(Debug)]
struct Holding {
    symbol: Symbol,
    /// Its place among the quotes.
    quote: usize,
    price: Option<Decimal>,
    course: Series,
    position: Position,
    fees: Decimal,
    /// Profit after fees at the last mark.
    value: Decimal,
    trip: Option<Trip>,
}

impl Holding {
    /// Profit before fees; before the first price what is held is worth what it cost.
    fn gross(&self) -> Decimal {
        let unrealised = self.price.map_or(Decimal::ZERO, |price| self.position.unrealised_profit(price));
        self.position.realised_profit.saturating_add(unrealised)
    }
}

/// Everything in one quote currency.
#[derive(Debug)]
struct Quote {
    currency: SmolStr,
    capital: Decimal,
    equity: Decimal,
    peak: Decimal,
    /// When it was reached.
    peak_at: Timestamp,
    /// The lowest since the peak, and when it was reached.
    trough: Decimal,
    trough_at: Timestamp,
    drawdown: Decimal,
    drawdown_span: Option<(Timestamp, Timestamp)>,
    drawdown_fraction: Option<f64>,
    grid: Grid,
    curve: Series,
    /// Symbols that are held.
    open: usize,
    open_since: Timestamp,
    open_nanos: u64,
    traded: Decimal,
    fills: u64,
    foreign_fees: u64,
}

impl Quote {
    fn new(currency: &str, capital: Decimal, start: Timestamp) -> Self {
        let mut curve = Series::new(start, EQUITY_BUCKETS);
        curve.add(start, capital, Decimal::ZERO);
        Self {
            currency: currency.into(),
            capital,
            equity: capital,
            peak: capital,
            peak_at: start,
            trough: capital,
            trough_at: start,
            drawdown: Decimal::ZERO,
            drawdown_span: None,
            drawdown_fraction: None,
            grid: Grid::new(start),
            curve,
            open: 0,
            open_since: start,
            open_nanos: 0,
            traded: Decimal::ZERO,
            fills: 0,
            foreign_fees: 0,
        }
    }

    /// The equity changes by so much.
    fn mark(&mut self, change: Decimal, now: Timestamp) {
        self.grid.pass(now, self.equity);
        self.equity = self.equity.saturating_add(change);
        if self.equity > self.peak {
            self.settle();
            (self.peak, self.peak_at) = (self.equity, now);
            (self.trough, self.trough_at) = (self.equity, now);
        } else if self.equity < self.trough {
            (self.trough, self.trough_at) = (self.equity, now);
        }
        self.curve.add(now, self.equity, self.peak.saturating_sub(self.equity));
    }

    /// A peak is over: what fell from it counts.
    fn settle(&mut self) {
        let fall = self.peak.saturating_sub(self.trough);
        if fall > self.drawdown {
            self.drawdown = fall;
            self.drawdown_span = Some((self.peak_at, self.trough_at));
        }
        if let Some(fraction) = ratio(fall, self.peak) {
            self.drawdown_fraction = Some(self.drawdown_fraction.map_or(fraction, |deepest| deepest.max(fraction)));
        }
    }

    /// A symbol was flat before and is held now, or the other way round.
    fn held(&mut self, before: bool, after: bool, at: Timestamp) {
        match (before, after) {
            (false, true) => {
                if self.open == 0 {
                    self.open_since = at;
                }
                self.open += 1;
            }
            (true, false) => {
                self.open -= 1;
                if self.open == 0 {
                    self.count_open(at);
                }
            }
            _ => {}
        }
    }

    fn count_open(&mut self, until: Timestamp) {
        self.open_nanos = self.open_nanos.saturating_add(until.as_nanos().saturating_sub(self.open_since.as_nanos()));
    }

    /// Nothing happens any more.
    fn close(&mut self, end: Timestamp) {
        self.grid.close(end, self.equity);
        self.curve.add(end, self.equity, self.peak.saturating_sub(self.equity));
        self.settle();
        if self.open > 0 {
            self.count_open(end);
        }
    }

    fn course(&self) -> EquityCurve {
        let points = self.curve.points();
        let tidy = |values: &[Decimal]| values.iter().map(Decimal::normalize).collect::<Vec<_>>();
        EquityCurve {
            time: points.iter().map(|point| point.at.to_rfc3339()).collect(),
            equity: points.iter().map(|point| point.value.normalize()).collect(),
            drawdown: points.iter().map(|point| point.drawdown.normalize()).collect(),
            grid: EquityGrid { step_seconds: self.grid.seconds(), equity: tidy(self.grid.points()) },
        }
    }
}

impl Measure {
    /// Of these symbols at these venues, from `start` on. `capital` by quote currency; what is not in it counts as none.
    pub(in crate::backtest) fn new(
        feeds: Vec<(ProviderName, Vec<Symbol>)>,
        capital: &BTreeMap<SmolStr, Decimal>,
        start: Timestamp,
    ) -> Self {
        let mut quotes: Vec<Quote> = Vec::new();
        let mut seats = Vec::new();
        for (provider, mut symbols) in feeds {
            symbols.sort_unstable();
            let mut holdings = Vec::new();
            for symbol in symbols {
                let currency = symbol.quote_currency();
                let quote = quotes.iter().position(|quote| quote.currency == currency).unwrap_or_else(|| {
                    quotes.push(Quote::new(currency, capital.get(currency).copied().unwrap_or_default(), start));
                    quotes.len() - 1
                });
                holdings.push(Holding {
                    symbol,
                    quote,
                    price: None,
                    course: Series::new(start, PRICE_BUCKETS),
                    position: Position::default(),
                    fees: Decimal::ZERO,
                    value: Decimal::ZERO,
                    trip: None,
                });
            }
            seats.push(Seat { provider, holdings });
        }
        Self { start, seats, quotes, trips: Vec::new() }
    }

    /// A venue publishes this. Before the desk and the guest hear of it.
    pub(in crate::backtest) fn heard(&mut self, seat: usize, event: &Event, now: Timestamp) {
        let Some((symbol, price)) = event.symbol.as_ref().zip(reference(&event.payload)) else { return };
        let Some((holding, quotes)) = self.holding(seat, symbol) else { return };
        if holding.price == Some(price) {
            return;
        }
        holding.price = Some(price);
        holding.course.add(now, price, Decimal::ZERO);
        if !holding.position.quantity.is_zero() {
            mark(holding, quotes, now);
        }
    }

    /// A venue reports this of an order of `symbol`.
    pub(in crate::backtest) fn reported(
        &mut self,
        seat: usize,
        symbol: &Symbol,
        side: Side,
        report: &ExecutionReport,
        now: Timestamp,
    ) {
        let Some(fill) = &report.fill else { return };
        let Self { seats, quotes, trips, .. } = self;
        let Some(Seat { provider, holdings }) = seats.get_mut(seat) else { return };
        let Some(holding) = find(holdings, symbol) else { return };
        let before = !holding.position.quantity.is_zero();
        if holding.position.apply(side, fill.quantity, fill.price).is_err() {
            return; // the desk refuses it as well, and says so
        }
        let fee = match fill.fee_asset.as_str() {
            asset if asset == symbol.quote_currency() => Some(fill.fee),
            asset if asset == symbol.base_currency() => Some(fill.fee.saturating_mul(fill.price)),
            _ => Some(Decimal::ZERO).filter(|_| fill.fee.is_zero()),
        };
        let (fee, foreign) = (fee.unwrap_or_default(), u64::from(fee.is_none()));
        holding.fees = holding.fees.saturating_add(fee);
        let matched = Match { side, quantity: fill.quantity, price: fill.price, fee, at: report.time };
        trips.extend(take(&mut holding.trip, matched, provider, symbol));
        if let Some(quote) = quotes.get_mut(holding.quote) {
            quote.traded = quote.traded.saturating_add(fill.quantity.saturating_mul(fill.price));
            quote.fills += 1;
            quote.foreign_fees += foreign;
            quote.held(before, !holding.position.quantity.is_zero(), report.time);
        }
        mark(holding, quotes, now);
    }

    fn holding(&mut self, seat: usize, symbol: &Symbol) -> Option<(&mut Holding, &mut [Quote])> {
        let Self { seats, quotes, .. } = self;
        let holding = find(&mut seats.get_mut(seat)?.holdings, symbol)?;
        Some((holding, quotes))
    }

    /// What was measured up to `end`, with the number of orders by symbol.
    pub(in crate::backtest) fn close(mut self, end: Timestamp, orders: &BTreeMap<Symbol, u64>) -> Measured {
        self.quotes.iter_mut().for_each(|quote| quote.close(end));
        let holdings = || self.seats.iter().flat_map(|seat| seat.holdings.iter().map(move |holding| (&seat.provider, holding)));
        let open = holdings().filter_map(|(provider, holding)| {
            let trip = holding.trip.as_ref()?;
            Some(trip.report(provider, &holding.symbol, holding.price, end.max(trip.opened_at())))
        });
        let open: Vec<_> = open.collect();
        let prices = holdings().map(|(provider, holding)| {
            let points = holding.course.points();
            PriceCurve {
                provider: provider.clone(),
                symbol: holding.symbol.clone(),
                time: points.iter().map(|point| point.at.to_rfc3339()).collect(),
                price: points.iter().map(|point| point.value.normalize()).collect(),
            }
        });
        let prices = prices.collect();
        let mut measured = Measured { prices, round_trips: std::mem::take(&mut self.trips), ..Measured::default() };
        measured.round_trips.extend(open);
        for (place, quote) in self.quotes.iter().enumerate() {
            let own = || self.seats.iter().flat_map(|seat| &seat.holdings).filter(|holding| holding.quote == place);
            let total = |of: fn(&Holding) -> Decimal| own().map(of).fold(Decimal::ZERO, Decimal::saturating_add);
            let curve = quote.course();
            let span = end.as_nanos().saturating_sub(self.start.as_nanos());
            let sums = Sums {
                capital: quote.capital,
                gross: total(Holding::gross),
                fees: total(|holding| holding.fees),
                traded: quote.traded,
                drawdown: quote.drawdown,
                drawdown_span: quote.drawdown_span,
                drawdown_fraction: quote.drawdown_fraction,
                grid: &curve.grid,
                exposure: ratio(quote.open_nanos.into(), span.into()),
                orders: orders
                    .iter()
                    .filter(|(symbol, _)| symbol.quote_currency() == quote.currency)
                    .map(|(_, count)| count)
                    .sum(),
                fills: quote.fills,
                foreign_fees: quote.foreign_fees,
            };
            let trips = measured.round_trips.iter().filter(|trip| trip.symbol.quote_currency() == quote.currency);
            measured.numbers.insert(quote.currency.clone(), sums.numbers(trips));
            measured.equity.insert(quote.currency.clone(), curve);
        }
        measured
    }
}

/// Of symbols in their order.
fn find<'a>(holdings: &'a mut [Holding], symbol: &Symbol) -> Option<&'a mut Holding> {
    let place = holdings.binary_search_by(|holding| holding.symbol.cmp(symbol)).ok()?;
    holdings.get_mut(place)
}

/// The value of a holding has changed.
fn mark(holding: &mut Holding, quotes: &mut [Quote], now: Timestamp) {
    let value = holding.gross().saturating_sub(holding.fees);
    if let Some(quote) = quotes.get_mut(holding.quote) {
        quote.mark(value.saturating_sub(holding.value), now);
    }
    holding.value = value;
}

/// The reference price that an event gives, as the risk check takes it.
fn reference(payload: &Payload) -> Option<Decimal> {
    let present = |price: &DecimalText| (!price.as_str().is_empty()).then(|| price.value());
    match payload {
        Payload::Trade(trade) => Some(trade.price.value()),
        Payload::Ticker(ticker) => present(&ticker.last_price),
        Payload::BookSnapshot(book) => {
            let (bid, ask) = (book.bids.first()?.price.value(), book.asks.first()?.price.value());
            bid.checked_add(ask)?.checked_div(Decimal::TWO)
        }
        _ => None,
    }
}

#[cfg(test)]
#[path = "equity_tests.rs"]
mod tests;
