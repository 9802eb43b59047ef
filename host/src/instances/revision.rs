//! From a revision on the disk to a program; and from all of them to what the catalogue knows of each.

use std::sync::Arc;

use crate::base::Digest;
use crate::catalogue::{Catalogue, CatalogueError, Invalid};
use crate::compile::{CompileError, Compiler, Diagnostic};
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

/// Finds out of every revision what its source is and tells the catalogue: from what is known of earlier compilations, or by
/// compiling it (or loading what was compiled). One broken revision never keeps the others from being used.
pub async fn judge_all(catalogue: &Arc<Catalogue>, compiler: &Compiler) {
    let waiting = catalogue.unjudged();
    let count = waiting.len();
    let unknown = take_known(catalogue, compiler, waiting.clone()).await.unwrap_or(waiting);
    tracing::info!(revisions = count, to_compile = unknown.len(), "making the strategies ready: a new one takes a second");
    for hash in unknown {
        match program(catalogue, compiler, hash).await {
            Ok(program) => catalogue.accept(hash, Arc::clone(program.metadata())),
            Err(RevisionError::Compile(CompileError::Diagnostics(diagnostics))) => refuse(catalogue, hash, &diagnostics),
            // The catalogue has noted what is wrong with the files itself.
            Err(RevisionError::Catalogue(error)) => tracing::warn!(%hash, %error, "a revision cannot be read"),
            // It is asked again at the next refresh, or when it is launched.
            Err(RevisionError::Compile(error @ CompileError::Busy(_))) => tracing::warn!(%hash, %error, "not compiled yet"),
            Err(RevisionError::Compile(error)) => {
                tracing::error!(%hash, %error, "a revision could not be compiled");
                let message = error.to_string();
                catalogue.reject(hash, Invalid { code: "compiler_failed", message, diagnostics: None });
            }
        }
    }
}

/// Takes what earlier compilations found, a small file per revision, and gives the revisions of which nothing is known. None
/// when the thread did not end well.
async fn take_known(catalogue: &Arc<Catalogue>, compiler: &Compiler, waiting: Vec<Digest>) -> Option<Vec<Digest>> {
    let (catalogue, compiler) = (Arc::clone(catalogue), compiler.clone());
    let known = move |hash: &Digest| match compiler.judged(*hash) {
        Some(Ok(metadata)) => {
            catalogue.accept(*hash, metadata);
            false
        }
        Some(Err(diagnostics)) => {
            refuse(&catalogue, *hash, &diagnostics);
            false
        }
        None => true,
    };
    tokio::task::spawn_blocking(move || waiting.into_iter().filter(known).collect()).await.ok()
}

fn refuse(catalogue: &Catalogue, hash: Digest, diagnostics: &[Diagnostic]) {
    let message = diagnostics.first().map(|first| first.message.clone()).unwrap_or_default();
    tracing::warn!(%hash, message, "a revision does not compile: it is listed as invalid");
    let diagnostics = serde_json::to_value(diagnostics).ok();
    catalogue.reject(hash, Invalid { code: "strategy_validation_failed", message, diagnostics });
}
