//! The limits of the risk check, with the gateway's names and defaults.

use std::time::Duration;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::market::{DecimalText, OrderType};
use crate::trading::OrderTypes;
use crate::trading::wire::{amount, maybe_amount, text_duration};

/// Everything the risk check is configured with.
///
/// # Whose limits are whose
/// `limits` holds for **each instance on its own**: its positions, its open orders, its throttle, its breaches and its kill
/// switch. An instance may bring limits of its own; of each pair the stricter counts. So an instance that orders without
/// end is denied, breaches its own limits and engages its own kill switch, and its neighbours notice nothing.
///
/// `host` holds for all instances of a provider together. It is off by default, because whatever is shared can be used up by
/// one at the cost of the others. The kill switch of the whole host is engaged by an operator only, never by a breach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RiskConfig {
    /// Of each instance.
    pub limits: RiskLimits,
    /// Of all instances together.
    pub host: HostLimits,
    /// How many denials per second (and at once) of one instance become a report, a risk event and a row in the database.
    /// What is above is still returned to the caller and counted. It bounds what an instance that orders without end costs
    /// in memory and on disk, and ends the endless chain of a handler that answers each denial with an order. Default 20.
    pub denial_notices_per_second: u32,
}

impl Default for RiskConfig {
    fn default() -> Self {
        Self { limits: RiskLimits::default(), host: HostLimits::default(), denial_notices_per_second: 20 }
    }
}

/// Limits of all instances of a provider together; each is off when absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct HostLimits {
    /// Orders per second at one provider; the burst is one second's worth.
    #[schema(required)]
    pub order_throttle: Option<u32>,
    /// Open orders at one provider.
    #[schema(required)]
    pub max_concurrent_orders: Option<u32>,
    /// Largest sum of all instances' positions either way per provider and symbol, with all open orders of the order's side filled.
    /// Base currency. It is summed up at each order: some ten microseconds with a thousand instances.
    #[serde(with = "maybe_amount")]
    #[schema(value_type = Option<DecimalText>, required)]
    pub max_position_size: Option<Decimal>,
    /// Largest value of that sum at the order's price, in the symbol's own quote currency.
    #[serde(with = "maybe_amount")]
    #[schema(value_type = Option<DecimalText>, required)]
    pub max_notional_value: Option<Decimal>,
}

/// Limits of one instance. The names on the wire are the gateway's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RiskLimits {
    /// Largest position either way per provider and symbol, with all open orders of the order's side filled. Base currency,
    /// above 0. Default 250. Orders that bring a position nearer to zero are allowed beyond it.
    #[serde(with = "amount")]
    #[schema(value_type = DecimalText)]
    pub max_position_size: Decimal,
    /// Largest value of that position at the order's price (a market order: at the reference price). Above 0. Default 50000.
    /// Counted in the symbol's own quote currency: nothing is converted.
    #[serde(with = "amount")]
    #[schema(value_type = DecimalText)]
    pub max_notional_value: Decimal,
    /// The currency that `max_notional_value` was thought in. For people: see there.
    pub notional_currency: String,
    /// Orders per second at one provider, by the provider's clock. Above 0. Default 5.
    #[serde(with = "amount")]
    #[schema(value_type = DecimalText)]
    pub order_throttle: Decimal,
    /// Orders at once, before the throttle counts. At least 1. Default 3.
    pub order_burst: u32,
    /// Open orders per provider and symbol; 0 for no limit. Default 6.
    pub max_concurrent_orders: u32,
    /// How far a limit price may lie from the reference price (the newest of last trade, ticker and book mid), in percent; 0 for
    /// no band. Default 1.
    #[serde(with = "amount")]
    #[schema(value_type = DecimalText)]
    pub price_band_percent: Decimal,
    /// Default both.
    pub allowed_order_types: OrderTypes,
    /// Whether breaches engage the kill switch or the circuit breaker. Default true.
    pub kill_switch_enabled: bool,
    /// Breaches until the kill switch is engaged; at least 1. Default 3.
    pub max_risk_breaches: u32,
    /// Makes an engaged kill switch let go by itself.
    pub circuit_breaker: CircuitBreaker,
    /// Most that may be lost in one UTC day by the provider's clock: fees paid, minus profit realised, plus what open positions
    /// would lose if closed now (gains that are not realised do not count). Of each quote currency by itself, above 0. Once it is
    /// reached, only orders that reduce a position pass until the day ends. Absent for no limit, which is the default.
    #[serde(with = "maybe_amount")]
    #[schema(value_type = Option<DecimalText>, required)]
    pub max_loss_per_day: Option<Decimal>,
    /// Most fees that may be paid in one such day, in the same way. Absent for no limit, which is the default.
    #[serde(with = "maybe_amount")]
    #[schema(value_type = Option<DecimalText>, required)]
    pub max_fees_per_day: Option<Decimal>,
}

