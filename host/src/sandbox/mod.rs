//! The sandbox: wasmtime lives here (and in `compile`) and nowhere else. Engine, limits, bindings, conversion, guest, fault
//! and the helpers, one file per WIT interface. Knows nothing of tags, restarts or HTTP.
//!
//! Lifetimes: [`Sandbox`] is the process's, [`Program`] a revision's, [`Guest`] an instance's.

pub(crate) mod bindings;
pub(crate) mod call;
mod code_cache;
mod convert;
mod engine;
mod fault;
mod feeds;
mod guest;
mod handlers;
mod helpers;
mod limiter;
mod limits;
mod log;
pub mod metadata;
mod program;
mod saved;
mod setup;
mod stack;
pub(crate) mod state;
mod timers;

pub use engine::{Sandbox, SandboxConfig, SandboxError, wasmtime_version};
pub use fault::{Exception, Fault, FaultCode, StartError};
pub(crate) use guest::new_store;
pub use guest::{Delivery, Guest, Started, Usage};
pub(crate) use helpers::PACKAGE;
pub use limits::{LimitError, LimitOverrides, Limits};
pub use log::{LogLevel, LogSink, NoLog};
pub use metadata::Metadata;
pub use program::{Program, ProgramError};
pub use saved::{SavedInMemory, SavedState};
pub use setup::GuestSetup;
pub use state::Pace;
