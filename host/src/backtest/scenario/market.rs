//! The market of a scenario: instruments without a recording, whose records are made of steps.

use rust_decimal::Decimal;
use serde_json::{Map, Value};
use smol_str::SmolStr;

use super::document::{DocumentError, Place, Scenario};
use super::figure::Figure;
use super::step::{BookStep, TickerStep, TradeStep};
use crate::backtest::{PlayRequest, PlayVenue};
use crate::base::{ProviderName, Timestamp};
use crate::market::{Grid, Instrument, InstrumentKind, LevelChange, Side, Symbol};
use crate::providers::paper::{Market, Origin, PaperConfig, Recording, Source};
use crate::providers::tape::{Body, Record, TapeError};

/// Instruments in which nothing happens by itself.
#[derive(Debug)]
struct Blank {
    instruments: Vec<Instrument>,
    start: Timestamp,
}

impl Market for Blank {
    fn instruments(&self) -> Vec<Instrument> {
        self.instruments.clone()
    }

    fn start(&self) -> Timestamp {
        self.start
    }

    fn open(&self, _begin: Option<Timestamp>) -> Result<Vec<Box<dyn Source>>, TapeError> {
        Ok(self.instruments.iter().map(|_| Box::new(Silence) as Box<dyn Source>).collect())
    }
}

impl Recording for Blank {
    fn origins(&self) -> Vec<Origin> {
        Vec::new()
    }
}

/// A source that has ended.
#[derive(Debug)]
struct Silence;

impl Source for Silence {
    fn read(&mut self, _record: &mut Record) -> Result<bool, TapeError> {
        Ok(false)
    }

    fn shift_nanos(&self) -> i64 {
        0
    }
}

/// The venues of a scenario whose market is written in its steps: without latency and fees, unless it says otherwise.
pub(super) fn venues(scenario: &Scenario) -> Result<Vec<PlayVenue>, DocumentError> {
    let start = scenario.start()?;
    if scenario.providers.is_empty() {
        return Ok(vec![venue(PlayRequest::usual_provider(), &Place::default(), start)?]);
    }
    scenario.providers.iter().map(|(name, place)| venue(name.clone(), place, start)).collect()
}

/// The rules of a tape's venues, where the document changes them.
pub(super) fn rules(scenario: &Scenario, venues: &mut [PlayVenue]) -> Result<(), DocumentError> {
    let names: Vec<_> = venues.iter().map(|venue| venue.provider.to_string()).collect();
    for (name, place) in &scenario.providers {
        let at = format!("providers.{name}");
        let Some(venue) = venues.iter_mut().find(|venue| venue.provider == *name) else {
            let message = format!("the tape is played at {}: name the provider there as in \"{name}:FILE\"", names.join(", "));
            return Err(DocumentError::new(at, message));
        };
        if !place.symbols.is_empty() || place.price_increment.is_some() || place.quantity_increment.is_some() {
            return Err(DocumentError::new(at, "a tape has symbols and increments of its own: leave them out"));
        }
        venue.configure(&place.settings()).map_err(|error| DocumentError::new(at, error.why))?;
    }
    Ok(())
}

impl Place {
    /// Those that are written, under the names that a paper venue has for them.
    fn settings(&self) -> Map<String, Value> {
        let balances = self.balances.as_ref().map(|balances| {
            let amount = |(currency, Figure(amount)): (&SmolStr, &Figure)| (currency.to_string(), amount.to_string().into());
            Value::Object(balances.iter().map(amount).collect())
        });
        let settings = [
            ("latencyMs", self.latency_ms.map(Value::from)),
            ("makerFeeBps", self.maker_fee_bps.map(Value::from)),
            ("takerFeeBps", self.taker_fee_bps.map(Value::from)),
            ("slippageBps", self.slippage_bps.map(Value::from)),
            ("queue", self.queue.clone().map(Value::from)),
            ("balances", balances),
        ];
        settings.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }
}

fn venue(provider: ProviderName, place: &Place, start: Timestamp) -> Result<PlayVenue, DocumentError> {
    let at = format!("providers.{provider}");
    let symbols = if place.symbols.is_empty() { vec![usual_symbol()?] } else { place.symbols.clone() };
    let instruments: Vec<_> = symbols.into_iter().map(|symbol| instrument(symbol, place)).collect();
    if let Some(unusable) = instruments.iter().find(|instrument| Grid::of(instrument).is_none()) {
        let steps = format!("{} and {}", unusable.price_increment, unusable.quantity_increment);
        return Err(DocumentError::new(at, format!("increments must be above 0 with at most 12 decimals, not {steps}")));
    }
    let paper = PaperConfig { latency_ms: 0, maker_fee_bps: 0, taker_fee_bps: 0, ..PaperConfig::default() };
    let market = std::sync::Arc::new(Blank { instruments, start });
    let mut venue = PlayVenue { provider, market, ..PlayVenue::with_rules(paper) };
    venue.configure(&place.settings()).map_err(|error| DocumentError::new(at, error.why))?;
    Ok(venue)
}

