//! `env.runtime`, what can be asked: the market as the instance has seen it, and whether it may trade.

use super::add;
use crate::js::{Args, JsResult, Value, throw_coded};
use crate::wit::sandpit::strategy::market_data as host;
use crate::{coercions, decimal};

pub fn add_functions(runtime: &Value) -> JsResult<()> {
    add(runtime, "isTradingActive", 0, |_| Ok(Value::bool(host::trading_active())))?;
    add(runtime, "isDryRun", 0, |_| Ok(Value::bool(host::dry_run())))?;
    add(runtime, "providers", 0, |_| Value::array_of_strings(&host::providers()))?;
    add(runtime, "selectProvider", 1, select_provider)?;
    add(runtime, "getLastPrice", 0, |args| price(&args, host::last))?;
    add(runtime, "getBidPrice", 0, |args| price(&args, host::bid))?;
    add(runtime, "getAskPrice", 0, |args| price(&args, host::ask))?;
    add(runtime, "getMarketState", 0, market_state)
}

fn select_provider(args: Args<'_>) -> JsResult<Value> {
    let seed = coercions::seed(args.get(0))?.unwrap_or_else(super::clock::now);
    match host::select_provider(seed) {
        Some(provider) => Value::string(&provider),
        None => Err(throw_coded("unknown_provider", "no providers configured")),
    }
}

/// The optional `(provider, symbol)` at the front of an argument list.
pub fn place(args: &Args<'_>) -> JsResult<(Option<String>, Option<String>)> {
    Ok((coercions::name(args.get(0), "provider")?, coercions::name(args.get(1), "symbol")?))
}

fn price(args: &Args<'_>, ask_host: fn(Option<&str>, Option<&str>) -> Option<String>) -> JsResult<Value> {
    let (provider, symbol) = place(args)?;
    Ok(Value::number(number(ask_host(provider.as_deref(), symbol.as_deref()))))
}

/// A figure for arithmetic; 0 when it is not known.
fn number(text: Option<String>) -> f64 {
    text.and_then(|text| decimal::to_number(&text)).unwrap_or(0.0)
}

fn market_state(args: Args<'_>) -> JsResult<Value> {
    let (provider, symbol) = place(&args)?;
    let state = host::state(provider.as_deref(), symbol.as_deref());
    let (last, bid, ask) = (number(state.last), number(state.bid), number(state.ask));
    let spread = if bid > 0.0 && ask > 0.0 { ask - bid } else { 0.0 };
    let percent = if bid > 0.0 { spread / bid * 100.0 } else { 0.0 };
    let object = Value::object()?;
    for (name, figure) in [("last", last), ("bid", bid), ("ask", ask), ("spread", spread), ("spreadPct", percent)] {
        object.define_str(name, Value::number(figure))?;
    }
    object.define_str("stale", Value::bool(state.stale))?;
    Ok(object)
}
