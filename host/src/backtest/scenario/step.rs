//! One step: exactly one thing that happens.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, IntoDeserializer as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use smol_str::SmolStr;

use super::expect::Expectations;
use super::figure::{Figure, Span};
use crate::base::ProviderName;
use crate::market::{RiskStatus, Side, Symbol};
use crate::trading::DenialCode;

/// One step as it is written: one of the things, and `after` how long it happens (1 ms for what the market does, at once for
/// everything else).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Step {
    pub(super) trade: Option<TradeStep>,
    pub(super) trades: Option<Vec<TradeStep>>,
    pub(super) ticker: Option<TickerStep>,
    pub(super) book: Option<BookStep>,
    pub(super) kline: Option<KlineStep>,
    pub(super) balance: Option<BalanceStep>,
    pub(super) risk: Option<RiskStep>,
    #[serde(default, deserialize_with = "present")]
    pub(super) extension: Option<Value>,
    pub(super) advance: Option<Span>,
    pub(super) acknowledge: Option<OrderStep>,
    pub(super) fill: Option<FillStep>,
    pub(super) reject: Option<OrderStep>,
    pub(super) cancelled: Option<OrderStep>,
    pub(super) expire: Option<OrderStep>,
    pub(super) disconnect: Option<LinkStep>,
    pub(super) reconnect: Option<LinkStep>,
    pub(super) restart: Option<Nothing>,
    pub(super) stop: Option<Nothing>,
    pub(super) expect: Option<Expectations>,
    pub(super) after: Option<Span>,
    /// Before each of `trades`.
    pub(super) every: Option<Span>,
}

/// `null` is a value, too.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl Step {
    /// What can happen, and whether it is written here.
    fn things(&self) -> [(&'static str, bool); 19] {
        [
            ("trade", self.trade.is_some()),
            ("trades", self.trades.is_some()),
            ("ticker", self.ticker.is_some()),
            ("book", self.book.is_some()),
            ("kline", self.kline.is_some()),
            ("balance", self.balance.is_some()),
            ("risk", self.risk.is_some()),
            ("extension", self.extension.is_some()),
            ("advance", self.advance.is_some()),
            ("acknowledge", self.acknowledge.is_some()),
            ("fill", self.fill.is_some()),
            ("reject", self.reject.is_some()),
            ("cancelled", self.cancelled.is_some()),
            ("expire", self.expire.is_some()),
            ("disconnect", self.disconnect.is_some()),
            ("reconnect", self.reconnect.is_some()),
            ("restart", self.restart.is_some()),
            ("stop", self.stop.is_some()),
            ("expect", self.expect.is_some()),
        ]
    }

    /// What it is.
    pub(super) fn key(&self) -> &'static str {
        self.things().iter().find(|(_, there)| *there).map_or("", |(name, _)| name)
    }

    /// Whether it is one thing.
    pub(super) fn check(&self) -> Result<(), String> {
        let things = self.things();
        let names: Vec<_> = things.iter().filter(|(_, there)| *there).map(|(name, _)| *name).collect();
        match names.as_slice() {
            [_] if self.every.is_some() && self.trades.is_none() => Err("`every` belongs to `trades`".to_owned()),
            [_] if self.trades.as_ref().is_some_and(Vec::is_empty) => Err("`trades` has at least one".to_owned()),
            [_] => Ok(()),
            [] => Err(format!("a step is one of {}", things.map(|(name, _)| name).join(", "))),
            several => Err(format!("a step is one thing, and this one is {}", several.join(" and "))),
        }
    }
}

/// A key without anything to say: `{}`.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// Where something happens: the first provider and its first symbol when it does not say.
#[derive(Clone, Debug, Default)]
pub(super) struct Where {
    pub(super) provider: Option<ProviderName>,
    pub(super) symbol: Option<Symbol>,
}

/// A trade: `{ price, quantity, side, … }`, or just its price.
#[derive(Clone, Debug)]
pub(super) struct TradeStep {
    pub(super) price: Figure,
    pub(super) quantity: Option<Figure>,
    pub(super) side: Option<Way>,
    pub(super) place: Where,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WrittenTrade {
    price: Figure,
    quantity: Option<Figure>,
    side: Option<Way>,
    provider: Option<ProviderName>,
    symbol: Option<Symbol>,
}

impl<'de> Deserialize<'de> for TradeStep {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TradeOrPrice)
    }
}

/// Reads an object in place, so that a mistake in it is told with its key.
struct TradeOrPrice;

