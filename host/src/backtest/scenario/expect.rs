//! What a document expects, held against what happened. Decimals are compared by their value, words without regard to case;
//! what an expectation leaves out may be anything.

use std::collections::BTreeMap;

use regex_lite::Regex;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::answer::Failing;
use super::figure::{Bytes, Figure, plain};
use crate::backtest::ledger::PlayedOrder;
use crate::backtest::report::PlayedLine;
use crate::backtest::stage::Picture;

/// Expectations as they are written. All of them hold, or the scenario fails.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Expectations {
    /// All orders in the order they were sent, denied ones among them.
    orders: Option<Vec<Map<String, Value>>>,
    order_count: Option<usize>,
    fill_count: Option<usize>,
    position: Option<BTreeMap<String, Figure>>,
    fuel_below: Option<FuelBelow>,
    memory_below: Option<Bytes>,
    log: Option<Vec<Line>>,
    no_log: Option<Vec<Line>>,
    exceptions: Option<u64>,
    faults: Option<u64>,
    #[serde(default, deserialize_with = "present")]
    saved: Option<Value>,
}

fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// Of every call, or by handler.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "fuel is expected: a whole number, or one by handler such as {\"onTrade\": 20000}")]
enum FuelBelow {
    All(u64),
    Each(BTreeMap<String, u64>),
}

/// A line that contains a text, or matches a regular expression.
#[derive(Clone, Debug)]
enum Line {
    Contains(String),
    Matches(Regex),
}

impl<'de> Deserialize<'de> for Line {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Pattern {
            matches: String,
        }
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Self::Contains(text)),
            value => {
                let rule = |_| D::Error::custom("a line is a text that it contains, or {\"matches\": \"regular expression\"}");
                let Pattern { matches } = Pattern::deserialize(value).map_err(rule)?;
                Regex::new(&matches).map(Self::Matches).map_err(D::Error::custom)
            }
        }
    }
}

impl Line {
    fn fits(&self, line: &PlayedLine) -> bool {
        match self {
            Self::Contains(text) => line.text.contains(text),
            Self::Matches(pattern) => pattern.is_match(&line.text),
        }
    }

    fn shown(&self) -> Value {
        match self {
            Self::Contains(text) => json!(text),
            Self::Matches(pattern) => json!({ "matches": pattern.as_str() }),
        }
    }
}

/// Log lines that a failure shows.
const TAIL: usize = 10;

/// Where failures go, and where they are.
struct Book<'a> {
    at: &'a str,
    failures: &'a mut Vec<Failing>,
}

impl Book<'_> {
    fn hold<T: Into<Value> + PartialEq>(&mut self, key: &str, message: &str, expected: T, actual: T) {
        if expected != actual {
            self.fail(key, message, expected.into(), actual.into());
        }
    }

    fn fail(&mut self, key: &str, message: impl Into<String>, expected: Value, actual: Value) {
        let at = format!("{}.{key}", self.at);
        self.failures.push(Failing { at, message: message.into(), expected: Some(expected), actual: Some(actual) });
    }
}

impl Expectations {
    /// Notes everything that is not so. At the end (`last`) a scenario that does not speak of exceptions and faults expects none.
    pub(super) fn check(&self, seen: &Picture, at: &str, last: bool, failures: &mut Vec<Failing>) {
        let mut book = Book { at, failures };
        if let Some(orders) = &self.orders {
            self.orders(orders, &seen.orders, &mut book);
        }
        if let Some(count) = self.order_count {
            book.hold("orderCount", "another number of orders was sent", count, seen.orders.len());
        }
        if let Some(count) = self.fill_count {
            book.hold("fillCount", "another number of fills came", count, seen.fills);
        }
        for (symbol, Figure(expected)) in self.position.iter().flatten() {
            if !seen.traded.contains(symbol) {
                let message = format!("{symbol} is not traded here: {} is", seen.traded.join(", "));
                book.fail(&format!("position.{symbol}"), message, json!(expected), Value::Null);
                continue;
            }
            let actual = seen.positions.get(symbol).copied().unwrap_or_default();
            if actual != *expected {
                book.fail(&format!("position.{symbol}"), "another position is held", json!(expected), json!(actual));
            }
        }
        self.means(seen, &mut book);
        self.lines(seen, &mut book);
        let zero = |given: Option<u64>| if last { Some(given.unwrap_or(0)) } else { given };
        if let Some(expected) = zero(self.exceptions).filter(|expected| *expected != seen.exception_count) {
            let message = "another number of exceptions went uncaught";
            book.fail("exceptions", message, json!(expected), json!(seen.exception_count));
        }
        let faults = seen.faults.len() as u64;
        if let Some(expected) = zero(self.faults).filter(|expected| *expected != faults) {
            book.fail("faults", "another number of faults ended a guest", json!(expected), json!(faults));
        }
        if let Some(expected) = self.saved.as_ref().filter(|expected| **expected != seen.saved) {
            book.fail("saved", "something else was saved last", expected.clone(), seen.saved.clone());
        }
    }

