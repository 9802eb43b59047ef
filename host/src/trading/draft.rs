//! What an instance asks of the desk, who it is, and the errors it gets back at once.

use rust_decimal::Decimal;

use crate::base::{Digest, InstanceId, ProviderName, Timestamp};
use crate::market::{OrderType, Side, Symbol, TimeInForce, decimal};
use crate::trading::{Denial, RiskLimits};

/// An order as a guest words it: names are not resolved yet, nothing is checked.
#[derive(Clone, Copy, Debug)]
pub struct OrderDraft<'a> {
    /// Who asks.
    pub instance: &'a InstanceId,
    /// Where it goes; the first provider of the instance's scope when absent.
    pub provider: Option<&'a str>,
    /// What is traded; the first symbol of the provider in the instance's scope when absent.
    pub symbol: Option<&'a str>,
    /// Which way.
    pub side: Side,
    /// Market or limit.
    pub order_type: OrderType,
    /// Base currency.
    pub quantity: Decimal,
    /// Quote currency; needed for a limit order, ignored for a market order.
    pub price: Option<Decimal>,
    /// `Ioc` for market orders and `Gtc` for limit orders when absent.
    pub time_in_force: Option<TimeInForce>,
    /// One that the author chose; made by the desk when absent.
    pub client_order_id: Option<&'a str>,
    /// When the guest asked, by the provider's clock: the ingest time of its event plus what it had slept. Throttles and
    /// cooldowns run on it, so that results do not depend on the machine's speed.
    pub requested_at: Timestamp,
    /// When the guest asked, as the guest sees time (emit time of its event plus sleep): the time of a denial's report.
    pub seen_at: Timestamp,
    /// Number of the event (or timer) being handled, counted from 1 in this run of the instance.
    pub ordinal: u64,
    /// Place of this order among those sent while handling that event, from 1. With `ordinal` and the run it makes the
    /// client order id unique by construction.
    pub nth: u32,
}

/// Who trades: handed to the desk when an instance starts.
#[derive(Clone, Debug)]
pub struct TradingAccount {
    /// The instance.
    pub instance: InstanceId,
    /// The hash of the revision it runs.
    pub revision: Digest,
    /// How many times this instance was started, this start included. Must never repeat for one instance id, even after
    /// the instance was deleted and made again: client order ids are built from it.
    pub run: u64,
    /// Its providers and their symbols, in the order of the setup; both are what "the first" refers to. Orders outside
    /// the scope are refused.
    pub scope: Vec<(ProviderName, Vec<Symbol>)>,
    /// Orders are logged and not sent.
    pub dry_run: bool,
    /// Limits of this instance on top of the host's: of each pair the stricter counts.
    pub limits: Option<RiskLimits>,
}

/// Why an order or a cancel was not taken. What the guest sees as a JavaScript `Error` with a `code`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct OrderError {
    /// Stable, snake case: a denial code ([`crate::trading::DenialCode`]) or one of [`OrderError::CODES`].
    pub code: &'static str,
    /// What was asked, what is allowed, what to do.
    pub message: String,
}

impl OrderError {
    /// The codes that are not denials: the call itself was wrong, so nothing is recorded and no report comes.
    pub const CODES: [&'static str; 8] = [
        "not_active",
        "unknown_provider",
        "invalid_symbol",
        "invalid_quantity",
        "invalid_price",
        "invalid_client_order_id",
        "duplicate_client_order_id",
        "unknown_order",
    ];

    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl From<&Denial> for OrderError {
    fn from(denial: &Denial) -> Self {
        Self { code: denial.code.as_str(), message: format!("denied: {}", denial.message) }
    }
}

/// Reads the quantity of an order by the one strict decimal grammar.
///
/// # Errors
/// `invalid_quantity` when the text does not follow it.
pub fn parse_quantity(text: &str) -> Result<Decimal, OrderError> {
    decimal::parse(text).map_err(|error| OrderError::new("invalid_quantity", format!("quantity {error}")))
}

/// Reads the price of an order by the one strict decimal grammar.
///
/// # Errors
/// `invalid_price` when the text does not follow it.
pub fn parse_price(text: &str) -> Result<Decimal, OrderError> {
    decimal::parse(text).map_err(|error| OrderError::new("invalid_price", format!("price {error}")))
}
