//! The figures of a round that one wants to see move, and what moved since the round before. Must not know of terminals.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use smol_str::SmolStr;

use super::round::Round;
use crate::cli::output::{bytes, grouped};
use crate::cli::report::short;
use crate::cli::test::suite::Outcome;

/// Of one round that was played.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Figures {
    orders: usize,
    fills: usize,
    exceptions: u64,
    faults: usize,
    scenarios: usize,
    passed: usize,
    /// Net profit by currency.
    net: BTreeMap<SmolStr, Decimal>,
    /// Median by handler.
    fuel: BTreeMap<String, u64>,
    memory: u64,
}

impl Figures {
    /// None when nothing was played.
    pub(super) fn of(round: &Round) -> Option<Self> {
        let Some(Ok(report)) = &round.played else { return None };
        Some(Self {
            orders: report.orders.len(),
            fills: report.fills.len(),
            exceptions: report.exception_count,
            faults: report.faults.len(),
            scenarios: round.scenarios.len(),
            passed: round.scenarios.iter().filter(|outcome| Outcome::is_ok(outcome)).count(),
            net: report.profit.iter().map(|(currency, line)| (currency.clone(), line.net)).collect(),
            fuel: report.fuel.iter().map(|(handler, fuel)| (handler.clone(), fuel.median)).collect(),
            memory: report.peak_memory_bytes,
        })
    }

    /// What is other than it was: `+3 orders`, `profit USDT -0.4`, `fuel onTrade +120 (+1.2 %)`.
    pub(super) fn since(&self, before: &Self) -> Vec<String> {
        let count = |now: usize, then: usize, word: &str| changed(now as u64, then as u64).map(|by| plural(&by, word));
        let mut all: Vec<Option<String>> = vec![
            count(self.orders, before.orders, "order"),
            count(self.fills, before.fills, "fill"),
            changed(self.exceptions, before.exceptions).map(|by| plural(&by, "exception")),
            count(self.faults, before.faults, "fault"),
            count(self.scenarios, before.scenarios, "scenario"),
            count(self.passed, before.passed, "passed"),
        ];
        let currencies = before.net.keys().chain(self.net.keys().filter(|currency| !before.net.contains_key(*currency)));
        all.extend(currencies.map(|currency| {
            let of = |figures: &Self| figures.net.get(currency).copied().unwrap_or_default();
            let by = of(self) - of(before);
            let sign = if by.is_sign_negative() { "" } else { "+" };
            (!by.is_zero()).then(|| format!("profit {currency} {sign}{}", short(by)))
        }));
        let handlers = before.fuel.keys().chain(self.fuel.keys().filter(|handler| !before.fuel.contains_key(*handler)));
        all.extend(handlers.map(|handler| fuel(handler, self.fuel.get(handler).copied(), before.fuel.get(handler).copied())));
        all.push(changed(self.memory, before.memory).map(|_| memory(self.memory, before.memory)));
        all.into_iter().flatten().collect()
    }
}

/// `+3`, `-1,000`; none when it is the same.
fn changed(now: u64, then: u64) -> Option<String> {
    let sign = if now > then { '+' } else { '-' };
    (now != then).then(|| format!("{sign}{}", grouped(now.abs_diff(then))))
}

fn plural(by: &str, word: &str) -> String {
    let alone = word == "passed" || by.trim_start_matches(['+', '-']) == "1";
    format!("{by} {word}{}", if alone { "" } else { "s" })
}

fn memory(now: u64, then: u64) -> String {
    format!("memory {}{}", if now > then { '+' } else { '-' }, bytes(now.abs_diff(then)))
}

fn fuel(handler: &str, now: Option<u64>, then: Option<u64>) -> Option<String> {
    match (now, then) {
        (Some(now), Some(then)) => {
            let by = changed(now, then)?;
            let share = (Decimal::from(now) - Decimal::from(then)) * Decimal::ONE_HUNDRED / Decimal::from(then.max(1));
            let share = share.round_dp(1).normalize();
            Some(format!("fuel {handler} {by} ({}{share} %)", if share.is_sign_negative() { "" } else { "+" }))
        }
        (Some(now), None) => Some(format!("fuel {handler} {} (new)", grouped(now))),
        (None, Some(_)) => Some(format!("{handler} is not called any more")),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_moved_is_said() {
        let before = Figures {
            orders: 9,
            fills: 4,
            scenarios: 2,
            passed: 2,
            net: [("USDT".into(), "1.5".parse().unwrap())].into(),
            fuel: [("onTrade".to_owned(), 10_000), ("timer".to_owned(), 5)].into(),
            memory: 1 << 20,
            ..Figures::default()
        };
        assert_eq!(before.since(&before), Vec::<String>::new());
        let now = Figures {
            orders: 12,
            fills: 3,
            exceptions: 1_200,
            passed: 1,
            net: [("USDT".into(), "1.1".parse().unwrap()), ("EUR".into(), "2".parse().unwrap())].into(),
            fuel: [("onTrade".to_owned(), 10_120), ("onTicker".to_owned(), 7_000)].into(),
            memory: 3 << 19,
            ..before
        };
        let expected = [
            "+3 orders",
            "-1 fill",
            "+1,200 exceptions",
            "-1 passed",
            "profit USDT -0.4",
            "profit EUR +2",
            "fuel onTrade +120 (+1.2 %)",
            "timer is not called any more",
            "fuel onTicker 7,000 (new)",
            "memory +512.0 KiB",
        ];
        assert_eq!(now.since(&before), expected);
    }
}