    fn orders(&self, expected: &[Map<String, Value>], actual: &[PlayedOrder], book: &mut Book<'_>) {
        let actual: Vec<Value> = actual.iter().map(|order| serde_json::to_value(order).unwrap_or_default()).collect();
        for (place, expected) in expected.iter().enumerate() {
            let Some(actual) = actual.get(place) else {
                book.fail(&format!("orders[{place}]"), "no such order was sent", json!(expected), Value::Null);
                continue;
            };
            for (key, expected) in expected {
                let Some(actual) = actual.get(key) else {
                    let known: Vec<_> = actual.as_object().into_iter().flat_map(Map::keys).map(String::as_str).collect();
                    let message = format!("an order has no `{key}`: it has {}", known.join(", "));
                    book.fail(&format!("orders[{place}].{key}"), message, expected.clone(), Value::Null);
                    continue;
                };
                if !same(expected, actual) {
                    let message = format!("{key} of order {place} is another");
                    book.fail(&format!("orders[{place}].{key}"), message, expected.clone(), actual.clone());
                }
            }
        }
        if actual.len() > expected.len() {
            let rest = &actual[expected.len()..];
            let rest: Vec<_> = rest.iter().take(TAIL).cloned().collect();
            let message = format!("{} more orders were sent than expected", actual.len() - expected.len());
            book.fail(&format!("orders[{}]", expected.len()), message, Value::Null, json!(rest));
        }
    }

    /// Fuel and memory.
    fn means(&self, seen: &Picture, book: &mut Book<'_>) {
        let most = |handler: &str| seen.fuel.get(handler).map(|fuel| fuel.max);
        match &self.fuel_below {
            Some(FuelBelow::All(limit)) => {
                for (handler, fuel) in seen.fuel.iter().filter(|(handler, fuel)| *handler != "create" && fuel.max >= *limit) {
                    let message = format!("a call of {handler} used as much fuel or more");
                    book.fail("fuelBelow", message, json!(limit), json!(fuel.max));
                }
            }
            Some(FuelBelow::Each(limits)) => {
                for (handler, limit) in limits {
                    let key = format!("fuelBelow.{handler}");
                    match most(handler) {
                        None => {
                            let called: Vec<_> = seen.fuel.keys().cloned().collect();
                            book.fail(&key, format!("{handler} was never called"), json!(limit), json!(called));
                        }
                        Some(fuel) if fuel >= *limit => {
                            book.fail(&key, format!("a call of {handler} used as much fuel or more"), json!(limit), json!(fuel));
                        }
                        Some(_) => {}
                    }
                }
            }
            None => {}
        }
        if let Some(Bytes(limit)) = self.memory_below.filter(|limit| seen.peak_memory_bytes >= limit.0) {
            book.fail(
                "memoryBelow",
                "the guest used as much memory or more, in bytes",
                json!(limit),
                json!(seen.peak_memory_bytes),
            );
        }
    }

    fn lines(&self, seen: &Picture, book: &mut Book<'_>) {
        let tail = || -> Value {
            let from = seen.log.len().saturating_sub(TAIL);
            seen.log[from..].iter().map(|line| line.text.as_str()).collect::<Vec<_>>().into()
        };
        for (place, line) in self.log.iter().flatten().enumerate() {
            if !seen.log.iter().any(|logged| line.fits(logged)) {
                book.fail(
                    &format!("log[{place}]"),
                    "no line of the log is like this; its newest lines are",
                    line.shown(),
                    tail(),
                );
            }
        }
        for (place, line) in self.no_log.iter().flatten().enumerate() {
            if let Some(logged) = seen.log.iter().find(|logged| line.fits(logged)) {
                book.fail(&format!("noLog[{place}]"), "a line of the log is like this", line.shown(), json!(logged.text));
            }
        }
    }
}

/// Decimals by value, words without regard to case, everything else as it is.
fn same(expected: &Value, actual: &Value) -> bool {
    let decimal = |value: &Value| match value {
        Value::String(text) => text.parse::<Decimal>().ok(),
        Value::Number(number) => plain(number).parse().ok(),
        _ => None,
    };
    match (expected, actual, decimal(expected), decimal(actual)) {
        (_, _, Some(expected), Some(actual)) => expected == actual,
        (Value::String(expected), Value::String(actual), ..) => expected.eq_ignore_ascii_case(actual),
        _ => expected == actual,
    }
}
