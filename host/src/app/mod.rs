//! The whole host in one value: builds each floor once, bottom up, and stops them top down. Must not know of the command
//! line; tests start it too.

pub mod demo;
mod error;
mod news;
pub mod pulse;
pub mod strategies;
#[cfg(test)]
mod tests;

use std::fs::{DirBuilder, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::api::{self, Access, AdminToken, AuthMode, Readiness, Server};
use crate::backtest::jobs::{Defaults, Jobs};
use crate::base::lifecycle::Lifecycle;
use crate::base::metrics::Metrics;
use crate::base::{Clock, SystemClock};
use crate::bus::Bus;
use crate::catalogue::Catalogue;
use crate::compile::Compiler;
use crate::config::Config;
use crate::instances::revision::judge_all;
use crate::instances::{Floors, Instances, Restored};
use crate::providers::Providers;
use crate::sandbox::{Sandbox, SandboxConfig};
use crate::store::Store;
use crate::telemetry;
use crate::trading::{Desk, Journal};

pub use error::AppError;

/// The running host. Process lifetime; call [`App::stop`] to end it in order.
pub struct App {
    config: Config,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    /// Of everything but the control plane and the database, which end before and after.
    lifecycle: Lifecycle,
    store: Store,
    desk: Arc<Desk>,
    providers: Arc<Providers>,
    catalogue: Arc<Catalogue>,
    compiler: Arc<Compiler>,
    instances: Arc<Instances>,
    backtests: Arc<Jobs>,
    readiness: Readiness,
    serving: Serving,
    token: Option<AdminToken>,
    restored: Restored,
}

/// The control plane's own end.
struct Serving {
    address: SocketAddr,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl App {
    /// Builds the floors, brings back what the last run left (or fills an empty data directory), and serves.
    ///
    /// # Errors
    /// [`AppError`] naming the floor that could not be built; nothing of the host runs then.
    pub async fn start(config: Config) -> Result<Self, AppError> {
        // First the two things that another host may hold: then nothing has to be undone.
        let server = Server::bind(&config.api).await.map_err(|source| AppError::Listen { address: config.api.listen, source })?;
        private_dir(&config.data_dir)?;
        let (metrics, lifecycle) = (Metrics::new(), Lifecycle::new());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let store = Store::open(&config.data_dir, &config.store, Arc::clone(&clock), &metrics).await?;

        let bus = Bus::new(&metrics, config.bus);
        let desk = Desk::new(config.risk.clone(), Arc::clone(&bus), Some(Journal::new(store.writer())), &metrics);
        let sandbox = Sandbox::new(config.sandbox.clone(), &metrics)?;
        let compiler = Arc::new(Compiler::new(&sandbox, &config.compiler(), &metrics)?);
        let catalogue = strategies::open(&config, &clock).await?;
        let floors = Floors {
            catalogue: Arc::clone(&catalogue),
            sandbox,
            compiler: Arc::clone(&compiler),
            desk: Arc::clone(&desk),
            bus,
            store: store.clone(),
            clock: Arc::clone(&clock),
            lifecycle: lifecycle.clone(),
            metrics: metrics.clone(),
        };
        let instances = Instances::new(floors, config.instances.clone());
        take_stock(&catalogue, &compiler, &lifecycle).await;

        // Orders and positions before the venues speak, venues before the instances that need them.
        desk.restore(&store).await?;
        let providers =
            Providers::new(store.clone(), Arc::clone(&desk), Arc::clone(&clock), lifecycle.clone(), &metrics, &config.data_dir);
        providers.restore(demo::PROVIDER).await?;
        let news = providers.news();
        let restored = instances.restore().await?;
        news::forward(news, &providers, &instances, &lifecycle);

        let backtests = backtests(&config, &clock, &metrics)?;
        let token = token(&config)?;
        let readiness = Readiness::default();
        let floors = api::Floors {
            metrics: metrics.clone(),
            clock: Arc::clone(&clock),
            lifecycle: lifecycle.clone(),
            readiness: readiness.clone(),
            catalogue: Arc::clone(&catalogue),
            compiler: Arc::clone(&compiler),
            instances: Arc::clone(&instances),
            desk: Arc::clone(&desk),
            providers: Arc::clone(&providers),
            store: store.clone(),
            backtests: Arc::clone(&backtests),
            backtest_compiler: backtest_compiler(&config)?,
        };
        let access = token.as_ref().map_or(Access::Open, Access::token);
        let serving = Serving::begin(server, api::router(floors, access, &config.api), &config, &lifecycle);
        telemetry::export_metrics(&config.telemetry, &metrics, Arc::clone(&clock), &lifecycle);
        readiness.set(true);
        Ok(Self {
            config,
            clock,
            metrics,
            lifecycle,
            store,
            desk,
            providers,
            catalogue,
            compiler,
            instances,
            backtests,
            readiness,
            serving,
            token,
            restored,
        })
    }

    /// Where the control plane is served.
    pub fn address(&self) -> SocketAddr {
        self.serving.address
    }

    /// The address of the console; with the token in the fragment, which browsers send to nobody.
    pub fn url(&self) -> String {
        let address = self.address();
        match &self.token {
            Some(token) => format!("http://{address}/#token={}", token.reveal()),
            None => format!("http://{address}/"),
        }
    }

    /// The instances.
    pub fn instances(&self) -> &Arc<Instances> {
        &self.instances
    }

    /// The desk.
    pub fn desk(&self) -> &Arc<Desk> {
        &self.desk
    }

    /// The providers.
    pub fn providers(&self) -> &Arc<Providers> {
        &self.providers
    }

    /// The catalogue.
    pub fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The compiler.
    pub fn compiler(&self) -> &Compiler {
        &self.compiler
    }

    /// The tasks of the host.
    pub fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    /// The registry.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The machine's clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// What the last run left.
    pub fn restored(&self) -> &Restored {
        &self.restored
    }

    /// Stops top down: no more requests, instances (each may save its state), venues, then the database once everything is
    /// written. True when all of it finished within its grace.
    pub async fn stop(self) -> bool {
        let grace = Duration::from_millis(self.config.shutdown.grace_ms);
        self.readiness.set(false);
        self.serving.stop.cancel();
        self.backtests.stop();
        self.instances.shutdown().await;
        for provider in self.desk.providers() {
            if tokio::time::timeout(grace, provider.stop()).await.is_err() {
                tracing::warn!(provider = %provider.name(), "the provider did not stop in time");
            }
        }
        let served = tokio::time::timeout(grace, self.serving.task).await.is_ok();
        let finished = self.lifecycle.shutdown(grace).await;
        let written = self.store.close(grace).await;
        if !(served && finished && written) {
            tracing::warn!(served, finished, written, "the shutdown did not finish in time");
        }
        served && finished && written
    }
}

impl Serving {
    fn begin(server: Server, router: axum::Router, config: &Config, lifecycle: &Lifecycle) -> Self {
        let (address, stop) = (server.address(), CancellationToken::new());
        let (limits, tasks, stopped) = (config.api.limits.clone(), lifecycle.clone(), stop.clone());
        let task = lifecycle.spawn(async move { server.serve(router, &limits, &tasks, stopped).await });
        Self { address, stop, task }
    }
}

/// Judges the revisions of the last run, lets what was being saved settle, and keeps the catalogue written from now on.
async fn take_stock(catalogue: &Arc<Catalogue>, compiler: &Arc<Compiler>, lifecycle: &Lifecycle) {
    judge_all(catalogue, compiler).await;
    catalogue.settle_loaded();
    strategies::keep_saved(catalogue, lifecycle);
}

/// Backtests of the host, under the limits that a live instance has by default.
fn backtests(config: &Config, clock: &Arc<dyn Clock>, metrics: &Metrics) -> Result<Arc<Jobs>, AppError> {
    let (limits, risk) = (config.sandbox.limits.clone(), config.risk.clone());
    let defaults = Defaults { limits, risk, restart: config.instances.restart };
    Ok(Jobs::open(&config.data_dir, config.backtests.clone(), defaults, Arc::clone(clock), metrics)?)
}

/// Makes programs whose guests are never interrupted to let others run, so that a backtest depends on nothing but its input. They
/// have a sandbox of their own: its figures are not those of live guests.
fn backtest_compiler(config: &Config) -> Result<Arc<Compiler>, AppError> {
    let max_guests = config.backtests.concurrency.saturating_add(1);
    let metrics = Metrics::new();
    let sandbox = Sandbox::by_hand(SandboxConfig { max_guests, ..config.sandbox.clone() }, &metrics)?;
    Ok(Arc::new(Compiler::new(&sandbox, &config.compiler(), &metrics)?))
}

/// The token of the data directory, made if need be; none where nobody needs one.
fn token(config: &Config) -> Result<Option<AdminToken>, AppError> {
    match config.api.auth {
        AuthMode::Token => AdminToken::load_or_create(&config.data_dir).map(Some).map_err(AppError::Token),
        AuthMode::None => Ok(None),
    }
}

/// Makes the data directory for its owner only: it holds the token, the orders and the key of the compiled cache.
fn private_dir(dir: &Path) -> Result<(), AppError> {
    let fail = |source| AppError::DataDir { path: dir.to_owned(), source };
    if dir.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(fail)?;
    std::fs::set_permissions(dir, Permissions::from_mode(0o700)).map_err(fail)
}