/// When it is enabled, breaches open it for the cooldown instead of stopping the instance until an operator comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CircuitBreaker {
    /// Default true.
    pub enabled: bool,
    /// Breaches until it opens; at least 1. Default 4, so that with the default `maxRiskBreaches` of 3 the kill switch comes first.
    pub threshold: u32,
    /// How long nothing is sent, by the provider's clock. Written `90s`. Default 90 s.
    #[serde(with = "text_duration")]
    #[schema(value_type = String, examples("90s"))]
    pub cooldown: Duration,
}

impl Default for CircuitBreaker {
    fn default() -> Self {
        Self { enabled: true, threshold: 4, cooldown: Duration::from_secs(90) }
    }
}

impl Default for RiskLimits {
    fn default() -> Self {
        Self {
            max_position_size: Decimal::from(250),
            max_notional_value: Decimal::from(50_000),
            notional_currency: "USDT".to_owned(),
            order_throttle: Decimal::from(5),
            order_burst: 3,
            max_concurrent_orders: 6,
            price_band_percent: Decimal::ONE,
            allowed_order_types: OrderTypes::from([OrderType::Limit, OrderType::Market]),
            kill_switch_enabled: true,
            max_risk_breaches: 3,
            circuit_breaker: CircuitBreaker::default(),
            max_loss_per_day: None,
            max_fees_per_day: None,
        }
    }
}

/// A limit that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {rule}")]
pub struct LimitsError {
    /// Its name on the wire.
    pub field: &'static str,
    /// What is allowed.
    pub rule: &'static str,
}

impl RiskLimits {
    /// Checks the ranges that the fields state.
    ///
    /// # Errors
    /// [`LimitsError`] naming the first field that is out of range.
    pub fn validate(&self) -> Result<(), LimitsError> {
        let above_zero = "must be greater than 0";
        let rules = [
            ("maxPositionSize", self.max_position_size > Decimal::ZERO, above_zero),
            ("maxNotionalValue", self.max_notional_value > Decimal::ZERO, above_zero),
            ("notionalCurrency", !self.notional_currency.is_empty(), "required"),
            ("orderThrottle", self.order_throttle > Decimal::ZERO, "must be > 0"),
            ("orderThrottle", self.order_throttle <= Decimal::from(1_000_000), "must be at most 1000000"),
            ("orderBurst", self.order_burst > 0, above_zero),
            ("priceBandPercent", self.price_band_percent >= Decimal::ZERO, "must not be negative"),
            ("allowedOrderTypes", self.allowed_order_types.allows_any(), "must name at least one of Limit and Market"),
            ("maxRiskBreaches", self.max_risk_breaches > 0, above_zero),
            ("circuitBreaker.threshold", self.circuit_breaker.threshold > 0, above_zero),
            ("circuitBreaker.cooldown", !self.circuit_breaker.cooldown.is_zero(), above_zero),
            ("maxLossPerDay", self.max_loss_per_day.is_none_or(|most| most > Decimal::ZERO), above_zero),
            ("maxFeesPerDay", self.max_fees_per_day.is_none_or(|most| most > Decimal::ZERO), above_zero),
        ];
        match rules.into_iter().find(|(_, holds, _)| !holds) {
            Some((field, _, rule)) => Err(LimitsError { field, rule }),
            None => Ok(()),
        }
    }

