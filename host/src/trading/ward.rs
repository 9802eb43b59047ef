//! What risk keeps of one instance from its creation to its deletion, whether or not it is admitted: its guard, its own
//! limits, its used-up day budgets and how far a flatten has come.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use rust_decimal::Decimal;
use smol_str::SmolStr;

use crate::base::{InstanceId, ProviderName, Timestamp};
use crate::bus::locked;
use crate::market::Symbol;
use crate::store::RiskStateRow;
use crate::trading::RiskOverrides;
use crate::trading::risk::{Block, Guard};

/// Shared by all that the desk makes for the instance. Its locks are leaves: nothing else is locked while one is held.
pub(super) struct Ward {
    pub(super) instance: InstanceId,
    pub(super) guard: Mutex<Guard>,
    pub(super) overrides: Mutex<Option<RiskOverrides>>,
    /// Day budgets that are used up.
    pub(super) reached: Mutex<Vec<Reached>>,
    pub(super) closings: Mutex<BTreeMap<(ProviderName, Symbol), Closing>>,
    /// Closing orders so far, over restarts of the host.
    closing_orders: AtomicU64,
}

/// Which budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Budget {
    Loss,
    Fees,
}

/// A day budget that is used up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reached {
    pub(super) budget: Budget,
    /// Quote currency.
    pub(super) currency: SmolStr,
    /// By whose clock the day is counted.
    pub(super) provider: ProviderName,
    pub(super) symbol: Symbol,
    /// Since 1970.
    pub(super) day: u64,
    /// The limit that it was found by: another is asked anew.
    pub(super) most: Decimal,
}

/// How the closing of one position goes.
#[derive(Clone, Debug, Default)]
pub(super) struct Closing {
    /// Orders since the flatten began.
    pub(super) orders: u32,
    /// When the last was sent, by the provider's clock.
    pub(super) sent_at: Timestamp,
    /// The position then.
    pub(super) held: Decimal,
    /// Why it goes no further.
    pub(super) stuck: Option<String>,
}

impl Ward {
    pub(super) fn new(instance: InstanceId) -> Self {
        Self {
            instance,
            guard: Mutex::default(),
            overrides: Mutex::default(),
            reached: Mutex::default(),
            closings: Mutex::default(),
            closing_orders: AtomicU64::new(0),
        }
    }

    /// Takes over what is on record.
    pub(super) fn restore(&self, row: &RiskStateRow) {
        let block = row.stop.clone().map(Block::from_json);
        *locked(&self.guard) = Guard::restored(u32::try_from(row.breaches).unwrap_or(u32::MAX), block);
        self.closing_orders.store(row.closings, Ordering::Release);
    }

    /// What is to be on record of it. `guard` is this ward's own, locked by the caller, so that rows are queued in the order in
    /// which they came about.
    pub(super) fn row(&self, guard: &Guard) -> RiskStateRow {
        RiskStateRow {
            instance: Some(self.instance.clone()),
            breaches: guard.breaches().into(),
            closings: self.closing_orders.load(Ordering::Acquire),
            stop: guard.block().map(Block::to_json),
        }
    }

    /// The number of the next closing order, from 1.
    pub(super) fn next_closing(&self) -> u64 {
        self.closing_orders.fetch_add(1, Ordering::AcqRel) + 1
    }
}
