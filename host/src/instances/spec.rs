//! What a client asks for when it creates an instance, and what is left of that once it is checked. Must not know of
//! HTTP: the API hands over the decoded body as it came.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::error::InstanceError;
use super::restart::RestartRule;
use crate::base::{InstanceId, ProviderName};
use crate::market::Symbol;
use crate::sandbox::LimitOverrides;

/// The body of `POST /strategy/instances`: nothing is trusted yet. `strategy.selector`, `strategy.tag`, `strategy.hash`
/// and `providers` are accepted and ignored, because clients of the gateway send back what they had read.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LaunchRequest {
    /// The id to be.
    pub id: Option<String>,
    /// What to run.
    pub strategy: Option<StrategyRequest>,
    /// Where: provider name to symbols.
    pub scope: BTreeMap<String, ScopeRequest>,
    /// Tighter or wider limits than the host's.
    pub limits: LimitOverrides,
    /// Other answers to faults than the host's.
    pub restart: RestartRule,
    /// Whether it starts by itself.
    pub autostart: bool,
}

/// What to run, as it came.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StrategyRequest {
    /// Any selector.
    pub identifier: Option<String>,
    /// The strategy's own configuration.
    pub config: Map<String, Value>,
}

/// The symbols of one provider, as they came.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ScopeRequest {
    /// In any case, with or without spaces around.
    pub symbols: Vec<String>,
}

/// The symbols of one provider: upper case, sorted, each once. None at a provider that has no market, such as one that passes
/// on signals; at least one in the whole scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProviderScope {
    /// What the instance follows and may trade there.
    pub symbols: Vec<Symbol>,
}

/// Provider to symbols, sorted by name.
pub type Scope = BTreeMap<ProviderName, ProviderScope>;

/// A request that is well formed. Whether its selector, configuration and limits hold is for others to say.
#[derive(Clone, Debug, PartialEq)]
pub struct InstanceSpec {
    /// Its id.
    pub id: InstanceId,
    /// The selector exactly as it was given, trimmed: it says what the instance follows (decision 12).
    pub selector: String,
    /// As it was given; defaults are filled in at launch.
    pub config: Map<String, Value>,
    /// Where it may look and trade.
    pub scope: Scope,
    /// What it wants other than the host's limits.
    pub limits: LimitOverrides,
    /// How its faults are answered, where that differs from the host's ways.
    pub restart: RestartRule,
    /// It starts when it is created and whenever the host starts.
    pub autostart: bool,
}

impl InstanceSpec {
    /// Checks in the gateway's order: id, strategy, symbols; then the grammar of each name.
    ///
    /// # Errors
    /// The first thing that is missing or malformed.
    pub fn parse(request: LaunchRequest) -> Result<Self, InstanceError> {
        let id = trimmed(request.id.as_deref()).ok_or(InstanceError::IdRequired)?.to_owned();
        let strategy = request.strategy.unwrap_or_default();
        let selector = trimmed(strategy.identifier.as_deref()).ok_or(InstanceError::StrategyRequired)?.to_owned();
        let any_symbol = request.scope.values().flat_map(|scope| &scope.symbols).any(|symbol| !symbol.trim().is_empty());
        if !any_symbol {
            return Err(InstanceError::SymbolsRequired);
        }
        request.restart.validate()?;
        Ok(Self {
            id: InstanceId::new(&id)?,
            selector,
            config: strategy.config,
            scope: parse_scopes(&request.scope)?,
            limits: request.limits,
            restart: request.restart,
            autostart: request.autostart,
        })
    }
}

/// The whole scope, names and symbols in their one spelling.
pub(super) fn parse_scopes(asked: &BTreeMap<String, ScopeRequest>) -> Result<Scope, InstanceError> {
    asked.iter().map(|(provider, symbols)| Ok((ProviderName::new(provider.trim())?, parse_scope(symbols)?))).collect()
}

fn parse_scope(asked: &ScopeRequest) -> Result<ProviderScope, InstanceError> {
    let spelled = asked.symbols.iter().map(|symbol| symbol.trim().to_ascii_uppercase()).filter(|symbol| !symbol.is_empty());
    let symbols = spelled.map(|symbol| Symbol::new(&symbol)).collect::<Result<BTreeSet<_>, _>>()?;
    Ok(ProviderScope { symbols: symbols.into_iter().collect() })
}

pub(super) fn trimmed(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(body: Value) -> Result<InstanceSpec, String> {
        InstanceSpec::parse(serde_json::from_value(body).unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_missing_is_named_in_the_gateways_order() {
        let scope = json!({ "p": { "symbols": ["BTC-USDT"] } });
        let cases = [
            (json!({}), "id required"),
            (json!({ "id": " ", "strategy": { "identifier": "noop" } }), "id required"),
            (json!({ "id": "i1", "scope": scope }), "strategy required"),
            (json!({ "id": "i1", "strategy": { "identifier": " " }, "scope": scope }), "strategy required"),
            (json!({ "id": "i1", "strategy": { "identifier": "noop" } }), "symbols required"),
            (
                json!({ "id": "i1", "strategy": { "identifier": "noop" }, "scope": { "p": { "symbols": [" "] } } }),
                "symbols required",
            ),
        ];
        for (body, message) in cases {
            assert_eq!(parse(body).unwrap_err(), message);
        }
    }

    #[test]
    fn symbols_are_trimmed_raised_sorted_and_kept_once() {
        let spec = parse(json!({
            "id": " i1 ",
            "strategy": { "identifier": " noop:v1 ", "config": { "a": 1 } },
            "scope": { " p ": { "symbols": [" eth-usdt", "btc-usdt", "BTC-USDT", ""] } },
        }))
        .unwrap();
        assert_eq!((spec.id.as_str(), spec.selector.as_str()), ("i1", "noop:v1"));
        let symbols: Vec<_> = spec.scope["p"].symbols.iter().map(Symbol::as_str).collect();
        assert_eq!(symbols, ["BTC-USDT", "ETH-USDT"]);
    }

    #[test]
    fn a_provider_may_have_no_symbols_when_another_has() {
        let scope = json!({ "signals": { "symbols": [] }, "p": { "symbols": ["BTC-USDT"] } });
        let spec = parse(json!({ "id": "i1", "strategy": { "identifier": "noop" }, "scope": scope })).unwrap();
        assert!(spec.scope["signals"].symbols.is_empty());
    }

    #[test]
    fn names_keep_their_grammar() {
        let body = |id: &str, symbol: &str| json!({ "id": id, "strategy": { "identifier": "noop" }, "scope": { "p": { "symbols": [symbol] } } });
        assert!(parse(body("a/b", "BTC-USDT")).unwrap_err().contains("instance id `a/b` is not allowed"));
        assert!(parse(body("a", "BTC")).unwrap_err().contains("symbol `BTC` is not allowed"));
    }
}
