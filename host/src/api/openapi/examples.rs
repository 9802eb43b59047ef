//! The examples of bodies: one story about the strategy that `docs/strategy.md` begins with. A test plays it over the routes.

use serde_json::{Value, json};

use crate::base::Digest;

/// The source of the story.
pub(in crate::api) const SOURCE: &str = include_str!("first.js");

/// Of `POST` and `PUT` of modules.
pub(in crate::api) fn upload() -> Value {
    json!({ "source": SOURCE, "promoteLatest": true, "reason": "the first one" })
}

/// Of a refresh.
pub(in crate::api) fn targets() -> Value {
    json!({ "strategies": ["first"] })
}

/// Of a tag that is moved.
pub(in crate::api) fn assignment() -> Value {
    json!({ "hash": Digest::of(SOURCE.as_bytes()), "refresh": true, "reason": "passed the soak" })
}

/// Of a kill switch that is engaged.
pub(in crate::api) fn kill_switch() -> Value {
    json!({ "action": "cancel", "reason": "odd fills" })
}

/// Of an instance to be.
pub(in crate::api) fn instance() -> Value {
    json!({
        "id": "first",
        "strategy": { "identifier": "first:v1.0.0", "config": { "large": 0.5 } },
        "scope": { "paper": { "symbols": ["BTC-USDT"] } },
        "limits": { "fuelPerEvent": 20_000_000 },
    })
}

/// Of a provider to be.
pub(in crate::api) fn provider() -> Value {
    json!({ "name": "signals", "adapter": { "identifier": "extension", "config": { "token": "made-up-by-its-operator" } } })
}

/// Of signals from outside.
pub(in crate::api) fn signals() -> Value {
    json!({ "events": [{ "payload": { "mood": "risk off" } }] })
}

/// Of a run over recorded data.
pub(in crate::api) fn backtest() -> Value {
    json!({
        "id": "first",
        "strategy": { "identifier": "first:v1.0.0", "config": { "large": 0.5 } },
        "data": ["btcusdt-20240808"],
        "venue": { "latencyMs": 5 },
        "limits": { "fuelPerEvent": 20_000_000 },
        "seed": 7,
    })
}

/// Of a change of that instance.
pub(in crate::api) fn change() -> Value {
    json!({ "id": "first", "strategy": { "config": { "large": 0.75 } }, "restart": { "policy": "always" } })
}

/// Of a restore that says what it would do.
pub(in crate::api) fn restore() -> Value {
    json!({ "mode": "merge", "dryRun": true, "providers": [], "lambdas": [] })
}
