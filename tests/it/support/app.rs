//! The real app in this process, on a free port and in a folder of its own, with the real paper venue. The venue's tape
//! stands still until a test says `play`, so that every run begins at the same event.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sandpit::app::App;
use sandpit::base::lifecycle::Lifecycle;
use sandpit::base::{Clock, ProviderName, Timestamp};
use sandpit::config::Config;
use sandpit::market::{ClientOrderId, Instrument, OrderRequest};
use sandpit::trading::{Approved, Balance, Outlet, Provider, ProviderError, ProviderStatus};
use serde_json::{Value, json};

use super::Client;

/// The provider of every test app.
pub(crate) const PROVIDER: &str = "paper";

/// What it plays.
pub(crate) const TAPE: &str = "btcusdt-20240808";

/// What a test can have otherwise than by default.
pub(crate) struct Builder {
    config: Config,
    speed: u32,
}

/// A running host. Ends with the test.
pub(crate) struct TestApp {
    pub(crate) client: Client,
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
    app: App,
    speed: u32,
    lifecycle: Lifecycle,
    gates: Mutex<Vec<Arc<Gate>>>,
    _dir: tempfile::TempDir,
}

impl TestApp {
    /// With the defaults of the product.
    pub(crate) async fn start() -> Self {
        Self::builder().start().await
    }

    pub(crate) fn builder() -> Builder {
        let mut config = Config::default();
        config.api.listen = ([127, 0, 0, 1], 0).into();
        Builder { config, speed: 10 }
    }

    /// Lets the tape of [`PROVIDER`] run.
    pub(crate) fn play(&self) {
        self.open(PROVIDER);
    }

    /// Lets the tape of a provider run.
    pub(crate) fn open(&self, provider: &str) {
        let gates = self.gates.lock().unwrap();
        let gate = gates.iter().find(|gate| gate.inner.name().as_str() == provider).unwrap();
        gate.clone().open(&self.lifecycle);
    }
}
