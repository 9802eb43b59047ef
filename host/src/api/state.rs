//! What the operations stand on.

use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tracing::Instrument as _;

use crate::base::Clock;
use crate::base::lifecycle::Lifecycle;
use crate::base::metrics::Metrics;
use crate::catalogue::Catalogue;
use crate::compile::Compiler;
use crate::instances::Instances;
use crate::store::Store;
use crate::trading::Desk;

use super::config::ApiConfig;
use super::error::{ApiError, Code};
use super::readiness::Readiness;

/// The floors below, as `app` built them. Process lifetime.
pub struct Floors {
    /// The registry that `/metrics` shows.
    pub metrics: Metrics,
    /// The machine's time.
    pub clock: Arc<dyn Clock>,
    /// Carries through what was begun when the client has gone.
    pub lifecycle: Lifecycle,
    /// What `/readyz` answers.
    pub readiness: Readiness,
    /// Revisions and tags.
    pub catalogue: Arc<Catalogue>,
    /// Source to component.
    pub compiler: Arc<Compiler>,
    /// Launched revisions.
    pub instances: Arc<Instances>,
    /// Providers and their accounts.
    pub desk: Arc<Desk>,
    /// Orders and executions.
    pub store: Store,
}

/// The floors and what the control plane itself keeps. Clones share everything.
#[derive(Clone)]
pub(super) struct Api(Arc<Inner>);

pub(super) struct Inner {
    floors: Floors,
    /// One permit per upload that compiles or waits to.
    uploads: Arc<Semaphore>,
    uploads_max: usize,
}

impl Api {
    pub(super) fn new(floors: Floors, config: &ApiConfig) -> Self {
        let uploads_max = config.limits.uploads_max;
        Self(Arc::new(Inner { floors, uploads: Arc::new(Semaphore::new(uploads_max)), uploads_max }))
    }

    /// Runs work that changes something to its end, even when the client goes away or the time limit of the request
    /// passes: an operation must not stop half-way because somebody stopped looking.
    pub(super) async fn carry_through<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, ApiError>> + Send + 'static,
    ) -> Result<T, ApiError> {
        self.lifecycle.spawn(work.in_current_span()).await.map_err(ApiError::internal)?
    }

    /// A place among the uploads, to be held until its source is compiled.
    pub(super) fn upload_place(&self) -> Result<tokio::sync::OwnedSemaphorePermit, ApiError> {
        Arc::clone(&self.0.uploads).try_acquire_owned().map_err(|_| {
            let message = format!("{} uploads are being compiled or wait for it, more are not taken; try again", self.0.uploads_max);
            ApiError::new(Code::TooManyUploads, message)
        })
    }
}

impl Deref for Api {
    type Target = Floors;

    fn deref(&self) -> &Floors {
        &self.0.floors
    }
}
