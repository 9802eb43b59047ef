//! The strategies directory at the start of the host: opened, and filled when it is new.

use std::sync::Arc;

use include_dir::{Dir, include_dir};

use super::AppError;
use crate::base::Clock;
use crate::catalogue::{Access, Catalogue, CatalogueError};
use crate::compile::CompileError;
use crate::config::Config;

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
