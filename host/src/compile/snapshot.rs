//! The engine with a source evaluated inside, frozen into a component of its own: every instance starts from there.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use wasmtime::Store;
use wasmtime::component::{Component, ComponentNamedList, Instance, Lift, WasmList};
use wasmtime_wizer::{ComponentContext, ComponentInstanceState, Wizer};

use super::engine::ENGINE;
use crate::compile::{Diagnostic, Source, Stage};
use crate::sandbox::bindings::{Strategy, StrategyPre, types};
use crate::sandbox::call::{Watch, classify, supervise};
use crate::sandbox::state::State;
use crate::sandbox::{Fault, FaultCode, Limits, Sandbox, new_store};

/// Bytes of a component: the engine takes 1.2 MB of it. More is a source that builds large values at its top level.
const COMPONENT_BYTES: usize = 16 << 20;

/// What the accessors of a snapshot write into: a page for each of their two passes.
const ACCESSOR_BYTES: usize = 2 * 65_536;

/// The engine with accessors of its whole state, ready to evaluate sources. Made once per process.
pub(super) struct Loader {
    sandbox: Sandbox,
    wizer: Wizer,
    context: ComponentContext<'static>,
    pre: StrategyPre<State>,
}

/// A source that was evaluated.
pub(super) struct Evaluated {
    /// Engine, source and evaluated module in one.
    pub(super) component: Vec<u8>,
    /// What it says about itself, not yet checked.
    pub(super) metadata: types::Metadata,
    /// What the evaluation used.
    pub(super) fuel: u64,
}

/// Why a source was not evaluated.
pub(super) enum LoadFailure {
    /// Something is wrong with it.
    Diagnostic(Box<Diagnostic>),
    /// Something is wrong with us.
    Host(String),
}

impl From<wasmtime::Error> for LoadFailure {
    fn from(error: wasmtime::Error) -> Self {
        Self::Host(format!("{error:#}"))
    }
}

fn wizer() -> Wizer {
    let mut wizer = Wizer::new();
    // The exports stay as they are: an instance never calls `load`, and its type is part of the world.
    wizer.init_func("load").keep_init_func(true);
    wizer
}

/// The engine's component with the accessors added.
pub(super) fn instrument() -> wasmtime::Result<(ComponentContext<'static>, Vec<u8>)> {
    wizer().instrument_component(ENGINE)
}

impl Loader {
    /// `native` is the compiled result of [`instrument`].
    pub(super) fn new(sandbox: &Sandbox, context: ComponentContext<'static>, native: &Component) -> wasmtime::Result<Self> {
        let pre = StrategyPre::new(sandbox.linker().instantiate_pre(native)?)?;
        Ok(Self { sandbox: sandbox.clone(), wizer: wizer(), context, pre })
    }

    /// Evaluates a source under the limits of a load, with no helper to call, and freezes the result.
    pub(super) async fn evaluate(&self, source: &Source, limits: &Limits) -> Result<Evaluated, LoadFailure> {
        let fuel = limits.fuel_per_load;
        let mut store = new_store(&self.sandbox, State::loading(limits.memory_bytes), fuel)?;
        let instance =
            self.pre.instance_pre().instantiate_async(&mut store).await.map_err(|error| capacity(&error, &mut store))?;
        let exports = Strategy::new(&mut store, &instance)?;

        let files: Vec<_> = source.files().iter().map(|file| types::SourceFile { path: &file.path, text: file.text() }).collect();
        let cancel = CancellationToken::new();
        let deadline = Duration::from_millis(limits.load_deadline_ms);
        let watch = || Watch { clock: self.sandbox.clock(), deadline, cancel: &cancel };
        let loaded = supervise(exports.call_load(&mut store, &source.entry().path, &files), watch()).await;
        let told = match loaded {
            Ok(Ok(())) => supervise(exports.call_describe(&mut store), watch()).await,
            Ok(Err(diagnostic)) => Ok(Err(diagnostic)),
            Err(error) => Err(error),
        };
        let used = fuel.saturating_sub(store.get_fuel()?);
        let metadata = match told {
            Ok(Ok(metadata)) => metadata,
            Ok(Err(diagnostic)) => {
                return Err(LoadFailure::Diagnostic(Box::new(Diagnostic::from_engine(diagnostic, source))));
            }
            Err(error) => return Err(self.fault(&error, fuel, &mut store)),
        };
        let component = self.freeze(store, instance).await?;
        Ok(Evaluated { component, metadata, fuel: used })
    }

