//! From a revision on the disk to a program: the one place where the catalogue's source becomes the compiler's.

use std::sync::Arc;

use crate::base::{Digest, StrategyName};
use crate::catalogue::{self, Catalogue, CatalogueError};
use crate::compile::{self, CompileError, Compiler};
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
    let name = catalogue.revision(&hash)?.record.name.clone();
    let reader = Arc::clone(catalogue);
    let read = tokio::task::spawn_blocking(move || reader.source(&hash)).await;
    let source = read.map_err(|error| CompileError::Host(format!("reading a source ended early: {error}")))??;
    Ok(compiler.program(&compilable(&name, &source)?).await?)
}

/// The same files for the compiler. They were checked when they were uploaded: what the compiler refuses was put there by hand.
///
/// # Errors
/// [`CompileError::Host`] saying what.
pub fn compilable(name: &StrategyName, source: &catalogue::Source) -> Result<compile::Source, CompileError> {
    let entry = format!("{name}.js");
    let made = if source.files().is_empty() {
        compile::Source::single(&entry, source.entry().as_bytes())
    } else {
        let file = |path: &str, text: &str| compile::SourceFile { path: path.to_owned(), bytes: text.as_bytes().to_vec() };
        let others = source.files().iter().map(|(path, text)| file(path, text));
        compile::Source::several(&entry, std::iter::once(file(&entry, source.entry())).chain(others).collect())
    };
    made.map_err(|error| CompileError::Host(error.to_string()))
}
