//! The floors that a command needs to compile and run one strategy without a host: no database, no data directory, nothing
//! left behind.

use std::sync::Arc;

use super::Failure;
use super::backtest::cache_folder;
use super::diagnostics;
use super::output::{Format, Output};
use crate::base::metrics::Metrics;
use crate::compile::{CompileError, Compiled, Compiler, CompilerConfig, Diagnostic, Places};
use crate::sandbox::{Program, Sandbox, SandboxConfig};

/// Bytes of compiled strategies that a user's cache may take: more than a hundred of some 4 MB.
const CACHE_BYTES: u64 = 512 << 20;

/// Made once per command. Clones share.
#[derive(Clone)]
pub(super) struct Workbench {
    pub(super) compiler: Compiler,
}

impl Workbench {
    /// Guests that one command keeps alive at most; each reserves address space.
    pub(super) const GUESTS: u32 = 16;

    /// For commands whose results must not depend on the machine's speed: guests are never interrupted to let others run.
    pub(super) fn deterministic(guests: u32) -> Result<Self, Failure> {
        let metrics = Metrics::new();
        let config = SandboxConfig { max_guests: guests, ..SandboxConfig::default() };
        Self::of(&Sandbox::by_hand(config, &metrics).map_err(Failure::failed)?, &metrics)
    }

    /// Deterministic, for so many guests at a time; with `cached` what was compiled once is found again in the user's cache.
    pub(super) fn cached(guests: usize, cached: bool) -> Result<Self, Failure> {
        let guests = u32::try_from(guests).unwrap_or(u32::MAX).max(Self::GUESTS);
        let sandbox = SandboxConfig { max_guests: guests, ..SandboxConfig::default() };
        let metrics = Metrics::new();
        let sandbox = Sandbox::by_hand(sandbox, &metrics).map_err(Failure::failed)?;
        let cache_dir = cache_folder().filter(|_| cached).map(|folder| folder.join("compiled"));
        let config = CompilerConfig { cache_dir, cache_bytes: CACHE_BYTES, ..CompilerConfig::default() };
        // Without a place for a cache it takes longer, and nothing else.
        let compiler = Compiler::new(&sandbox, &config, &metrics)
            .or_else(|_| Compiler::new(&sandbox, &CompilerConfig { cache_dir: None, ..config }, &metrics));
        Ok(Self { compiler: compiler.map_err(Failure::failed)? })
    }

    /// Like a host.
    pub(super) fn with(config: SandboxConfig) -> Result<Self, Failure> {
        let metrics = Metrics::new();
        let sandbox = Sandbox::new(config, &metrics).map_err(Failure::failed)?;
        Self::of(&sandbox, &metrics)
    }

    fn of(sandbox: &Sandbox, metrics: &Metrics) -> Result<Self, Failure> {
        let compiler = Compiler::new(sandbox, &CompilerConfig::default(), metrics).map_err(Failure::failed)?;
        Ok(Self { compiler })
    }

    /// Compiles a source to something that can be launched; prints its diagnostics when there are any.
    pub(super) fn program(&self, found: &Places, output: Output) -> Result<Arc<Program>, Failure> {
        block_on(self.compiler.program(found.source()))?.map_err(|error| failed(error, found, output))
    }

    /// Compiles a source; prints its diagnostics when there are any.
    pub(super) fn compile(&self, found: &Places, output: Output) -> Result<Compiled, Failure> {
        block_on(self.compiler.compile(found.source()))?.map_err(|error| failed(error, found, output))
    }
}

fn failed(error: CompileError, found: &Places, output: Output) -> Failure {
    match error {
        CompileError::Diagnostics(mut diagnostics) => {
            diagnostics.iter_mut().for_each(|diagnostic| found.translate_diagnostic(diagnostic));
            refuse(&diagnostics, output)
        }
        other => Failure::failed(other),
    }
}

/// Runs a future of the floors below on a runtime of its own.
pub(super) fn block_on<F: Future>(future: F) -> Result<F::Output, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::failed)?;
    Ok(runtime.block_on(future))
}

/// Answers with diagnostics.
pub(super) fn refuse(diagnostics: &[Diagnostic], output: Output) -> Failure {
    match output.format {
        Format::Text => output.text(diagnostics::text(diagnostics, output).trim_end()),
        Format::Json => output.json(&serde_json::json!({ "ok": false, "diagnostics": diagnostics })),
    }
    Failure::Answered
}
