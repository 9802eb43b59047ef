//! The one place that configures wasmtime, with the reason of each line, and the process-lifetime `Sandbox` that holds the
//! engine and the linker.

use std::sync::Arc;

use prometheus::{IntCounterVec, IntGauge};
use serde::{Deserialize, Serialize};
use wasmtime::component::Linker;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig};

use crate::base::SystemClock;
use crate::base::metrics::Metrics;
use crate::sandbox::code_cache::CodeCache;
use crate::sandbox::fault::FaultCode;
use crate::sandbox::limits::{LimitError, Limits};
use crate::sandbox::{helpers, stack, state::State};

/// Bytes of one memory slot of the pool: the most that `limits.memoryBytes` can ask for, and a page for a snapshot's accessors.
const SLOT_BYTES: usize = (64 << 20) + (1 << 20);

/// Room above the WebAssembly stack for the host's own frames on a guest's fiber. Less than this ends the process when a
/// guest recurses deeply and then calls the host.
const HOST_STACK_BYTES: usize = 1 << 20;

/// How the process runs guests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SandboxConfig {
    /// Guests that may live at the same time, those that are being compiled included. Each reserves address space
    /// (4 GiB), not memory.
    pub max_guests: u32,
    /// Bytes of WebAssembly stack. The engine's own limit on JavaScript recursion (a catchable `RangeError`) has to be reached
    /// first, so this belongs to the engine and not to the instance.
    pub wasm_stack_bytes: usize,
    /// Fuel after which a running guest lets others run; also how often the deadline is checked. None: never, for
    /// single-threaded replays, where nobody waits and nothing may depend on the machine's speed.
    pub yield_fuel: Option<u64>,
    /// The limits of instances that ask for no others.
    pub limits: Limits,
}

impl Default for SandboxConfig {
    fn default() -> Self {
        Self { max_guests: 1_000, wasm_stack_bytes: 8 << 20, yield_fuel: Some(250_000), limits: Limits::default() }
    }
}

/// The sandbox could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// wasmtime refused the configuration: most likely there is too little address space for `maxGuests`.
    #[error("the sandbox cannot start ({0}): lower sandbox.maxGuests or raise the limit of address space")]
    Engine(String),
    /// A default limit is not allowed.
    #[error(transparent)]
    Limit(#[from] LimitError),
}

/// wasmtime's engine and the linker with every import that a guest may have. Process lifetime; clones share.
#[derive(Clone)]
pub struct Sandbox {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    linker: Linker<State>,
    config: SandboxConfig,
    clock: SystemClock,
    faults: IntCounterVec,
    guests: IntGauge,
    code_cache: Arc<CodeCache>,
    by_hand: bool,
}

impl Sandbox {
    /// Sets up wasmtime. Costs some milliseconds.
    ///
    /// # Errors
    /// [`SandboxError`] when the configuration does not fit the machine or a limit is out of range.
    pub fn new(config: SandboxConfig, metrics: &Metrics) -> Result<Self, SandboxError> {
        Self::set_up(config, false, metrics)
    }

    /// The same for guests whose time is moved by hand ([`Pace::Virtual`](crate::sandbox::Pace::Virtual)): none ever waits or
    /// gives way, so that a call is over when it returns, and nothing depends on the machine's speed.
    ///
    /// # Errors
    /// As for [`Sandbox::new`].
    pub fn by_hand(config: SandboxConfig, metrics: &Metrics) -> Result<Self, SandboxError> {
        Self::set_up(SandboxConfig { yield_fuel: None, ..config }, true, metrics)
    }

    fn set_up(config: SandboxConfig, by_hand: bool, metrics: &Metrics) -> Result<Self, SandboxError> {
        config.limits.validate()?;
        let code_cache = Arc::new(CodeCache::default());
        let engine = wasmtime_config(&config, code_cache.clone())
            .and_then(|wasmtime| Engine::new(&wasmtime))
            .map_err(|error| SandboxError::Engine(format!("{error:#}")))?;
        let mut linker = Linker::new(&engine);
        helpers::link(&mut linker, by_hand).map_err(|error| SandboxError::Engine(format!("{error:#}")))?;
        let faults = metrics.counter_vec(
            "sandpit_guest_faults_total",
            "Guests that were thrown away, by fault code and whose failure it was.",
            &["code", "blame"],
        );
        for code in FaultCode::ALL {
            faults.with_label_values(&[code.as_str(), code.blame().as_str()]);
        }
        let guests = metrics.gauge("sandpit_guests", "Guests that are alive.");
        let clock = SystemClock::new();
        Ok(Self { inner: Arc::new(Inner { engine, linker, config, clock, faults, guests, code_cache, by_hand }) })
    }

