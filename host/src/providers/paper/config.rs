//! How a paper provider is set up.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::VenueSetup;
use crate::base::{ProviderName, duration};
use crate::bus::KindSet;
use crate::market::DecimalText;
use crate::providers::adapter::{Draft, SettingKind};

/// The settings of the adapter `paper`. Unknown keys are refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PaperConfig {
    /// Names of built-in tapes or paths of files: 1 to 16, one per symbol.
    pub tapes: Vec<String>,
    /// `1x`, `20x`... or `max`: as fast as the instances handle the events.
    pub speed: Speed,
    /// Whether a tape begins again when it ends.
    #[serde(rename = "loop")]
    pub looping: bool,
    /// Milliseconds from the request of an order or cancellation to its arrival at the venue, in tape time: 0 to 60,000.
    pub latency_ms: u64,
    /// Fee of a resting order in ten-thousandths of what is received: 0 to 1,000.
    pub maker_fee_bps: u32,
    /// Fee of an order that takes liquidity in ten-thousandths of what is received: 0 to 1,000.
    pub taker_fee_bps: u32,
    /// By how much the fills of an order that takes liquidity are worse than what it met, in ten-thousandths of the price: 0 to 1,000.
    pub slippage_bps: u32,
    /// Where a resting order stands among what the market shows at its price.
    pub queue: QueuePlace,
    /// What the account has at the beginning, as decimal strings by currency; 0 or more.
    pub balances: BTreeMap<SmolStr, DecimalText>,
    /// Levels of each side in a book event: 1 to 1,000.
    pub depth: usize,
    /// The length of a bar, such as `1m`: 1 s to 24 h.
    pub kline_interval: String,
}

impl Default for PaperConfig {
    fn default() -> Self {
        let balance = |(currency, amount): (&str, u32)| (currency.into(), DecimalText::new(amount.into()));
        Self {
            tapes: vec!["btcusdt-20240808".into(), "ethusdt-20240808".into()],
            speed: Speed::default(),
            looping: true,
            latency_ms: 20,
            maker_fee_bps: 10,
            taker_fee_bps: 10,
            slippage_bps: 0,
            queue: QueuePlace::default(),
            balances: [("USDT", 1_000_000), ("BTC", 10), ("ETH", 100)].into_iter().map(balance).collect(),
            depth: 20,
            kline_interval: "1m".into(),
        }
    }
}

/// What adapters say of `slippageBps`.
pub(in crate::providers) const SLIPPAGE: &str = "By how much fills of an order that takes liquidity are worse than what it met, in ten-thousandths of the price, never beyond its limit";
/// What adapters say of `queue`.
pub(in crate::providers) const QUEUE: &str =
    "Where a resting order stands at its price: back, behind all that the market shows, or front";

/// Where a resting order stands among what the market shows at its price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QueuePlace {
    /// Behind all of it. In a market without a book only trades beyond the price fill it.
    #[default]
    Back,
    /// Before all of it: the first trade at the price fills it.
    Front,
}

/// What the adapter says of them, in the order of the fields.
pub(in crate::providers) fn settings() -> Vec<Draft> {
    vec![
        Draft::new("tapes", SettingKind::Array, "Names of built-in tapes or paths of tape files, 1 to 16, one per symbol"),
        Draft::new(
            "speed",
            SettingKind::String,
            "How fast they play: 1x to 10000x, or max: as fast as the instances handle the events",
        ),
        Draft::new("loop", SettingKind::Bool, "Whether a tape begins again when it ends"),
        Draft::int(
            "latencyMs",
            (0, 60_000),
            "Milliseconds from the request of an order or cancellation to its arrival, in tape time, 0 to 60000",
        ),
        Draft::int("makerFeeBps", (0, 1000), "Fee of a resting order in ten-thousandths of what is received, 0 to 1000"),
        Draft::int(
            "takerFeeBps",
            (0, 1000),
            "Fee of an order that takes liquidity in ten-thousandths of what is received, 0 to 1000",
        ),
        Draft::int("slippageBps", (0, 1000), SLIPPAGE),
        Draft::new("queue", SettingKind::String, QUEUE),
        Draft::new("balances", SettingKind::Object, "What the account has at the beginning: decimal strings by currency"),
        Draft::int("depth", (1, 1000), "Levels of each side in a book event, 1 to 1000"),
        Draft::new("klineInterval", SettingKind::Duration, "The length of a bar, 1s to 24h"),
    ]
}

/// How fast a tape is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Speed {
    /// So many times as fast as it was recorded: 1 to 10,000.
    Times(u32),
    /// As fast as the instances handle the events, in step with them: the results are a backtest's.
    Max,
}

impl Default for Speed {
    fn default() -> Self {
        Self::Times(1)
    }
}

/// Settings that are not allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("setting `{field}` is `{given}`: {rule}")]
pub struct PaperConfigError {
    /// The key.
    pub field: &'static str,
    /// What was given, shortened.
    pub given: String,
    /// What is allowed.
    pub rule: &'static str,
}

pub(crate) fn refuse(field: &'static str, given: impl fmt::Display, rule: &'static str) -> PaperConfigError {
    PaperConfigError { field, given: given.to_string().chars().take(80).flat_map(char::escape_debug).collect(), rule }
}

impl FromStr for Speed {
    type Err = PaperConfigError;