    async fn freeze(&self, mut store: Store<State>, instance: Instance) -> Result<Vec<u8>, LoadFailure> {
        // The source has had its turn: what follows is ours.
        store.set_fuel(u64::MAX)?;
        store.set_hostcall_fuel(usize::MAX);
        store.data_mut().limiter.allow_more(ACCESSOR_BYTES);
        let mut frozen = Frozen { store, instance, failed: None };
        let component = self.wizer.snapshot_component(&self.context, &mut frozen).await?;
        if let Some(error) = frozen.failed {
            return Err(LoadFailure::Host(format!("the snapshot could not be read: {error:#}")));
        }
        if component.len() > COMPONENT_BYTES {
            let message = format!("the evaluated source takes {} MiB: at most 16 MiB", component.len() >> 20);
            let hint = "Top-level code must not build large values: build them in create, or when they are needed.";
            return Err(LoadFailure::Diagnostic(Box::new(Diagnostic::new(Stage::Execute, &message, hint))));
        }
        Ok(component)
    }

    fn fault(&self, error: &wasmtime::Error, fuel: u64, store: &mut Store<State>) -> LoadFailure {
        let fault = classify(error, "load", fuel, store.data_mut());
        self.sandbox.count_fault(fault.code);
        from_fault(&fault)
    }
}

fn capacity(error: &wasmtime::Error, store: &mut Store<State>) -> LoadFailure {
    from_fault(&classify(error, "load", 0, store.data_mut()))
}

/// A fault of the host is not the author's to mend.
pub(super) fn from_fault(fault: &Fault) -> LoadFailure {
    match fault.code {
        FaultCode::HostBug | FaultCode::HostCapacity | FaultCode::Cancelled => LoadFailure::Host(fault.to_string()),
        _ => LoadFailure::Diagnostic(Box::new(Diagnostic::from_fault(fault))),
    }
}

/// Reads the state of an instance through its accessors.
struct Frozen {
    store: Store<State>,
    instance: Instance,
    /// The first failure: the trait has no way to say so.
    failed: Option<wasmtime::Error>,
}

impl Frozen {
    async fn read<R: Lift + Send + Sync + 'static>(&mut self, interface: &str, function: &str) -> Option<R>
    where
        (R,): ComponentNamedList + Lift,
    {
        let result = self.try_read(interface, function).await;
        result.map_err(|error| self.failed.get_or_insert(error)).ok()
    }

    async fn try_read<R: Lift + Send + Sync + 'static>(&mut self, interface: &str, function: &str) -> wasmtime::Result<R>
    where
        (R,): ComponentNamedList + Lift,
    {
        let missing = || wasmtime::format_err!("no accessor {interface}#{function}");
        let (_, interface_index) = self.instance.get_export(&mut self.store, None, interface).ok_or_else(missing)?;
        let (_, index) = self.instance.get_export(&mut self.store, Some(&interface_index), function).ok_or_else(missing)?;
        let function = self.instance.get_typed_func::<(), (R,)>(&mut self.store, index)?;
        Ok(function.call_async(&mut self.store, ()).await?.0)
    }
}

impl ComponentInstanceState for Frozen {
    async fn call_func_ret_list_u8(&mut self, interface: &str, function: &str, contents: impl FnOnce(&[u8]) + Send) {
        match self.read::<WasmList<u8>>(interface, function).await {
            Some(list) => contents(list.as_le_slice(&self.store)),
            None => contents(&[]),
        }
    }

    async fn call_func_ret_s32(&mut self, interface: &str, function: &str) -> i32 {
        self.read(interface, function).await.unwrap_or_default()
    }

    async fn call_func_ret_s64(&mut self, interface: &str, function: &str) -> i64 {
        self.read(interface, function).await.unwrap_or_default()
    }

    async fn call_func_ret_f32(&mut self, interface: &str, function: &str) -> u32 {
        self.read::<f32>(interface, function).await.unwrap_or_default().to_bits()
    }

    async fn call_func_ret_f64(&mut self, interface: &str, function: &str) -> u64 {
        self.read::<f64>(interface, function).await.unwrap_or_default().to_bits()
    }
}
