//! Limits that an operator sets for one instance, on top of the host's.

use std::time::Duration;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::market::DecimalText;
use crate::trading::limits::LimitsError;
use crate::trading::wire::{maybe_amount, maybe_duration};
use crate::trading::{OrderTypes, RiskLimits};

/// What is absent is as the host says. Of each pair the stricter counts, so nothing here loosens a limit of the host. Names,
/// units and ranges are those of [`RiskLimits`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RiskOverrides {
    /// Base currency.
    #[serde(with = "maybe_amount", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<DecimalText>, nullable = false)]
    pub max_position_size: Option<Decimal>,
    /// Quote currency.
    #[serde(with = "maybe_amount", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<DecimalText>, nullable = false)]
    pub max_notional_value: Option<Decimal>,
    /// Orders per second.
    #[serde(with = "maybe_amount", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<DecimalText>, nullable = false)]
    pub order_throttle: Option<Decimal>,
    /// Orders at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub order_burst: Option<u32>,
    /// Open orders per provider and symbol; 0 for no limit of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub max_concurrent_orders: Option<u32>,
    /// Percent; 0 for no band of its own.
    #[serde(with = "maybe_amount", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<DecimalText>, nullable = false)]
    pub price_band_percent: Option<Decimal>,
    /// Only those that the host allows as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub allowed_order_types: Option<OrderTypes>,
    /// Switched on by either.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub kill_switch_enabled: Option<bool>,
    /// Breaches.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub max_risk_breaches: Option<u32>,
    /// Each part by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub circuit_breaker: Option<BreakerOverrides>,
    /// Quote currency, each by itself.
    #[serde(with = "maybe_amount", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<DecimalText>, nullable = false)]
    pub max_loss_per_day: Option<Decimal>,
    /// Quote currency, each by itself.
    #[serde(with = "maybe_amount", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<DecimalText>, nullable = false)]
    pub max_fees_per_day: Option<Decimal>,
}

/// The circuit breaker's part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct BreakerOverrides {
    /// Without a breaker the kill switch stays until an operator comes: `false` is the stricter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub enabled: Option<bool>,
    /// Breaches.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub threshold: Option<u32>,
    /// The longer is the stricter.
    #[serde(with = "maybe_duration", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    pub cooldown: Option<Duration>,
}

impl RiskOverrides {
    /// Checks the ranges of what is given.
    ///
    /// # Errors
    /// [`LimitsError`] naming the first field that is out of range.
    pub fn validate(&self) -> Result<(), LimitsError> {
        self.over(&RiskLimits::default()).validate()
    }

    /// What holds for an instance with these overrides: of each pair the stricter.
    #[must_use]
    pub fn under(&self, host: &RiskLimits) -> RiskLimits {
        host.stricter(&self.over(host))
    }

    /// `host` with what is given in its place, stricter or not.
    fn over(&self, host: &RiskLimits) -> RiskLimits {
        let mut own = host.clone();
        fn set<T: Clone>(place: &mut T, given: Option<&T>) {
            if let Some(given) = given {
                place.clone_from(given);
            }
        }
        set(&mut own.max_position_size, self.max_position_size.as_ref());
        set(&mut own.max_notional_value, self.max_notional_value.as_ref());
        set(&mut own.order_throttle, self.order_throttle.as_ref());
        set(&mut own.order_burst, self.order_burst.as_ref());
        set(&mut own.max_concurrent_orders, self.max_concurrent_orders.as_ref());
        set(&mut own.price_band_percent, self.price_band_percent.as_ref());
        set(&mut own.allowed_order_types, self.allowed_order_types.as_ref());
        set(&mut own.kill_switch_enabled, self.kill_switch_enabled.as_ref());
        set(&mut own.max_risk_breaches, self.max_risk_breaches.as_ref());
        if let Some(breaker) = &self.circuit_breaker {
            set(&mut own.circuit_breaker.enabled, breaker.enabled.as_ref());
            set(&mut own.circuit_breaker.threshold, breaker.threshold.as_ref());
            set(&mut own.circuit_breaker.cooldown, breaker.cooldown.as_ref());
        }
        own.max_loss_per_day = self.max_loss_per_day.or(own.max_loss_per_day);
        own.max_fees_per_day = self.max_fees_per_day.or(own.max_fees_per_day);
        own
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_absent_is_the_hosts_and_nothing_is_loosened() {
        let host = RiskLimits { max_loss_per_day: Some(Decimal::from(50)), ..RiskLimits::default() };
        assert_eq!(RiskOverrides::default().under(&host), host);
        let given = json!({
            "maxPositionSize": "10", "orderBurst": 9, "maxLossPerDay": 100, "maxFeesPerDay": "0.5", "allowedOrderTypes": ["limit"],
            "circuitBreaker": { "threshold": 1 },
        });
        let own: RiskOverrides = serde_json::from_value(given.clone()).unwrap();
        let both = own.under(&host);
        assert_eq!((both.max_position_size, both.order_burst), (Decimal::TEN, host.order_burst));
        assert_eq!((both.max_loss_per_day, both.max_fees_per_day), (Some(Decimal::from(50)), Some(Decimal::new(5, 1))));
        assert_eq!((both.allowed_order_types.to_string().as_str(), both.circuit_breaker.threshold), ("Limit", 1));
        let written = serde_json::to_value(&own).unwrap();
        assert_eq!(serde_json::from_value::<RiskOverrides>(written.clone()).unwrap(), own);
        assert_eq!(written.as_object().unwrap().len(), given.as_object().unwrap().len(), "nothing is invented: {written}");
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (given, field) in [
            (json!({ "orderBurst": 0 }), "orderBurst"),
            (json!({ "maxFeesPerDay": "-1" }), "maxFeesPerDay"),
            (json!({ "allowedOrderTypes": ["Stop"] }), "allowedOrderTypes"),
        ] {
            let own: RiskOverrides = serde_json::from_value(given).unwrap();
            assert_eq!(own.validate().unwrap_err().field, field);
        }
        assert!(serde_json::from_value::<RiskOverrides>(json!({ "maxPositionsize": 1 })).is_err());
    }
}
