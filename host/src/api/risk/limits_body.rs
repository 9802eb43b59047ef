//! The bodies in which limits come: keys in camelCase or as the gateway writes them (`MaxPositionSize`), amounts as texts or
//! numbers. Must not know what the limits are for.

use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::api::error::{ApiError, Code};
use crate::trading::{HostLimits, LimitsError, RiskLimits, RiskOverrides};

/// The keys of limits, of the circuit breaker in them, and of what all instances share.
const LIMITS: &[&str] = &[
    "maxPositionSize",
    "maxNotionalValue",
    "notionalCurrency",
    "orderThrottle",
    "orderBurst",
    "maxConcurrentOrders",
    "priceBandPercent",
    "allowedOrderTypes",
    "killSwitchEnabled",
    "maxRiskBreaches",
    "circuitBreaker",
    "maxLossPerDay",
    "maxFeesPerDay",
];
const BREAKER: &[&str] = &["enabled", "threshold", "cooldown"];
const HOST: &[&str] = &["orderThrottle", "maxConcurrentOrders", "maxPositionSize", "maxNotionalValue"];

/// The body of `PUT /risk/limits`.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct HostLimitsBody(pub(super) Map<String, Value>);

/// The body of `PUT /risk/instances/{id}/limits`.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct OwnLimitsBody(pub(super) Map<String, Value>);

/// Keys in any case and amounts as texts or numbers: more than a schema could say.
fn any_object(text: &str, example: Value) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::Object).description(Some(text)).examples([example]).into()
}

impl PartialSchema for HostLimitsBody {
    fn schema() -> RefOr<Schema> {
        let text = "Limits as `GET /risk/limits` answers them, or the object under `limits` alone. Keys may begin with a capital, amounts \
                    may be numbers.";
        let example = json!({
            "maxPositionSize": "250", "maxNotionalValue": "50000", "notionalCurrency": "USDT", "orderThrottle": "5", "orderBurst": 3,
        });
        any_object(text, example)
    }
}

impl ToSchema for HostLimitsBody {}

impl PartialSchema for OwnLimitsBody {
    fn schema() -> RefOr<Schema> {
        let text = "Limits of one instance, each of which may be absent. Keys may begin with a capital, amounts may be numbers.";
        any_object(text, json!({ "maxPositionSize": "0.5", "maxLossPerDay": "250" }))
    }
}

impl ToSchema for OwnLimitsBody {}

/// What `PUT /risk/limits` replaces.
pub(in crate::api) struct Wanted {
    pub(in crate::api) limits: RiskLimits,
    /// Left as it is when absent.
    pub(in crate::api) host: Option<HostLimits>,
}

/// Reads the gateway's flat object of limits, or `{limits, host}`.
pub(in crate::api) fn host_limits(body: Map<String, Value>) -> Result<Wanted, ApiError> {
    if !body.keys().any(|key| key.eq_ignore_ascii_case("limits") || key.eq_ignore_ascii_case("host")) {
        return Ok(Wanted { limits: limits(body)?, host: None });
    }
    let mut body = spelled("", body, &["limits", "host"])?;
    let host = match body.shift_remove("host") {
        None | Some(Value::Null) => None,
        Some(host) => Some(shared(object("host", host)?)?),
    };
    let given = body.shift_remove("limits").unwrap_or_else(|| json!({}));
    Ok(Wanted { limits: limits(object("limits", given)?)?, host })
}

/// Reads limits of one instance: each may be absent.
pub(in crate::api) fn overrides(body: Map<String, Value>) -> Result<RiskOverrides, ApiError> {
    let mut body = spelled("", body, LIMITS)?;
    if body.shift_remove("notionalCurrency").is_some() {
        return Err(invalid("notionalCurrency", "is the host's: an instance has none of its own"));
    }
    if let Some(breaker) = body.get_mut("circuitBreaker").filter(|breaker| !breaker.is_null()) {
        *breaker = Value::Object(spelled("circuitBreaker.", object("circuitBreaker", breaker.take())?, BREAKER)?);
    }
    let overrides: RiskOverrides = typed(body)?;
    overrides.validate().map_err(|error| ApiError::from(&error))?;
    Ok(overrides)
}