    /// Of each pair the stricter one.
    #[must_use]
    pub fn stricter(&self, other: &Self) -> Self {
        /// 0 stands for "no limit".
        fn bounded<T: Ord + Default>(one: T, two: T) -> T {
            if one == T::default() || two == T::default() { one.max(two) } else { one.min(two) }
        }
        let both = |one: Option<Decimal>, two: Option<Decimal>| one.into_iter().chain(two).min();
        Self {
            max_position_size: self.max_position_size.min(other.max_position_size),
            max_notional_value: self.max_notional_value.min(other.max_notional_value),
            notional_currency: self.notional_currency.clone(),
            order_throttle: self.order_throttle.min(other.order_throttle),
            order_burst: self.order_burst.min(other.order_burst),
            max_concurrent_orders: bounded(self.max_concurrent_orders, other.max_concurrent_orders),
            price_band_percent: bounded(self.price_band_percent, other.price_band_percent),
            allowed_order_types: self.allowed_order_types.and(&other.allowed_order_types),
            kill_switch_enabled: self.kill_switch_enabled || other.kill_switch_enabled,
            max_risk_breaches: self.max_risk_breaches.min(other.max_risk_breaches),
            circuit_breaker: CircuitBreaker {
                // Without a breaker the kill switch stays until an operator comes: that is the stricter way.
                enabled: self.circuit_breaker.enabled && other.circuit_breaker.enabled,
                threshold: self.circuit_breaker.threshold.min(other.circuit_breaker.threshold),
                cooldown: self.circuit_breaker.cooldown.max(other.circuit_breaker.cooldown),
            },
            max_loss_per_day: both(self.max_loss_per_day, other.max_loss_per_day),
            max_fees_per_day: both(self.max_fees_per_day, other.max_fees_per_day),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_defaults_are_the_gateways() {
        let expected = json!({
            "maxPositionSize": "250", "maxNotionalValue": "50000", "notionalCurrency": "USDT", "orderThrottle": "5", "orderBurst": 3,
            "maxConcurrentOrders": 6, "priceBandPercent": "1", "allowedOrderTypes": ["Limit", "Market"], "killSwitchEnabled": true,
            "maxRiskBreaches": 3, "circuitBreaker": { "enabled": true, "threshold": 4, "cooldown": "90s" },
            "maxLossPerDay": null, "maxFeesPerDay": null,
        });
        assert_eq!(serde_json::to_value(RiskLimits::default()).unwrap(), expected);
        assert_eq!(serde_json::from_value::<RiskLimits>(expected).unwrap(), RiskLimits::default());
        assert_eq!(RiskLimits::default().validate(), Ok(()));
    }

    #[test]
    fn amounts_are_read_from_strings_and_numbers_and_never_guessed() {
        let read = |value: serde_json::Value| serde_json::from_value::<RiskLimits>(json!({ "orderThrottle": value }));
        for (value, text) in [(json!("0.5"), "0.5"), (json!(0.5), "0.5"), (json!(7), "7"), (json!(0.1), "0.1")] {
            assert_eq!(read(value).unwrap().order_throttle.to_string(), text);
        }
        for bad in [json!("1e3"), json!(""), json!(1e300), json!(null), json!(true), json!([1])] {
            assert!(read(bad.clone()).is_err(), "{bad}");
        }
        assert!(serde_json::from_value::<RiskConfig>(json!({ "limit": {} })).is_err(), "unknown keys are errors");
    }

    #[test]
    fn limits_that_make_no_sense_are_named() {
        type Break = fn(&mut RiskLimits);
        let broken: [(&str, Break); 10] = [
            ("maxPositionSize", |limits| limits.max_position_size = Decimal::ZERO),
            ("maxNotionalValue", |limits| limits.max_notional_value = Decimal::NEGATIVE_ONE),
            ("notionalCurrency", |limits| limits.notional_currency.clear()),
            ("orderThrottle", |limits| limits.order_throttle = Decimal::ZERO),
            ("orderBurst", |limits| limits.order_burst = 0),
            ("priceBandPercent", |limits| limits.price_band_percent = Decimal::NEGATIVE_ONE),
            ("allowedOrderTypes", |limits| limits.allowed_order_types = OrderTypes::default()),
            ("maxRiskBreaches", |limits| limits.max_risk_breaches = 0),
            ("circuitBreaker.cooldown", |limits| limits.circuit_breaker.cooldown = Duration::ZERO),
            ("maxLossPerDay", |limits| limits.max_loss_per_day = Some(Decimal::ZERO)),
        ];
        for (field, break_it) in broken {
            let mut limits = RiskLimits::default();
            break_it(&mut limits);
            assert_eq!(limits.validate().map_err(|error| error.field), Err(field));
        }
    }

    #[test]
    fn of_each_pair_the_stricter_counts_and_0_is_no_limit() {
        let one = RiskLimits { max_concurrent_orders: 0, price_band_percent: Decimal::ZERO, ..RiskLimits::default() };
        let two = RiskLimits {
            max_position_size: Decimal::from(300),
            order_throttle: Decimal::ONE,
            allowed_order_types: OrderTypes::from([OrderType::Market]),
            max_loss_per_day: Some(Decimal::TEN),
            circuit_breaker: CircuitBreaker { enabled: true, threshold: 2, cooldown: Duration::from_secs(600) },
            ..RiskLimits::default()
        };
        let both = one.stricter(&two);
        assert_eq!(both, two.stricter(&one));
        assert_eq!(
            (both.max_position_size, both.order_throttle, both.max_concurrent_orders),
            (Decimal::from(250), Decimal::ONE, 6)
        );
        assert_eq!((both.price_band_percent, both.allowed_order_types), (Decimal::ONE, OrderTypes::from([OrderType::Market])));
        assert_eq!((both.max_loss_per_day, both.max_fees_per_day), (Some(Decimal::TEN), None));
        assert_eq!((both.circuit_breaker.threshold, both.circuit_breaker.cooldown), (2, Duration::from_secs(600)));
        assert_eq!(one.stricter(&one), one);
    }
}
