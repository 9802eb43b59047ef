//! Why the risk check refused an order: one table of stable codes, each with the gateway's breach type.

use std::collections::BTreeMap;

/// A refusal by our own risk check, with its numbers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("denied: {}: {message}", code.as_str())]
pub struct Denial {
    /// Which rule.
    pub code: DenialCode,
    /// What was asked, what is allowed, what to do.
    pub message: String,
    /// The numbers behind it, by the gateway's names (`projectedPosition`, `maxPosition`...).
    pub metrics: BTreeMap<String, String>,
}

impl Denial {
    pub(crate) fn new(code: DenialCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), metrics: BTreeMap::new() }
    }

    /// Adds one of the numbers behind it.
    pub(crate) fn with(mut self, name: &str, value: &impl ToString) -> Self {
        self.metrics.insert(name.to_owned(), value.to_string());
        self
    }
}

/// The breach type of the kill switch and the circuit breaker themselves.
pub(crate) const KILL_SWITCH: &str = "KILL_SWITCH";

/// The breach types of the day budgets: told once when one is reached and once when its day ends, not with every denial.
pub(crate) const DAILY_LOSS: &str = "DAILY_LOSS";
/// See [`DAILY_LOSS`].
pub(crate) const DAILY_FEES: &str = "DAILY_FEES";

macro_rules! denial_codes {
    ($($variant:ident $code:literal $breach:expr, $doc:literal;)*) => {
        /// The rules of the risk check.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum DenialCode {
            $(#[doc = $doc] $variant,)*
        }

        impl DenialCode {
            /// All of them, in the order of the check.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable code: in errors, reports, metrics.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The gateway's breach type, for the risk event. A denial without one is no misdeed: no risk event goes with it.
            pub fn breach_type(self) -> Option<&'static str> {
                match self { $(Self::$variant => $breach,)* }
            }

            /// Whether it counts towards `maxRiskBreaches`. Being stopped already does not, nor does what is no misdeed.
            pub fn counts_as_breach(self) -> bool {
                self.breach_type().is_some_and(|breach| breach != KILL_SWITCH)
            }

            /// One sentence for the documentation.
            pub fn describe(self) -> &'static str {
                match self { $(Self::$variant => $doc,)* }
            }
        }
    };
}

denial_codes! {
    TradingDisabled "trading_disabled" None, "Trading is switched off at this provider: the default for venues with real money.";
    ProviderUnavailable "provider_unavailable" None, "The provider is not running.";
    ProviderDisconnected "provider_disconnected" None, "The connection to the provider is lost; it is being restored.";
    KillSwitchEngaged "kill_switch_engaged" Some(KILL_SWITCH), "The kill switch of the instance or of the host is engaged until an operator resets it.";
    CircuitBreakerOpen "circuit_breaker_open" Some(KILL_SWITCH), "The circuit breaker of the instance is open until its cooldown is over.";
    RateLimited "rate_limited" Some("RATE_LIMIT"), "More orders per second than the throttle allows.";
    OrderTypeNotAllowed "order_type_not_allowed" Some("ORDER_TYPE"), "The order type is not among the allowed ones.";
    TimeInForceNotAllowed "time_in_force_not_allowed" Some("ORDER_VALIDATION"), "A market order that is to stay in the book.";
    QuantityNotPositive "quantity_not_positive" Some("ORDER_VALIDATION"), "The quantity is zero or negative.";
    QuantityPrecision "quantity_precision" Some("ORDER_VALIDATION"), "The quantity is not a multiple of the instrument's step.";
    QuantityOutOfRange "quantity_out_of_range" Some("ORDER_VALIDATION"), "The quantity is below the instrument's smallest or above its largest.";
    PriceMissing "price_missing" Some("ORDER_VALIDATION"), "A limit order without a price, or with one that is zero or negative.";
    PricePrecision "price_precision" Some("ORDER_VALIDATION"), "The price is not a multiple of the instrument's tick.";
    NotionalTooSmall "notional_too_small" Some("ORDER_VALIDATION"), "Price times quantity is below the instrument's minimum.";
    PriceUnavailable "price_unavailable" Some("PRICE_BAND"), "A market order before any price of the symbol was seen.";
    PriceOutsideBand "price_outside_band" Some("PRICE_BAND"), "The limit price is further from the reference price than the band allows.";
    PositionLimit "position_limit" Some("POSITION_LIMIT"), "The position, with all open orders of the side filled, would exceed the maximum.";
    NotionalLimit "notional_limit" Some("NOTIONAL_LIMIT"), "The value of that position would exceed the maximum.";
    TooManyOpenOrders "too_many_open_orders" Some("CONCURRENCY"), "As many orders of the symbol are open as may be.";
    DailyLossLimit "daily_loss_limit" None, "The instance lost as much as it may in one day: until the day ends, only orders that reduce a position pass.";
    DailyFeeLimit "daily_fee_limit" None, "The instance paid as many fees as it may in one day: until the day ends, only orders that reduce a position pass.";
    JournalUnavailable "journal_unavailable" None, "The order could not be put on record, so it was not sent.";
    SelfTrade "self_trade" None, "The order would match another open order of the same account.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_breach_types_are_the_gateways() {
        let codes: BTreeSet<_> = DenialCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(codes.len(), DenialCode::ALL.len());
        assert!(codes.iter().all(|code| code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')), "{codes:?}");
        let breaches: BTreeSet<_> = DenialCode::ALL.iter().filter_map(|code| code.breach_type()).collect();
        let gateway = [
            "CONCURRENCY",
            "KILL_SWITCH",
            "NOTIONAL_LIMIT",
            "ORDER_TYPE",
            "ORDER_VALIDATION",
            "POSITION_LIMIT",
            "PRICE_BAND",
            "RATE_LIMIT",
        ];
        assert_eq!(breaches, BTreeSet::from(gateway));
    }

    #[test]
    fn a_denial_reads_as_the_report_that_carries_it() {
        let denial = Denial::new(DenialCode::RateLimited, "5 per second").with("rate", &5);
        assert_eq!(denial.to_string(), "denied: rate_limited: 5 per second");
        assert_eq!(denial.metrics["rate"], "5");
    }
}
