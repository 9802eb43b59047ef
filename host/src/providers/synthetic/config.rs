//! How a synthetic market is set up: its price, its book, its trades, and how its venue behaves.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::SyntheticMarket;
use crate::base::{Digest, ProviderName, duration};
use crate::bus::KindSet;
use crate::market::{DecimalText, Symbol};
use crate::providers::adapter::{Draft, SettingKind};
use crate::providers::paper::config::{QUEUE, QueuePlace, SLIPPAGE, refuse};
use crate::providers::paper::{Blueprint, Conduct, Outages, PaperConfig, PaperConfigError, Speed};

/// The settings of the adapter `synthetic`. Unknown keys are refused. Durations are of the market's time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SyntheticConfig {
    /// 1 to 64 instruments, each with its own price.
    pub symbols: BTreeMap<Symbol, SymbolConfig>,
    /// What everything is drawn from.
    pub seed: u64,
    /// `1x`, `20x`... or `max`: as fast as the instances handle the events.
    pub speed: Speed,
    /// Milliseconds between two moves of the price: 10 to 60,000.
    pub step_ms: u64,
    /// Drift of the price in millionths per minute: -10,000 to 10,000.
    pub trend_ppm: i64,
    /// Standard deviation of the price's move in one minute, in millionths: 0 to 100,000.
    pub volatility_ppm: i64,
    /// The mean time between two jumps of the price; `0` for none.
    pub shock_every: String,
    /// The mean size of a jump, in millionths: 0 to 200,000.
    pub shock_ppm: i64,
    /// Mean number of trades per second and symbol: 0 to 1,000, of which at most 64 happen in one step.
    pub trades_per_second: i64,
    /// Levels on each side of the book: 2 to 200.
    pub levels: i64,
    /// Ticks from one level to the next: 1 to 10,000.
    pub level_ticks: i64,
    /// Ticks from the best bid to the best ask: 1 to 10,000.
    pub spread_ticks: i64,
    /// Milliseconds from the request of an order or cancellation to its arrival, at least: 0 to 60,000.
    pub latency_min_ms: u64,
    /// The same, at most: not below `latencyMinMs`, to 60,000.
    pub latency_max_ms: u64,
    /// Of a million orders, how many the venue turns away for no reason of theirs: 0 to 1,000,000.
    pub reject_ppm: u32,
    /// The mean time between two losses of the connection; `0` for none.
    pub outage_every: String,
    /// The mean time for which the venue then cannot be reached.
    pub outage_for: String,
    /// As at a paper venue.
    pub maker_fee_bps: u32,
    /// As at a paper venue.
    pub taker_fee_bps: u32,
    /// As at a paper venue.
    pub slippage_bps: u32,
    /// As at a paper venue.
    pub queue: QueuePlace,
    /// As at a paper venue.
    pub balances: BTreeMap<SmolStr, DecimalText>,
    /// As at a paper venue.
    pub depth: usize,
    /// As at a paper venue.
    pub kline_interval: String,
}

/// One instrument of a synthetic market. Decimal strings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SymbolConfig {
    /// Where the price begins; it stays between a sixteenth and sixteen times that.
    pub base_price: DecimalText,
    /// The step of prices.
    pub tick: DecimalText,
    /// The step of quantities.
    pub lot: DecimalText,
    /// The smallest trade.
    pub trade_min: DecimalText,
    /// The largest trade. Levels of the book hold up to four times that.
    pub trade_max: DecimalText,
}

fn decimal(mantissa: i64, scale: u32) -> DecimalText {
    DecimalText::new(rust_decimal::Decimal::new(mantissa, scale))
}

impl Default for SymbolConfig {
    fn default() -> Self {
        Self {
            base_price: decimal(100, 0),
            tick: decimal(1, 2),
            lot: decimal(1, 4),
            trade_min: decimal(1, 2),
            trade_max: decimal(15, 1),
        }
    }
}

