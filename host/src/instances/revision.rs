//! From a revision on the disk to a program; and from all of them to what the catalogue knows of each.

use std::sync::Arc;

use crate::base::Digest;
use crate::catalogue::{Catalogue, CatalogueError, Invalid};
use crate::compile::{CompileError, Compiler};
use crate::sandbox::Program;

/// Why a revision gave no program.
#[derive(Debug, thiserror::Error)]
pub enum RevisionError {
    /// Its files are gone or changed.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// It does not compile.
    #[error(transparent)]
    Compile(#[from] CompileError),
}

/// Reads the source of a revision, checked against its hash, and compiles it, or takes what was compiled before.
///
/// # Errors
/// [`RevisionError`].
pub async fn program(catalogue: &Arc<Catalogue>, compiler: &Compiler, hash: Digest) -> Result<Arc<Program>, RevisionError> {
    let reader = Arc::clone(catalogue);
    let read = tokio::task::spawn_blocking(move || reader.source(&hash)).await;
    let source = read.map_err(|error| CompileError::Host(format!("reading a source ended early: {error}")))??;
    Ok(compiler.program(&source).await?)
}

/// Compiles what was not compiled yet (or takes it from the cache) and tells the catalogue what came of it. One broken revision
/// never keeps the others from being used.
pub async fn judge_all(catalogue: &Arc<Catalogue>, compiler: &Compiler) {
    let waiting = catalogue.unjudged();
    tracing::info!(revisions = waiting.len(), "making the strategies ready: those that were never compiled take a second each");
    for hash in waiting {
        match program(catalogue, compiler, hash).await {
            Ok(program) => catalogue.accept(hash, Arc::clone(program.metadata())),
            Err(RevisionError::Compile(CompileError::Diagnostics(diagnostics))) => {
                let message = diagnostics.first().map(|first| first.message.clone()).unwrap_or_default();
                tracing::warn!(%hash, message, "a revision does not compile: it is listed as invalid");
                let diagnostics = serde_json::to_value(&diagnostics).ok();
                catalogue.reject(hash, Invalid { code: "strategy_validation_failed", message, diagnostics });
            }
            // The catalogue has noted what is wrong with the files itself.
            Err(RevisionError::Catalogue(error)) => tracing::warn!(%hash, %error, "a revision cannot be read"),
            Err(RevisionError::Compile(error)) => {
                tracing::error!(%hash, %error, "a revision could not be compiled");
                let message = error.to_string();
                catalogue.reject(hash, Invalid { code: "compiler_failed", message, diagnostics: None });
            }
        }
    }
}
