//! A revision that is ready to run. Lives as long as anyone launches it; guests hold it alive.

use std::sync::Arc;

use wasmtime::component::Component;

use crate::base::Digest;
use crate::sandbox::bindings::StrategyPre;
use crate::sandbox::engine::Sandbox;
use crate::sandbox::metadata::Metadata;
use crate::sandbox::state::State;

/// A compiled component with its imports resolved: starting a guest from it takes microseconds. Revision lifetime.
pub struct Program {
    pub(super) sandbox: Sandbox,
    pub(super) pre: StrategyPre<State>,
    metadata: Arc<Metadata>,
    source: Digest,
    engine: Digest,
    component_bytes: u64,
}

/// A component that asks for something that guests do not get.
#[derive(Debug, thiserror::Error)]
#[error("the component does not fit this host: {0}")]
pub struct ProgramError(String);

impl Program {
    /// Resolves the imports: one that the linker does not have is an error.
    pub(crate) fn new(
        sandbox: &Sandbox,
        component: &Component,
        metadata: Arc<Metadata>,
        (source, engine): (Digest, Digest),
        component_bytes: u64,
    ) -> Result<Self, ProgramError> {
        let refuse = |error: wasmtime::Error| ProgramError(format!("{error:#}"));
        let pre = sandbox.linker().instantiate_pre(component).map_err(refuse)?;
        let pre = StrategyPre::new(pre).map_err(refuse)?;
        Ok(Self { sandbox: sandbox.clone(), pre, metadata, source, engine, component_bytes })
    }

    /// Runs `work`, which calls guests of this program, on a thread with room for them: where time is moved by hand
    /// ([`Sandbox::by_hand`]), calls are faster there.
    pub fn with_room<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        if self.sandbox.is_by_hand() { self.sandbox.with_room(work) } else { work() }
    }

    /// What the strategy says about itself.
    pub fn metadata(&self) -> &Arc<Metadata> {
        &self.metadata
    }

    /// The hash of its source: the revision's identity.
    pub fn source_hash(&self) -> Digest {
        self.source
    }

    /// The hash of the JavaScript engine inside.
    pub fn engine_hash(&self) -> Digest {
        self.engine
    }

    /// Bytes of the component, engine included.
    pub fn component_bytes(&self) -> u64 {
        self.component_bytes
    }
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Program({}@{})", self.metadata.name, self.source.short())
    }
}
