//! From a revision on the disk to a program.

use std::sync::Arc;

use crate::base::Digest;
use crate::catalogue::{Catalogue, CatalogueError};
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