/// All of them at once, with what the gateway requires and how it reads what is out of range.
fn limits(body: Map<String, Value>) -> Result<RiskLimits, ApiError> {
    let mut body = spelled("", body, LIMITS)?;
    body.retain(|_, value| !value.is_null());
    for required in ["maxPositionSize", "maxNotionalValue", "notionalCurrency"] {
        if body.get(required).is_none_or(blank) {
            return Err(invalid(required, "required"));
        }
    }
    body.entry("orderThrottle").or_insert_with(|| json!(0));
    let negative = |value: &Value| value.as_f64().is_some_and(|number| number < 0.0);
    for (key, least) in [("orderBurst", 1), ("maxConcurrentOrders", 0), ("priceBandPercent", 0)] {
        if let Some(value) = body.get_mut(key)
            && (negative(value) || value.as_f64().is_some_and(|number| number < f64::from(least)) && key == "orderBurst")
        {
            *value = json!(least);
        }
    }
    if let Some(given) = body.shift_remove("circuitBreaker") {
        let breaker = breaker(spelled("circuitBreaker.", object("circuitBreaker", given)?, BREAKER)?)?;
        body.insert("circuitBreaker".to_owned(), Value::Object(breaker));
    }
    let limits: RiskLimits = typed(body)?;
    limits.validate().map_err(|error| ApiError::from(&error))?;
    Ok(limits)
}

/// A breaker that is given is off unless it says otherwise; of one that is off nothing else is asked.
fn breaker(mut given: Map<String, Value>) -> Result<Map<String, Value>, ApiError> {
    given.retain(|_, value| !value.is_null());
    let enabled = given.entry("enabled").or_insert_with(|| json!(false)) == &json!(true);
    if enabled && given.get("cooldown").is_none_or(blank) {
        return Err(invalid("circuitBreaker.cooldown", "required when enabled"));
    }
    if !enabled {
        given.retain(|key, _| key == "enabled");
    }
    Ok(given)
}

fn shared(given: Map<String, Value>) -> Result<HostLimits, ApiError> {
    let host: HostLimits = typed(spelled("host.", given, HOST)?)?;
    let count = |given: Option<u32>| given.map(Decimal::from);
    for (field, value) in [
        ("host.orderThrottle", count(host.order_throttle)),
        ("host.maxConcurrentOrders", count(host.max_concurrent_orders)),
        ("host.maxPositionSize", host.max_position_size),
        ("host.maxNotionalValue", host.max_notional_value),
    ] {
        if value.is_some_and(|value| value <= Decimal::ZERO) {
            return Err(invalid(field, "must be greater than 0; leave it out for no limit"));
        }
    }
    Ok(host)
}

/// The same object with its keys spelled as we do.
fn spelled(within: &str, given: Map<String, Value>, known: &[&str]) -> Result<Map<String, Value>, ApiError> {
    let mut body = Map::new();
    for (key, value) in given {
        let Some(name) = known.iter().find(|name| name.eq_ignore_ascii_case(&key)) else {
            let key: String = key.chars().take(80).flat_map(char::escape_debug).collect();
            let message = format!("body: unknown field `{within}{key}`, expected one of {}", known.join(", "));
            return Err(ApiError::new(Code::UnknownField, message));
        };
        if body.insert((*name).to_owned(), value).is_some() {
            return Err(invalid(&format!("{within}{name}"), "is given twice"));
        }
    }
    Ok(body)
}

fn object(field: &str, value: Value) -> Result<Map<String, Value>, ApiError> {
    match value {
        Value::Object(object) => Ok(object),
        _ => Err(invalid(field, "must be an object")),
    }
}

