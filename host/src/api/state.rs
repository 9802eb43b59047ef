//! What the operations stand on.

use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;

use tracing::Instrument as _;

use crate::backtest::jobs::Jobs;
use crate::base::Clock;
use crate::base::lifecycle::Lifecycle;
use crate::base::metrics::Metrics;
use crate::catalogue::Catalogue;
use crate::compile::Compiler;
use crate::instances::Instances;
use crate::providers::Providers;
use crate::store::Store;
use crate::trading::Desk;

use super::counters::Counters;
use super::error::ApiError;
use super::openapi::Document;
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
    /// Orders, and the accounts at their providers.
    pub desk: Arc<Desk>,
    /// Connections to venues, as operators set them up.
    pub providers: Arc<Providers>,
    /// Orders and executions.
    pub store: Store,
    /// Runs over recorded data.
    pub backtests: Arc<Jobs>,
    /// Source to component for them: their guests are never interrupted to let others run.
    pub backtest_compiler: Arc<Compiler>,
}

/// The floors as the operations hold them. Clones share.
#[derive(Clone)]
pub(super) struct Api(Arc<Inner>);

struct Inner {
    floors: Floors,
    counters: Counters,
    description: Document,
}

impl Api {
    pub(super) fn new(floors: Floors, description: Document) -> Self {
        let counters = Counters::new(&floors.metrics);
        Self(Arc::new(Inner { floors, counters, description }))
    }

    /// What is counted here and not below.
    pub(super) fn counters(&self) -> &Counters {
        &self.0.counters
    }

    /// What `/openapi.json` answers.
    pub(super) fn description(&self) -> &Document {
        &self.0.description
    }

    /// Runs work that changes something to its end, even when the client goes away or the time limit of the request
    /// passes: an operation must not stop half-way because somebody stopped looking.
    pub(super) async fn carry_through<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, ApiError>> + Send + 'static,
    ) -> Result<T, ApiError> {
        self.lifecycle.spawn(work.in_current_span()).await.map_err(ApiError::internal)?
    }

    /// The same for work that waits for the disk, on a thread that may.
    pub(super) async fn carry_through_blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let span = tracing::Span::current();
        self.carry_through(
            async move { tokio::task::spawn_blocking(move || span.in_scope(work)).await.map_err(ApiError::internal)? },
        )
        .await
    }
}

impl Deref for Api {
    type Target = Floors;

    fn deref(&self) -> &Floors {
        &self.0.floors
    }
}