impl Default for SyntheticConfig {
    fn default() -> Self {
        let priced = |price: i64| SymbolConfig { base_price: decimal(price, 0), ..SymbolConfig::default() };
        let symbols = [("BTC-USDT", 60_000), ("ETH-USDT", 2_000), ("SOL-USDT", 150)];
        let symbol = |(symbol, price): (&str, i64)| Some((Symbol::new(symbol).ok()?, priced(price)));
        let balance = |(currency, amount): (&str, i64)| (currency.into(), decimal(amount, 0));
        let balances = [("USDT", 1_000_000), ("BTC", 10), ("ETH", 100), ("SOL", 1_000)];
        Self {
            symbols: symbols.into_iter().filter_map(symbol).collect(),
            seed: 1,
            speed: Speed::default(),
            step_ms: 100,
            trend_ppm: 0,
            volatility_ppm: 500,
            shock_every: "10m".into(),
            shock_ppm: 3_000,
            trades_per_second: 5,
            levels: 10,
            level_ticks: 1,
            spread_ticks: 2,
            latency_min_ms: 5,
            latency_max_ms: 35,
            reject_ppm: 0,
            outage_every: "0".into(),
            outage_for: "5s".into(),
            maker_fee_bps: 10,
            taker_fee_bps: 10,
            slippage_bps: 0,
            queue: QueuePlace::default(),
            balances: balances.into_iter().map(balance).collect(),
            depth: 20,
            kline_interval: "1m".into(),
        }
    }
}

impl SyntheticConfig {
    /// The venue of these settings.
    ///
    /// # Errors
    /// The first setting that is not allowed.
    pub fn blueprint(&self, name: ProviderName) -> Result<Blueprint, PaperConfigError> {
        self.check()?;
        let like_paper = PaperConfig {
            latency_ms: self.latency_min_ms,
            maker_fee_bps: self.maker_fee_bps,
            taker_fee_bps: self.taker_fee_bps,
            slippage_bps: self.slippage_bps,
            queue: self.queue,
            balances: self.balances.clone(),
            depth: self.depth,
            kline_interval: self.kline_interval.clone(),
            ..PaperConfig::default()
        };
        let setup = like_paper.venue(name, SmolStr::default(), KindSet::PUBLIC)?;
        let spread = Duration::from_millis(self.latency_max_ms - self.latency_min_ms);
        let every = period("outageEvery", &self.outage_every)?;
        let lasts = period("outageFor", &self.outage_for)?;
        let outages = Outages { seed: self.seed_of("outages"), every, lasts };
        Ok(Blueprint {
            adapter: super::ADAPTER,
            speed: self.speed,
            setup,
            market: Box::new(SyntheticMarket::new(self)?),
            conduct: Some(Conduct::new(self.seed_of("conduct"), spread, self.reject_ppm)),
            outages: (!every.is_zero() && !lasts.is_zero()).then_some(outages),
        })
    }

    /// A seed of its own for each thing that is drawn, so that one more draw of one leaves the others as they are.
    pub(super) fn seed_of(&self, what: &str) -> [u8; 32] {
        *Digest::of(format!("sandpit synthetic\0{}\0{what}", self.seed).as_bytes()).as_bytes()
    }

    /// The mean time between two shocks.
    pub(super) fn shock_every(&self) -> Result<Duration, PaperConfigError> {
        period("shockEvery", &self.shock_every)
    }

