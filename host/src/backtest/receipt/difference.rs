//! Where a run differs from a receipt: in its inputs, known before it runs; in its results, known afterwards.

use serde::Serialize;
use serde_json::Value;

use super::{FORMAT, Receipt};
use crate::backtest::report::PlayReport;

/// Inputs that are listed at most.
const LISTED: usize = 20;

/// One difference.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// What differs: `data[0].hash`, `orders[17]`, `fuel.onTrade.total`.
    pub at: String,
    /// What the receipt has.
    pub receipt: Value,
    /// What there is now.
    pub now: Value,
    /// What that means.
    pub message: String,
}

/// Why the receipt itself cannot be what a run wrote; none when it can.
pub fn edited(receipt: &Receipt) -> Option<String> {
    if receipt.format != FORMAT {
        return Some(format!("its format is {}, this program reads format {FORMAT}", receipt.format));
    }
    if receipt.inputs.digest() != receipt.inputs_hash {
        return Some("its inputs are not those of its inputs hash: the file was changed after it was written".to_owned());
    }
    if receipt.results.digest() != receipt.results_hash {
        return Some("its results are not those of its results hash: the file was changed after it was written".to_owned());
    }
    // Neither `every` nor the digests are under a hash, and places are computed from them.
    let results = &receipt.results;
    let strange = [("orders", &results.orders), ("fills", &results.fills)].into_iter().find(|(_, trail)| !trail.is_regular());
    strange.map(|(noun, trail)| {
        let (digests, count, every) = (trail.digests.len(), trail.count, trail.every);
        format!("its {noun} are {count} with {digests} digests, one for every {every}: the file was changed after it was written")
    })
}

impl Receipt {
    /// The inputs that differ, before anything runs.
    pub fn inputs_that_differ(&self, now: &super::Inputs) -> Vec<Difference> {
        let mut found = Vec::new();
        let value = |inputs: &super::Inputs| serde_json::to_value(inputs).unwrap_or_default();
        collect("", &value(&self.inputs), &value(now), &mut found);
        found.truncate(LISTED);
        found
    }

    /// Where the results first differ: the first order, the first fill, the first handler's fuel. Empty when they are the same.
    pub fn results_that_differ(&self, report: &PlayReport) -> Vec<Difference> {
        let mut found = Vec::new();
        let trail = &self.results.orders;
        if let Some(place) = trail.first_difference(&trail.again(&report.orders)) {
            found.push(item("order", place, (trail.count, trail.every), &report.orders));
        }
        let trail = &self.results.fills;
        if let Some(place) = trail.first_difference(&trail.again(&report.fills)) {
            found.push(item("fill", place, (trail.count, trail.every), &report.fills));
        }
        let now = super::Results::of(report);
        let fuel = |results: &super::Results| serde_json::to_value(&results.fuel).unwrap_or_default();
        let mut burnt = Vec::new();
        collect("fuel", &fuel(&self.results), &fuel(&now), &mut burnt);
        found.extend(burnt.into_iter().take(1));
        found
    }
}

/// The first order or fill that differs. The receipt has no more than digests of it.
fn item<T: Serialize>(noun: &str, (place, exact): (usize, bool), (count, every): (usize, usize), items: &[T]) -> Difference {
    let now = items.get(place).map(|item| serde_json::to_value(item).unwrap_or_default()).unwrap_or_default();
    let message = match (place < count, place < items.len()) {
        (true, true) if exact => format!("{noun} {place} (counted from 0) is the first that differs"),
        (true, true) => format!("the first {noun} that differs is one of {place} to {} (counted from 0)", place + every - 1),
        (true, false) => format!("the run ends after {} {noun}s, the receipt has {count}", items.len()),
        (false, _) => format!("the run goes on after the {count} {noun}s of the receipt: it has {}", items.len()),
    };
    Difference { at: format!("{noun}s[{place}]"), receipt: Value::Null, now, message }
}

/// Every leaf that differs.
fn collect(at: &str, receipt: &Value, now: &Value, found: &mut Vec<Difference>) {
    if receipt == now {
        return;
    }
    match (receipt, now) {
        (Value::Object(left), Value::Object(right)) => {
            let path = |key: &str| if at.is_empty() { key.to_owned() } else { format!("{at}.{key}") };
            for (key, value) in left {
                collect(&path(key), value, right.get(key).unwrap_or(&Value::Null), found);
            }
            for (key, value) in right.iter().filter(|(key, _)| !left.contains_key(key.as_str())) {
                collect(&path(key), &Value::Null, value, found);
            }
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            for (place, (left, right)) in left.iter().zip(right).enumerate() {
                collect(&format!("{at}[{place}]"), left, right, found);
            }
        }
        _ => found.push(Difference {
            at: at.to_owned(),
            receipt: receipt.clone(),
            now: now.clone(),
            message: format!("{} is {now} now, the receipt says {receipt}", meaning(at)),
        }),
    }
}

/// What people call an input.
fn meaning(at: &str) -> String {
    match at {
        "revision" => "the hash of the source".to_owned(),
        "engine" => "the hash of the JavaScript engine".to_owned(),
        "host" => "the version of Sandpit".to_owned(),
        "wasmtime" => "the version of wasmtime".to_owned(),
        _ => at.to_owned(),
    }
}
