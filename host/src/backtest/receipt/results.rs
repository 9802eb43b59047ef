//! The results of a run in short: chains of digests over its orders and its fills, and the fuel of each handler.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::backtest::report::PlayReport;
use crate::base::{Digest, canonical};

/// Digests that a trail has at most.
const TRAIL: usize = 10_000;

/// Hex digits of each: enough to see a difference, not to prove that there is none. That is the results hash's part.
const DIGITS: usize = 12;

/// What came out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Results {
    /// In the order that they were sent.
    pub orders: Trail,
    /// In their order.
    pub fills: Trail,
    /// By handler.
    pub fuel: BTreeMap<String, Fuel>,
}

/// The fuel of one handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fuel {
    /// Calls.
    pub count: u64,
    /// Of all.
    pub total: u64,
    /// Of the most expensive one.
    pub max: u64,
}

/// A chain of digests: each is over the one before and the item, so the first that differs says where the items first do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Trail {
    /// Items.
    pub count: usize,
    /// The last digest of the chain.
    pub hash: Digest,
    /// Every so many items one digest is kept.
    pub every: usize,
    /// The first digits of the kept ones.
    pub digests: Vec<String>,
}

impl Results {
    /// Of a report.
    pub fn of(report: &PlayReport) -> Self {
        let fuel = |(handler, fuel): (&String, &crate::backtest::report::HandlerFuel)| {
            (handler.clone(), Fuel { count: fuel.count, total: fuel.total, max: fuel.max })
        };
        Self { orders: Trail::of(&report.orders), fills: Trail::of(&report.fills), fuel: report.fuel.iter().map(fuel).collect() }
    }

    /// SHA-256 over the canonical JSON of counts, last digests and fuel.
    pub fn digest(&self) -> Digest {
        canonical::digest(&serde_json::json!({
            "orders": { "count": self.orders.count, "hash": self.orders.hash },
            "fills": { "count": self.fills.count, "hash": self.fills.hash },
            "fuel": self.fuel,
        }))
    }
}

impl Trail {
    pub(super) fn of<T: Serialize>(items: &[T]) -> Self {
        Self::with(items, items.len().div_ceil(TRAIL).max(1))
    }

    /// The same chain with as many digests as `self` has.
    pub(super) fn again<T: Serialize>(&self, items: &[T]) -> Self {
        Self::with(items, self.every.max(1))
    }

    fn with<T: Serialize>(items: &[T], every: usize) -> Self {
        let mut link = [0_u8; 32];
        let mut digests = Vec::with_capacity(items.len() / every);
        for (place, item) in items.iter().enumerate() {
            let mut hash = Sha256::new();
            hash.update(link);
            hash.update(canonical::text(item).as_bytes());
            link = hash.finalize().into();
            if (place + 1) % every == 0 {
                digests.push(Digest::from_bytes(link).hex().chars().take(DIGITS).collect());
            }
        }
        Self { count: items.len(), hash: Digest::from_bytes(link), every, digests }
    }

    /// Whether it has as many digests as a trail of so many items has.
    pub(super) fn is_regular(&self) -> bool {
        self.count.checked_div(self.every) == Some(self.digests.len())
    }

    /// The place of the first item that can differ, and whether it surely is that one; none when the items are the same.
    pub(super) fn first_difference(&self, other: &Self) -> Option<(usize, bool)> {
        if self.count == other.count && self.hash == other.hash {
            return None;
        }
        let same = self.digests.iter().zip(&other.digests).take_while(|(left, right)| left == right).count();
        Some((same * self.every, self.every == 1))
    }
}