fn usual_symbol() -> Result<Symbol, DocumentError> {
    Symbol::new("BTC-USDT").map_err(|error| DocumentError::new("providers", error.to_string()))
}

/// The steps of BTC-USDT at a large exchange, unless the document has others; no smallest notional, so that small examples trade.
fn instrument(symbol: Symbol, place: &Place) -> Instrument {
    let figure = |given: &Option<Figure>, usual: Decimal| given.map_or(usual, |Figure(value)| value.normalize());
    let lot = figure(&place.quantity_increment, Decimal::new(1, 5));
    Instrument {
        symbol,
        kind: InstrumentKind::Spot,
        venue: "SCENARIO".into(),
        price_increment: figure(&place.price_increment, Decimal::new(1, 2)),
        quantity_increment: lot,
        min_notional: Decimal::ZERO,
        min_quantity: lot,
        max_quantity: Decimal::from(1_000_000_000),
    }
}

/// Makes records of steps: prices in ticks, quantities in lots, ids that count from 1.
#[derive(Default)]
pub(super) struct Scribe {
    count: u64,
}

/// What is not a multiple of its step.
fn steps(what: &str, Figure(value): Figure, step: Option<i64>, increment: Decimal, key: &str) -> Result<i64, String> {
    step.filter(|count| *count > 0)
        .ok_or_else(|| format!("{what} {value} is no multiple of {increment} above 0: round it, or set {key} of the provider"))
}

fn price(figure: Figure, grid: Grid, instrument: &Instrument) -> Result<i64, String> {
    steps("the price", figure, grid.tick.count(figure.0), instrument.price_increment, "priceIncrement")
}

fn quantity(figure: Option<Figure>, grid: Grid, instrument: &Instrument) -> Result<i64, String> {
    let figure = figure.unwrap_or(Figure(Decimal::ONE));
    steps("the quantity", figure, grid.lot.count(figure.0), instrument.quantity_increment, "quantityIncrement")
}

impl Scribe {
    fn record(&mut self, now: Timestamp, body: Body) -> Record {
        Record { received_at: now, venue_at: now, body, bids: Vec::new(), asks: Vec::new() }
    }

    fn next_id(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    pub(super) fn trade(&mut self, step: &TradeStep, now: Timestamp, at: &Instrument) -> Result<Record, String> {
        let grid = Grid::of(at).ok_or("the instrument's increments cannot be used")?;
        let body = Body::Trade {
            trade_id: self.next_id(),
            matched_at: now,
            price: price(step.price, grid, at)?,
            quantity: quantity(step.quantity, grid, at)?,
            aggressor: step.side.map_or(Side::Buy, |way| way.0),
        };
        Ok(self.record(now, body))
    }

    pub(super) fn ticker(&mut self, step: &TickerStep, now: Timestamp, at: &Instrument) -> Result<Record, String> {
        let grid = Grid::of(at).ok_or("the instrument's increments cannot be used")?;
        let level =
            |figure, lots| Ok::<_, String>(LevelChange { price: price(figure, grid, at)?, quantity: quantity(lots, grid, at)? });
        let (bid, ask) = (level(step.bid, step.bid_quantity)?, level(step.ask, step.ask_quantity)?);
        if bid.price >= ask.price {
            return Err(format!("the bid {} is not below the ask {}", step.bid.0, step.ask.0));
        }
        let body = Body::Best { update_id: self.next_id(), bid, ask };
        Ok(self.record(now, body))
    }

    pub(super) fn book(&mut self, step: &BookStep, now: Timestamp, at: &Instrument) -> Result<Record, String> {
        let grid = Grid::of(at).ok_or("the instrument's increments cannot be used")?;
        let levels = |side: &[(Figure, Figure)]| {
            let level = |(figure, lots): &(Figure, Figure)| {
                Ok::<_, String>(LevelChange { price: price(*figure, grid, at)?, quantity: quantity(Some(*lots), grid, at)? })
            };
            side.iter().map(level).collect::<Result<Vec<_>, _>>()
        };
        let (bids, asks) = (levels(&step.bids)?, levels(&step.asks)?);
        let sorted = bids.is_sorted_by(|a, b| a.price > b.price) && asks.is_sorted_by(|a, b| a.price < b.price);
        let crossed = bids.first().zip(asks.first()).is_some_and(|(bid, ask)| bid.price >= ask.price);
        if !sorted || crossed {
            return Err("levels stand best first, each price once, and every bid below every ask".to_owned());
        }
        let body = Body::Snapshot { update_id: self.next_id() };
        Ok(Record { bids, asks, ..self.record(now, body) })
    }
}
