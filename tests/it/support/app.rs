//! The real app in this process, on a free port and in a folder of its own, with the real paper venue. The venue's tape
//! stands still until a test says `play`, so that every run begins at the same event.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use sandpit::app::App;
use sandpit::base::lifecycle::Lifecycle;
use sandpit::base::{ProviderName, SystemClock};
use sandpit::config::Config;
use sandpit::instances::Instances;
use sandpit::providers::paper::{PaperConfig, PaperProvider, Speed};
use sandpit::trading::{Provider as _, ProviderStatus};
use serde_json::{Value, json};

use super::gate::Gate;
use super::{Client, Script, eventually};

/// The provider of every test app.
pub(crate) const PROVIDER: &str = "paper";

/// What it plays.
pub(crate) const TAPE: &str = "btcusdt-20240808";

/// What a test can have otherwise than by default.
pub(crate) struct Builder {
    config: Config,
    speed: Speed,
    looping: bool,
}

/// A running host. Ends with the test.
pub(crate) struct TestApp {
    pub(crate) client: Client,
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
    app: App,
    speed: Speed,
    looping: bool,
    lifecycle: Lifecycle,
    gates: Mutex<Vec<Arc<Gate>>>,
    dir: tempfile::TempDir,
}

impl Builder {
    /// How many times as fast as it happened the tapes are played.
    pub(crate) fn speed(mut self, speed: u32) -> Self {
        self.speed = Speed::Times(speed);
        self
    }

    /// Tapes are played in step with the instances, as in a backtest.
    pub(crate) fn in_step(mut self) -> Self {
        self.speed = Speed::Max;
        self
    }

    /// Tapes are played once.
    pub(crate) fn once(mut self) -> Self {
        self.looping = false;
        self
    }

    pub(crate) fn header_read_ms(mut self, ms: u64) -> Self {
        self.config.api.limits.header_read_ms = ms;
        self
    }

    pub(crate) fn body_read_ms(mut self, ms: u64) -> Self {
        self.config.api.limits.body_read_ms = ms;
        self
    }

    /// Milliseconds for an answer.
    pub(crate) fn request_ms(mut self, ms: u64) -> Self {
        self.config.api.limits.request_ms = ms;
        self
    }

    /// Events that are kept per instance, and streams of the whole host.
    pub(crate) fn feed(mut self, events: usize, streams: usize) -> Self {
        self.config.instances.feed.events = events;
        self.config.instances.feed.streams = streams;
        self
    }

    /// Sources that may wait for the compiler.
    pub(crate) fn compile_queue(mut self, queue: usize) -> Self {
        self.config.compile.queue = queue;
        self
    }

    pub(crate) fn stop_grace_ms(mut self, ms: u64) -> Self {
        self.config.instances.stop_grace_ms = ms;
        self
    }

    /// Faulted guests come back after milliseconds, and `max_faults` of them are enough.
    pub(crate) fn quick_restarts(mut self, max_faults: u32) -> Self {
        self.config.instances.restart.backoff_first_ms = 5;
        self.config.instances.restart.backoff_max_ms = 20;
        self.config.instances.restart.max_faults = max_faults;
        self
    }

    pub(crate) async fn start(self) -> TestApp {
        let dir = tempfile::tempdir().unwrap();
        let mut config = self.config;
        config.data_dir = dir.path().join("data");
        // The same built-in sources in every test: compiled once for all of them. One host at a time opens and fills the cache,
        // which belongs to one host in life.
        let shared = Path::new(env!("CARGO_TARGET_TMPDIR"));
        config.compile.cache_dir = Some(shared.join("compiled"));
        let turn = std::fs::File::create(shared.join("compiled.lock")).unwrap();
        turn.lock().unwrap();
        let app = App::start(config).await.unwrap();
        drop(turn);
        let token = std::fs::read_to_string(dir.path().join("data/admin.token")).unwrap();
        let client = Client::new(app.address(), Some(&token));
        let test = TestApp {
            client,
            address: app.address(),
            token,
            app,
            speed: self.speed,
            looping: self.looping,
            lifecycle: Lifecycle::new(),
            gates: Mutex::new(Vec::new()),
            dir,
        };
        test.add_provider(PROVIDER).await;
        test
    }
}

impl TestApp {
    /// With the defaults of the product.
    pub(crate) async fn start() -> Self {
        Self::builder().start().await
    }