    /// How it was set up.
    pub fn config(&self) -> &SandboxConfig {
        &self.inner.config
    }

    /// Whether time is moved by hand here.
    pub(super) fn is_by_hand(&self) -> bool {
        self.inner.by_hand
    }

    /// Runs `work`, which calls guests of this sandbox, on a thread with room for them.
    pub(super) fn with_room<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        // The guest's part, the host's above it, and as much again for the caller's below it.
        stack::with_room(self.inner.config.wasm_stack_bytes + 2 * HOST_STACK_BYTES, work)
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    pub(crate) fn linker(&self) -> &Linker<State> {
        &self.inner.linker
    }

    /// The machine's clock, for deadlines only: nothing that a guest sees comes from it.
    pub(crate) fn clock(&self) -> &SystemClock {
        &self.inner.clock
    }

    /// Counts a fault.
    pub(crate) fn count_fault(&self, code: FaultCode) {
        self.inner.faults.with_label_values(&[code.as_str(), code.blame().as_str()]).inc();
    }

    pub(super) fn guests(&self) -> &IntGauge {
        &self.inner.guests
    }

    /// Native code of functions that were compiled before: what makes the second compilation of the same engine fast.
    pub(crate) fn code_cache(&self) -> &CodeCache {
        &self.inner.code_cache
    }
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").field("config", &self.inner.config).finish_non_exhaustive()
    }
}

fn wasmtime_config(config: &SandboxConfig, code_cache: Arc<CodeCache>) -> wasmtime::Result<Config> {
    let mut wasmtime = Config::new();
    wasmtime
        // Deterministic limits: the same events use the same fuel on every machine.
        .consume_fuel(true)
        // No epochs: fuel yields give the deadline a place to be checked without their 12 to 16 % (docs/decisions/0002).
        .epoch_interruption(false)
        // The engine's limit on JavaScript recursion lies below this; the rest of the fiber is for the host's frames.
        .max_wasm_stack(config.wasm_stack_bytes)
        .async_stack_size(config.wasm_stack_bytes + HOST_STACK_BYTES)
        // A guest never finds what another left on a stack.
        .async_stack_zeroing(true)
        // A guest's memory is a private view of its revision's image: pages are copied when they are written.
        .memory_init_cow(true)
        .guard_before_linear_memory(true)
        // The same bits for NaN everywhere, or replays differ.
        .cranelift_nan_canonicalization(true)
        .cranelift_opt_level(OptLevel::Speed)
        // Nothing that the engine does not use: every proposal left out is code that cannot have a hole.
        .wasm_relaxed_simd(false)
        .wasm_simd(false)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_tail_call(false)
        .wasm_extended_const(false)
        .wasm_wide_arithmetic(false)
        .wasm_custom_page_sizes(false)
        .wasm_shared_everything_threads(false)
        .gc_support(false)
        .shared_memory(false)
        .concurrency_support(false)
        // Authors get JavaScript stacks; WebAssembly's would show the engine's functions. Without them a trap is cheap and
        // the code a third smaller.
        .wasm_backtrace_max_frames(None)
        .generate_address_map(false)
        .native_unwind_info(false)
        .enable_incremental_compilation(code_cache)?
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool(config.max_guests)));
    Ok(wasmtime)
}

/// Slots for `guests` components. A component is the engine's module, the two small modules that join it to its imports
/// and, while a snapshot is taken, the accessors of its state.
fn pool(guests: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(guests)
        .max_component_instance_size(1 << 20)
        .max_core_instances_per_component(4)
        .total_core_instances(guests.saturating_mul(4))
        .max_core_instance_size(1 << 20)
        .max_memories_per_component(1)
        .max_memories_per_module(1)
        .total_memories(guests)
        .max_memory_size(SLOT_BYTES)
        .max_tables_per_component(4)
        .max_tables_per_module(2)
        .total_tables(guests.saturating_mul(4))
        .table_elements(10_000)
        .total_stacks(guests)
        // Slots that stay warm for one image; more would keep memory that was asked back.
        .max_unused_warm_slots(100)
        .decommit_batch_size(16)
        // 1 MiB here once kept a gigabyte after a thousand guests had gone.
        .linear_memory_keep_resident(0)
        .table_keep_resident(0);
    pool
}

/// The version of wasmtime that this binary was built with, as its lock file says.
pub fn wasmtime_version() -> &'static str {
    let lock = include_str!("../../../Cargo.lock");
    let entry = lock.split_once("name = \"wasmtime\"\nversion = \"").map(|(_, rest)| rest);
    entry.and_then(|rest| rest.split_once('"')).map_or("unknown", |(version, _)| version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_the_runtime_is_known() {
        assert!(wasmtime_version().starts_with("48."), "{}", wasmtime_version());
    }
}