    fn check(&self) -> Result<(), PaperConfigError> {
        if !(1..=64).contains(&self.symbols.len()) {
            return Err(refuse("symbols", self.symbols.len(), "name 1 to 64 symbols"));
        }
        if self.latency_max_ms < self.latency_min_ms {
            return Err(refuse("latencyMaxMs", self.latency_max_ms, "not below latencyMinMs"));
        }
        for (name, (least, most), given) in [
            ("stepMs", (10, 60_000), i64::try_from(self.step_ms).unwrap_or(i64::MAX)),
            ("trendPpm", (-10_000, 10_000), self.trend_ppm),
            ("volatilityPpm", (0, 100_000), self.volatility_ppm),
            ("shockPpm", (0, 200_000), self.shock_ppm),
            ("tradesPerSecond", (0, 1_000), self.trades_per_second),
            ("levels", (2, 200), self.levels),
            ("levelTicks", (1, 10_000), self.level_ticks),
            ("spreadTicks", (1, 10_000), self.spread_ticks),
            ("latencyMaxMs", (0, 60_000), i64::try_from(self.latency_max_ms).unwrap_or(i64::MAX)),
            ("rejectPpm", (0, 1_000_000), self.reject_ppm.into()),
        ] {
            if !(least..=most).contains(&given) {
                return Err(refuse(name, given, "outside its range; GET /adapters/synthetic says which"));
            }
        }
        Ok(())
    }
}

/// A duration of at most 30 days; `0` switches off what it is for.
fn period(field: &'static str, text: &str) -> Result<Duration, PaperConfigError> {
    let most = Duration::from_secs(30 * 86_400);
    let period = duration::parse(text).ok().filter(|period| *period <= most);
    period.ok_or_else(|| refuse(field, text, "0 for never, or a duration of at most 30 days, such as 10m"))
}

/// What the adapter says of them, in the order of the fields.
pub(in crate::providers) fn settings() -> Vec<Draft> {
    use SettingKind::{Duration, Object, String};
    vec![
        Draft::new(
            "symbols",
            Object,
            "Instruments by symbol, 1 to 64, each { basePrice, tick, lot, tradeMin, tradeMax } in decimal strings (100, 0.01, 0.0001, \
             0.01, 1.5 when left out)",
        ),
        Draft::int("seed", (0, i64::MAX), "What everything is drawn from: the same seed and settings are the same market"),
        Draft::new("speed", String, "How fast it goes: 1x to 10000x, or max: as fast as the instances handle the events"),
        Draft::int("stepMs", (10, 60_000), "Milliseconds between two moves of the price"),
        Draft::int("trendPpm", (-10_000, 10_000), "Drift of the price in millionths per minute"),
        Draft::int("volatilityPpm", (0, 100_000), "Standard deviation of the price's move in one minute, in millionths"),
        Draft::new("shockEvery", Duration, "Mean time between two jumps of the price, 0 for none"),
        Draft::int("shockPpm", (0, 200_000), "Mean size of a jump in millionths"),
        Draft::int("tradesPerSecond", (0, 1_000), "Mean number of trades per second and symbol, at most 64 in a step"),
        Draft::int("levels", (2, 200), "Levels on each side of the book"),
        Draft::int("levelTicks", (1, 10_000), "Ticks from one level to the next"),
        Draft::int("spreadTicks", (1, 10_000), "Ticks from the best bid to the best ask"),
        Draft::int("latencyMinMs", (0, 60_000), "Milliseconds from the request of an order to its arrival, at least"),
        Draft::int("latencyMaxMs", (0, 60_000), "Milliseconds from the request of an order to its arrival, at most"),
        Draft::int("rejectPpm", (0, 1_000_000), "Of a million orders, how many the venue turns away for no reason of theirs"),
        Draft::new("outageEvery", Duration, "Mean time between two losses of the connection, 0 for none"),
        Draft::new("outageFor", Duration, "Mean time for which the venue then cannot be reached"),
        Draft::int("makerFeeBps", (0, 1000), "Fee of a resting order in ten-thousandths of what is received"),
        Draft::int("takerFeeBps", (0, 1000), "Fee of an order that takes liquidity in ten-thousandths of what is received"),
        Draft::int("slippageBps", (0, 1000), SLIPPAGE),
        Draft::new("queue", String, QUEUE),
        Draft::new("balances", Object, "What the account has at the beginning: decimal strings by currency"),
        Draft::int("depth", (1, 1000), "Levels of each side in a book event"),
        Draft::new("klineInterval", Duration, "The length of a bar, 1s to 24h"),
    ]
}
