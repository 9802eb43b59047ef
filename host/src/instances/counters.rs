//! What happened in the life of an instance since the host started: figures for people, never an input of a decision.

use serde::Serialize;
use utoipa::ToSchema;

use crate::sandbox;

/// Fuel of the exports that were called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct FuelUse {
    /// Of the last call.
    pub last: u64,
    /// Of the most expensive one.
    pub max: u64,
    /// Of all.
    pub total: u64,
}

/// Memories and tables of the guest, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct MemoryUse {
    /// Of the guest that runs; 0 when none does.
    pub current: u64,
    /// The most that any guest of this instance had.
    pub peak: u64,
}

/// The tally of one instance. Host lifetime: it goes on over restarts of the guest.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counters {
    /// Over all guests.
    pub fuel: FuelUse,
    /// Over all guests.
    pub memory: MemoryUse,
    /// Events for which a handler ran to its end.
    pub delivered: u64,
    /// Events without a handler, and those that came while no guest was there.
    pub skipped: u64,
    /// Timers that fired.
    pub timers: u64,
    /// Uncaught JavaScript exceptions.
    pub exceptions: u64,
    /// Faults: guests that were thrown away.
    pub faults: u64,
    /// Guests that were started after a fault.
    pub restarts: u64,
    /// What the guests before the present one used.
    past_fuel: u64,
}

impl Counters {
    /// Takes in what the present guest says of itself.
    pub fn observe(&mut self, usage: &sandbox::Usage) {
        self.fuel.last = usage.fuel_last;
        self.fuel.max = self.fuel.max.max(usage.fuel_max);
        self.fuel.total = self.past_fuel + usage.fuel_total;
        self.memory.current = usage.memory_bytes;
        self.memory.peak = self.memory.peak.max(usage.memory_bytes);
    }

    /// The present guest is gone.
    pub fn guest_gone(&mut self) {
        self.past_fuel = self.fuel.total;
        self.memory.current = 0;
    }
}
