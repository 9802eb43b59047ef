//! The strategies directory at the start of the host: opened, and filled when it is new.

use std::sync::Arc;
use std::time::Duration;

use include_dir::{Dir, include_dir};

use super::AppError;
use crate::base::Clock;
use crate::base::lifecycle::Lifecycle;
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

/// How long `registry.json` may lag behind the history that it can be made up from.
const SAVE_EVERY: Duration = Duration::from_millis(250);

/// Brings `registry.json` up to date now and then, all changes of the time at once, until the host stops.
pub fn keep_saved(catalogue: &Arc<Catalogue>, lifecycle: &Lifecycle) {
    let (catalogue, stop) = (Arc::clone(catalogue), lifecycle.soft_stop().clone());
    lifecycle.spawn(async move {
        let mut failed = false;
        loop {
            let stopped = tokio::time::timeout(SAVE_EVERY, stop.cancelled()).await.is_ok();
            let saver = Arc::clone(&catalogue);
            let saved = tokio::task::spawn_blocking(move || saver.save()).await;
            if let Ok(Err(error)) = &saved
                && !failed
            {
                tracing::warn!(%error, "registry.json could not be brought up to date; nothing is lost, it is tried again");
            }
            failed = !matches!(saved, Ok(Ok(())));
            if stopped {
                return;
            }
        }
    });
}
