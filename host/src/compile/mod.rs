//! From source to a component that can be launched, or to diagnostics an author can act on. Knows nothing of tags,
//! instances or HTTP.
//!
//! The steps: [`Source`] (checked text and its digest), `snapshot` (evaluated inside the engine, then frozen), `native`
//! (machine code, kept in a private cache), [`Metadata`](crate::sandbox::Metadata) (what the source says about itself,
//! checked), and a dry run of `create`.

mod cache;
mod compiler;
mod config;
mod diagnostics;
mod dry_run;
mod engine;
mod error;
mod judgement;
mod metadata;
mod native;
mod snapshot;
mod source;
mod source_map;
#[cfg(test)]
mod tests;

pub use compiler::{Compiled, Compiler, CompilerConfig};
pub use config::{ConfigIssue, check_config};
pub use diagnostics::{Diagnostic, Stage, excerpt};
pub use error::CompileError;
pub use judgement::Judgement;
pub use source::{SOURCE_BYTES, Source, SourceError, SourceFile};
pub use source_map::{MapError, Places};
