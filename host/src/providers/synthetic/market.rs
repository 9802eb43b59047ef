//! The instruments of a synthetic venue, and the shape of each one's market in whole numbers.

use std::time::Duration;

use rust_decimal::Decimal;

use super::config::{SymbolConfig, SyntheticConfig};
use super::generator::Generator;
use crate::base::Timestamp;
use crate::market::{Grid, Instrument, InstrumentKind, Step, Symbol};
use crate::providers::paper::config::refuse;
use crate::providers::paper::{Market, PaperConfigError, Source};
use crate::providers::tape::TapeError;

/// 1 January 2025: when every synthetic market begins. A moment of the machine would make each run another.
const START: Timestamp = Timestamp::from_millis(1_735_689_600_000);

/// A minute in milliseconds: what trend and volatility are given for.
const MINUTE_MS: i64 = 60_000;

/// Process lifetime.
#[derive(Debug)]
pub struct SyntheticMarket {
    listings: Vec<(Instrument, Shape)>,
}

/// What one instrument's records are drawn with. Whole numbers only, so that every machine draws the same: prices in ticks,
/// quantities in lots.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) seed: [u8; 32],
    pub(super) step_nanos: u64,
    pub(super) base: i64,
    /// The mid price stays between these.
    pub(super) bounds: (i64, i64),
    /// Per step, in millionths of millionths of the price.
    pub(super) trend: i64,
    /// Standard deviation of one step, likewise.
    pub(super) deviation: i64,
    /// One step in so many has a shock; 0 for none.
    pub(super) shock_one_in: u64,
    /// Millionths.
    pub(super) shock_ppm: i64,
    /// A thousandth of a trade per step, on average.
    pub(super) trades_per_step_milli: u64,
    pub(super) trade: (i64, i64),
    pub(super) levels: usize,
    pub(super) level_ticks: i64,
    pub(super) spread_ticks: i64,
}

impl SyntheticMarket {
    /// Of these settings, whose ranges have been checked.
    ///
    /// # Errors
    /// A symbol whose steps and price cannot be.
    pub(super) fn new(config: &SyntheticConfig) -> Result<Self, PaperConfigError> {
        let mut listings = Vec::new();
        for (symbol, settings) in &config.symbols {
            let instrument = instrument(symbol, settings);
            let shape = shape(config, symbol, settings, &instrument)?;
            listings.push((instrument, shape));
        }
        Ok(Self { listings })
    }
}

impl Market for SyntheticMarket {
    fn instruments(&self) -> Vec<Instrument> {
        self.listings.iter().map(|(instrument, _)| instrument.clone()).collect()
    }

    fn start(&self) -> Timestamp {
        START
    }

    fn open(&self, begin: Option<Timestamp>) -> Result<Vec<Box<dyn Source>>, TapeError> {
        let start = begin.unwrap_or(START).max(START);
        let source = |(_, shape): &(Instrument, Shape)| Box::new(Generator::new(*shape, start)) as Box<dyn Source>;
        Ok(self.listings.iter().map(source).collect())
    }
}

fn instrument(symbol: &Symbol, settings: &SymbolConfig) -> Instrument {
    let lot = settings.lot.value();
    Instrument {
        symbol: symbol.clone(),
        kind: InstrumentKind::Spot,
        venue: "SYNTHETIC".into(),
        price_increment: settings.tick.value(),
        quantity_increment: lot,
        min_notional: Decimal::TEN,
        min_quantity: lot,
        max_quantity: Decimal::from(1_000).max(lot),
    }
}

fn shape(
    config: &SyntheticConfig,
    symbol: &Symbol,
    settings: &SymbolConfig,
    instrument: &Instrument,
) -> Result<Shape, PaperConfigError> {
    let wrong = |rule: &'static str| refuse("symbols", format_args!("{symbol}: {settings:?}"), rule);
    let grid = Grid::of(instrument).ok_or_else(|| wrong("tick and lot are above 0, with at most 12 decimals"))?;
    let base = grid.tick.count(settings.base_price.value()).filter(|base| (1..=Step::MAX_COUNT / 64).contains(base));
    let base = base.ok_or_else(|| wrong("basePrice is a multiple of the tick"))?;
    let lots = |amount: Decimal| grid.lot.count(amount).filter(|lots| (1..=Step::MAX_COUNT / 64).contains(lots));
    let trade = lots(settings.trade_min.value()).zip(lots(settings.trade_max.value()));
    let trade = trade.filter(|(least, most)| least <= most);
    let trade = trade.ok_or_else(|| wrong("tradeMin and tradeMax are multiples of the lot, tradeMin not above tradeMax"))?;
    // The worst bid must stay above zero.
    let deepest = config.spread_ticks + config.levels * config.level_ticks + 2;
    if base < deepest.saturating_mul(2) {
        return Err(wrong("basePrice is too few ticks for spreadTicks and levels times levelTicks: make the tick smaller"));
    }
    let step = i64::try_from(config.step_ms).unwrap_or(MINUTE_MS);
    // The deviation of a sum of steps grows with the root of their number.
    let root = i64::try_from((u64::try_from(step).unwrap_or(0) * 1_000_000 / 60_000).isqrt()).unwrap_or(1_000);
    let every = config.shock_every()?;
    let shock_one_in =
        u64::try_from(every.as_nanos() / Duration::from_millis(config.step_ms).as_nanos().max(1)).unwrap_or(u64::MAX);
    Ok(Shape {
        seed: config.seed_of(symbol.as_str()),
        step_nanos: config.step_ms * 1_000_000,
        base,
        bounds: ((base / 16).max(deepest), base * 16),
        trend: config.trend_ppm * 1_000_000 * step / MINUTE_MS,
        deviation: config.volatility_ppm * 1_000 * root,
        shock_one_in: if every.is_zero() { 0 } else { shock_one_in.max(1) },
        shock_ppm: config.shock_ppm,
        trades_per_step_milli: u64::try_from(config.trades_per_second * step).unwrap_or(0),
        trade,
        levels: usize::try_from(config.levels).unwrap_or(10),
        level_ticks: config.level_ticks,
        spread_ticks: config.spread_ticks,
    })
}
