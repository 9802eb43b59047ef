//! The strategies directory at the start of the host: filled when it is new, then every revision compiled once, so that what
//! is broken is known before anyone launches it.

use std::sync::Arc;

use include_dir::{Dir, include_dir};

use super::AppError;
use crate::base::{Clock, Digest};
use crate::catalogue::{Access, Catalogue, CatalogueError, Invalid};
use crate::compile::{CompileError, Compiler, Diagnostic};
use crate::config::Config;
use crate::instances::revision::{self, RevisionError};

/// The strategies that come with the host, in the layout of a strategies directory.
pub static BUILT_IN: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../strategies");

/// Opens the strategies directory; one that was never used gets the built-in strategies.
///
/// # Errors
/// [`AppError::Catalogue`] when it is locked or its registry cannot be trusted.
pub async fn open(config: &Config, clock: &Arc<dyn Clock>) -> Result<Arc<Catalogue>, AppError> {
    let (dir, section, clock) = (config.strategies_dir(), config.catalogue.clone(), Arc::clone(clock));
    let opened = tokio::task::spawn_blocking(move || {
        let catalogue = Catalogue::open(&dir, Access::Write, section, clock)?;
        let seeded = catalogue.seed(&BUILT_IN)?;
        if seeded > 0 {
            tracing::info!(revisions = seeded, directory = %dir.display(), "the built-in strategies were put in place");
        }
        Ok::<_, CatalogueError>(catalogue)
    });
    let opened = opened.await.map_err(|error| CompileError::Host(format!("opening the strategies ended early: {error}")))?;
    Ok(Arc::new(opened?))
}

/// Finds out of every revision what its source is and tells the catalogue: from what is known of earlier compilations, or by
/// compiling it (or loading what was compiled). One broken revision never keeps the others from being used.
pub async fn load(catalogue: &Arc<Catalogue>, compiler: &Compiler) {
    let waiting = catalogue.unjudged();
    let count = waiting.len();
    let unknown = take_known(catalogue, compiler, waiting.clone()).await.unwrap_or(waiting);
    tracing::info!(revisions = count, to_compile = unknown.len(), "making the strategies ready: a new one takes a second");
    for hash in unknown {
        match revision::program(catalogue, compiler, hash).await {
            Ok(program) => catalogue.accept(hash, Arc::clone(program.metadata())),
            Err(RevisionError::Compile(CompileError::Diagnostics(diagnostics))) => refuse(catalogue, hash, &diagnostics),
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