fn blank(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// Field by field, so that the message names the one that does not fit.
fn typed<T: DeserializeOwned>(body: Map<String, Value>) -> Result<T, ApiError> {
    for (key, value) in &body {
        let alone = Map::from_iter([(key.clone(), value.clone())]);
        if let Err(error) = serde_json::from_value::<T>(Value::Object(alone)) {
            return Err(invalid(key, &format!("is not right: {error}")));
        }
    }
    serde_json::from_value(Value::Object(body)).map_err(|error| ApiError::new(Code::RiskLimitsInvalid, error.to_string()))
}

fn invalid(field: &str, rule: &str) -> ApiError {
    ApiError::new(Code::RiskLimitsInvalid, format!("{field} {rule}")).with_details(json!({ "field": field, "rule": rule }))
}

impl From<&LimitsError> for ApiError {
    fn from(error: &LimitsError) -> Self {
        invalid(error.field, error.rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(body: Value) -> Result<RiskLimits, String> {
        let Value::Object(body) = body else { panic!("an object") };
        host_limits(body).map(|wanted| wanted.limits).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn the_gateways_texts() {
        let with = |key: &str, value: Value| {
            let mut body =
                json!({ "MaxPositionSize": "10", "maxNotionalValue": 100, "NotionalCurrency": "USDT", "orderThrottle": 5 });
            body.as_object_mut().unwrap().retain(|known, _| !known.eq_ignore_ascii_case(key));
            body[key] = value;
            put(body)
        };
        let cases = [
            ("maxPositionSize", json!(null), "maxPositionSize required"),
            ("maxPositionSize", json!("0"), "maxPositionSize must be greater than 0"),
            ("maxNotionalValue", json!(" "), "maxNotionalValue required"),
            ("maxNotionalValue", json!(-1), "maxNotionalValue must be greater than 0"),
            ("notionalCurrency", json!(""), "notionalCurrency required"),
            ("orderThrottle", json!(null), "orderThrottle must be > 0"),
            ("orderThrottle", json!(-2), "orderThrottle must be > 0"),
            ("circuitBreaker", json!({ "enabled": true, "threshold": 4 }), "circuitBreaker.cooldown required when enabled"),
            ("maxRiskBreaches", json!(0), "maxRiskBreaches must be greater than 0"),
        ];
        for (key, value, text) in cases {
            assert_eq!(with(key, value).unwrap_err(), text);
        }
        assert_eq!(put(json!({})).unwrap_err(), "maxPositionSize required");
        assert!(with("maxLoss", json!(1)).unwrap_err().contains("unknown field `maxLoss`"));
        assert!(with("orderBurst", json!("x")).unwrap_err().starts_with("orderBurst is not right"));
        assert!(with("MAXPOSITIONSIZE", json!("1e3")).unwrap_err().starts_with("maxPositionSize is not right"));

        assert_eq!(with("orderBurst", json!(-3)).unwrap().order_burst, 1);
        assert_eq!(with("orderBurst", json!(0)).unwrap().order_burst, 1);
        assert_eq!(with("maxConcurrentOrders", json!(-3)).unwrap().max_concurrent_orders, 0);
        assert!(with("PriceBandPercent", json!(-0.5)).unwrap().price_band_percent.is_zero());
        let off = with("CircuitBreaker", json!({ "Enabled": false, "Threshold": 0, "Cooldown": "" })).unwrap();
        assert!(!off.circuit_breaker.enabled);
        let on = with("CircuitBreaker", json!({ "Enabled": true, "Threshold": 7, "Cooldown": "1m30s" })).unwrap();
        assert_eq!((on.circuit_breaker.threshold, on.circuit_breaker.cooldown.as_secs()), (7, 90));
        let types = with("allowedOrderTypes", json!([" limit", "LIMIT", "Market", "market ", "Stop "])).unwrap();
        assert_eq!(serde_json::to_value(types.allowed_order_types).unwrap(), json!(["limit", "Market", "Stop"]));
    }

    #[test]
    fn overrides_are_read_the_same_way() {
        let read = |body: Value| {
            let Value::Object(body) = body else { panic!("an object") };
            overrides(body).map_err(|error| error.message().to_owned())
        };
        let own = read(json!({ "MaxFeesPerDay": "1.5", "circuitBreaker": { "Threshold": 2 }, "orderBurst": null })).unwrap();
        assert_eq!(serde_json::to_value(own).unwrap(), json!({ "circuitBreaker": { "threshold": 2 }, "maxFeesPerDay": "1.5" }));
        assert_eq!(read(json!({ "orderBurst": 0 })).unwrap_err(), "orderBurst must be greater than 0");
        assert!(read(json!({ "notionalCurrency": "EUR" })).unwrap_err().starts_with("notionalCurrency is the host's"));
        assert!(read(json!({ "circuitBreaker": 3 })).unwrap_err().starts_with("circuitBreaker must be an object"));
    }
}