    fn from_str(text: &str) -> Result<Self, PaperConfigError> {
        if text == "max" {
            return Ok(Self::Max);
        }
        let times = text.strip_suffix('x').and_then(|number| number.parse().ok()).filter(|times| (1..=10_000).contains(times));
        times.map(Self::Times).ok_or_else(|| refuse("speed", text, "write 1x to 10000x, or max"))
    }
}

impl TryFrom<String> for Speed {
    type Error = PaperConfigError;
    fn try_from(text: String) -> Result<Self, PaperConfigError> {
        text.parse()
    }
}

impl From<Speed> for String {
    fn from(speed: Speed) -> Self {
        match speed {
            Speed::Times(times) => format!("{times}x"),
            Speed::Max => "max".into(),
        }
    }
}

impl PaperConfig {
    /// Checks every setting but the tapes' contents.
    ///
    /// # Errors
    /// [`PaperConfigError`] for the first that is not allowed.
    pub fn validate(&self) -> Result<(), PaperConfigError> {
        self.interval()?;
        if !(1..=16).contains(&self.tapes.len()) {
            return Err(refuse("tapes", self.tapes.len(), "name 1 to 16 tapes"));
        }
        if self.latency_ms > 60_000 {
            return Err(refuse("latencyMs", self.latency_ms, "0 to 60000 milliseconds"));
        }
        let bps = [("makerFeeBps", self.maker_fee_bps), ("takerFeeBps", self.taker_fee_bps), ("slippageBps", self.slippage_bps)];
        for (field, bps) in bps {
            if bps > 1000 {
                return Err(refuse(field, bps, "0 to 1000 ten-thousandths"));
            }
        }
        if !(1..=1000).contains(&self.depth) {
            return Err(refuse("depth", self.depth, "1 to 1000 levels"));
        }
        let wrong = |(currency, amount): &(&SmolStr, &DecimalText)| {
            let named =
                matches!(currency.len(), 1..=16) && currency.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
            !named || amount.value() < Decimal::ZERO || amount.value() > Decimal::from(1_000_000_000_000_u64)
        };
        match self.balances.iter().find(wrong) {
            Some((currency, amount)) => Err(refuse(
                "balances",
                format_args!("{currency}: {amount}"),
                "a currency in capitals, and an amount from 0 to 1000000000000 as a decimal string",
            )),
            None => Ok(()),
        }
    }

    fn interval(&self) -> Result<Duration, PaperConfigError> {
        let allowed = Duration::from_secs(1)..=Duration::from_secs(86_400);
        let interval = duration::parse(&self.kline_interval).ok().filter(|interval| allowed.contains(interval));
        interval.ok_or_else(|| refuse("klineInterval", &self.kline_interval, "a duration from 1s to 24h, such as 1m"))
    }

    /// The account at the beginning.
    pub(super) fn account(&self) -> BTreeMap<SmolStr, Decimal> {
        self.balances.iter().map(|(currency, amount)| (currency.clone(), amount.value())).collect()
    }

    /// The venue of these settings, with the settings' balances.
    ///
    /// # Errors
    /// What [`PaperConfig::validate`] finds.
    pub fn venue(&self, provider: ProviderName, session: SmolStr, kinds: KindSet) -> Result<VenueSetup, PaperConfigError> {
        self.validate()?;
        Ok(VenueSetup {
            provider,
            session,
            latency: Duration::from_millis(self.latency_ms),
            maker_fee_bps: self.maker_fee_bps,
            taker_fee_bps: self.taker_fee_bps,
            slippage_bps: self.slippage_bps,
            queue: self.queue,
            depth: self.depth,
            kline_interval: self.interval()?,
            balances: self.account(),
            kinds,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_have_defaults_and_no_unknown_keys() {
        let config: PaperConfig =
            serde_json::from_str(r#"{"speed": "20x", "loop": false, "balances": {"USDT": "5.5"}}"#).unwrap();
        assert_eq!((config.speed, config.looping, config.latency_ms), (Speed::Times(20), false, 20));
        assert_eq!(config.balances["USDT"].as_str(), "5.5");
        config.validate().unwrap();
        let again: PaperConfig = serde_json::from_value(serde_json::to_value(&config).unwrap()).unwrap();
        assert_eq!(again, config);
        let error = serde_json::from_str::<PaperConfig>(r#"{"sped": "20x"}"#).unwrap_err();
        assert!(error.to_string().contains("unknown field `sped`"), "{error}");
    }

    #[test]
    fn what_is_out_of_range_is_named() {
        let wrong = [
            (r#"{"tapes": []}"#, "tapes"),
            (r#"{"latencyMs": 60001}"#, "latencyMs"),
            (r#"{"makerFeeBps": 1001}"#, "makerFeeBps"),
            (r#"{"slippageBps": 1001}"#, "slippageBps"),
            (r#"{"depth": 0}"#, "depth"),
            (r#"{"klineInterval": "1ms"}"#, "klineInterval"),
            (r#"{"balances": {"usdt": "1"}}"#, "balances"),
            (r#"{"balances": {"USDT": "-1"}}"#, "balances"),
        ];
        for (json, field) in wrong {
            let config: PaperConfig = serde_json::from_str(json).unwrap();
            assert_eq!(config.validate().unwrap_err().field, field);
        }
        for speed in ["0x", "10001x", "fast", "x", "1"] {
            assert!(speed.parse::<Speed>().is_err(), "{speed}");
        }
    }
}