impl<'de> Visitor<'de> for TradeOrPrice {
    type Value = TradeStep;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a trade such as {\"price\": \"100.5\"}, or just its price")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<TradeStep, A::Error> {
        let trade = WrittenTrade::deserialize(MapAccessDeserializer::new(map))?;
        let place = Where { provider: trade.provider, symbol: trade.symbol };
        Ok(TradeStep { price: trade.price, quantity: trade.quantity, side: trade.side, place })
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<TradeStep, E> {
        self.price(text.into_deserializer())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<TradeStep, E> {
        self.price(number.into_deserializer())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<TradeStep, E> {
        self.price(number.into_deserializer())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<TradeStep, E> {
        self.price(number.into_deserializer())
    }
}

impl TradeOrPrice {
    fn price<'de, D: Deserializer<'de>>(self, written: D) -> Result<TradeStep, D::Error> {
        let price = Figure::deserialize(written)?;
        Ok(TradeStep { price, quantity: None, side: None, place: Where::default() })
    }
}

/// A side in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Way(pub(super) Side);

impl<'de> Deserialize<'de> for Way {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.to_ascii_lowercase().as_str() {
            "buy" => Ok(Self(Side::Buy)),
            "sell" => Ok(Self(Side::Sell)),
            _ => Err(Error::custom(format!("`{}` is no side: buy or sell", text.escape_debug()))),
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TickerStep {
    pub(super) bid: Figure,
    pub(super) ask: Figure,
    pub(super) last: Option<Figure>,
    pub(super) bid_quantity: Option<Figure>,
    pub(super) ask_quantity: Option<Figure>,
    pub(super) provider: Option<ProviderName>,
    pub(super) symbol: Option<Symbol>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct BookStep {
    /// Price and quantity, best first.
    #[serde(default)]
    pub(super) bids: Vec<(Figure, Figure)>,
    /// Likewise.
    #[serde(default)]
    pub(super) asks: Vec<(Figure, Figure)>,
    pub(super) provider: Option<ProviderName>,
    pub(super) symbol: Option<Symbol>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct KlineStep {
    pub(super) open: Figure,
    pub(super) high: Figure,
    pub(super) low: Figure,
    pub(super) close: Figure,
    pub(super) volume: Option<Figure>,
    /// A minute when it is left out; the bar ends now.
    pub(super) interval: Option<Span>,
    pub(super) provider: Option<ProviderName>,
    pub(super) symbol: Option<Symbol>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct BalanceStep {
    pub(super) currency: SmolStr,
    pub(super) total: Figure,
    pub(super) available: Option<Figure>,
    pub(super) provider: Option<ProviderName>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RiskStep {
    pub(super) status: RiskStatus,
    #[serde(default)]
    pub(super) reason: String,
    #[serde(default)]
    pub(super) breach_type: BreachType,
    #[serde(default)]
    pub(super) kill_switch_engaged: bool,
    #[serde(default)]
    pub(super) circuit_breaker_open: bool,
    pub(super) provider: Option<ProviderName>,
    pub(super) symbol: Option<Symbol>,
}

/// One of the host's words for a breach.
#[derive(Clone, Copy, Debug)]
pub(super) struct BreachType(pub(super) &'static str);

/// Those that a strategy may meet: of the risk check, of the day's budgets, of a lost connection.
fn breaches() -> Vec<&'static str> {
    let mut words: Vec<_> = DenialCode::ALL.iter().filter_map(|code| code.breach_type()).collect();
    words.extend(["DAILY_LOSS", "DAILY_FEES", "PROVIDER_DISCONNECTED"]);
    words.sort_unstable();
    words.dedup();
    words
}

impl Default for BreachType {
    fn default() -> Self {
        Self("RATE_LIMIT")
    }
}

impl<'de> Deserialize<'de> for BreachType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let known = breaches().into_iter().find(|known| *known == text);
        known.map(Self).ok_or_else(|| {
            Error::custom(format!("`{}` is no breach type: one of {}", text.escape_debug(), breaches().join(", ")))
        })
    }
}

/// Which order: `"last"`, a number (0 is the first that was sent), or a client order id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Which {
    #[default]
    Last,
    Number(usize),
    Id(String),
}

impl<'de> Deserialize<'de> for Which {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) if text == "last" => Ok(Self::Last),
            Value::String(id) => Ok(Self::Id(id)),
            Value::Number(number) if number.as_u64().is_some() => {
                Ok(Self::Number(number.as_u64().and_then(|number| usize::try_from(number).ok()).unwrap_or(usize::MAX)))
            }
            _ => Err(Error::custom("an order is \"last\", a number (0 is the first), or a client order id")),
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct OrderStep {
    #[serde(default)]
    pub(super) order: Which,
    pub(super) reason: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct FillStep {
    #[serde(default)]
    pub(super) order: Which,
    /// The limit price, or the last trade's, when it is left out.
    pub(super) price: Option<Figure>,
    /// All that is left when it is left out.
    pub(super) quantity: Option<Figure>,
    pub(super) fee: Option<Figure>,
    pub(super) fee_asset: Option<SmolStr>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct LinkStep {
    pub(super) provider: Option<ProviderName>,
}