    /// The folder of files that backtests of this host may play.
    pub(crate) fn market_data(&self) -> std::path::PathBuf {
        self.dir.path().join("data/market-data")
    }

    pub(crate) fn builder() -> Builder {
        let mut config = Config::default();
        config.api.listen = ([127, 0, 0, 1], 0).into();
        // Tests share the machine with each other: what is asked here is what happens, not how fast.
        config.api.limits.request_ms = 300_000;
        config.sandbox.limits.deadline_ms = 5_000;
        config.sandbox.limits.load_deadline_ms = 20_000;
        Builder { config, speed: Speed::Times(20), looping: true }
    }

    /// Ends the host in order; whether everything ended within its grace.
    pub(crate) async fn stop(self) -> bool {
        self.app.stop().await
    }

    /// What the control plane asks.
    pub(crate) fn instances(&self) -> &Arc<Instances> {
        self.app.instances()
    }

    /// What an instance asked to keep, once it is on the disk.
    pub(crate) async fn saved_state(&self, id: &str) -> Value {
        let store = self.app.store();
        store.writer().flush().await.unwrap();
        let saved = store.saved_state(&id.parse().unwrap()).await.unwrap();
        serde_json::from_str(&saved.expect("it saved something")).unwrap()
    }

    /// Attaches a further paper venue with the same tape, which stands still at its beginning.
    pub(crate) async fn add_provider(&self, name: &str) -> String {
        let (speed, looping) = (self.speed, self.looping);
        self.attach(name, PaperConfig { tapes: vec![TAPE.to_owned()], speed, looping, ..PaperConfig::default() }).await
    }

    /// Attaches a paper venue that plays this script once, in step with the instances.
    pub(crate) async fn add_script(&self, name: &str, script: Script) {
        let path = self.dir.path().join(format!("{name}.tape"));
        script.write(&path);
        let tapes = vec![path.to_str().unwrap().to_owned()];
        self.attach(name, PaperConfig { tapes, speed: Speed::Max, looping: false, ..PaperConfig::default() }).await;
    }

    /// Lets a script, or a tape that is played once, run, and waits until it is over and everything that came of it is on record. What still rested has expired.
    pub(crate) async fn play_out(&self, name: &str) {
        self.open(name);
        eventually("the script is over", async || (self.gate(name).status() == ProviderStatus::Stopped).then_some(())).await;
        let gate = self.gate(name);
        // Returns when the last report was told; then the instances hear of it.
        gate.stop().await;
        self.app.desk().outlet(gate.name(), &self.lifecycle).settle().await;
        self.app.store().writer().flush().await.unwrap();
    }

    async fn attach(&self, name: &str, config: PaperConfig) -> String {
        let name = ProviderName::new(name).unwrap();
        let desk = self.app.desk();
        let gate = Gate::new(Arc::new(PaperProvider::new(name.clone(), config, Arc::new(SystemClock::new())).unwrap()));
        desk.attach(gate.clone());
        gate.clone().start(desk.outlet(&name, &self.lifecycle)).await.unwrap();
        self.gates.lock().unwrap().push(gate);
        name.to_string()
    }

    /// Stops it and takes it away.
    pub(crate) async fn remove_provider(&self, name: &str) {
        let gate = self.gate(name);
        gate.stop().await;
        self.app.desk().detach(gate.name());
        self.gates.lock().unwrap().retain(|gate| gate.name().as_str() != name);
    }

    /// Where its registry and its sources are.
    pub(crate) fn strategies_dir(&self) -> std::path::PathBuf {
        self.dir.path().join("data/strategies")
    }

    /// Lets the tape of [`PROVIDER`] run.
    pub(crate) fn play(&self) {
        self.open(PROVIDER);
    }

    /// Lets the tape of a provider run.
    pub(crate) fn open(&self, provider: &str) {
        self.gate(provider).open(&self.lifecycle);
    }

    /// Creates an instance on BTC-USDT of this provider.
    pub(crate) async fn create_on(&self, provider: &str, id: &str, selector: &str, config: Value) {
        let scope = json!({ provider: { "symbols": ["BTC-USDT"] } });
        let body = json!({ "id": id, "strategy": { "identifier": selector, "config": config }, "scope": scope });
        self.client.post("/strategy/instances", body).await.expect(201);
    }

    fn gate(&self, provider: &str) -> Arc<Gate> {
        let gates = self.gates.lock().unwrap();
        gates.iter().find(|gate| gate.name().as_str() == provider).expect("the provider was added").clone()
    }
}
