//! Sources in the gateway's old style run as they are: `tests/gateway` on the real host. Each habit of those strategies has a
//! test here that says what the old source did: its orders on record, its log, its state. The table in `tests/gateway/README.md`
//! says which habit stands where.

mod contract;
mod grid;
mod marketmaking;
mod meanreversion;
mod momentum;
mod shared;
mod table;
mod watchers;

use serde_json::{Map, Value, json};

use crate::cases::{order_line, orders, set_limits};
use crate::support::{Script, TestApp, eventually, root};

/// All of them.
const NAMES: [&str; 8] = ["delay", "extension-listener", "grid", "logging", "marketmaking", "meanreversion", "momentum", "noop"];

/// The text of an old source.
fn source(name: &str) -> String {
    std::fs::read_to_string(root().join(format!("tests/gateway/{name}.js"))).unwrap()
}

/// An old source, and how it is run.
struct Old<'a> {
    name: &'a str,
    config: Value,
    limits: Value,
    around: Option<&'a str>,
    providers: Vec<&'a str>,
}

/// What came of it.
#[derive(Debug)]
struct Played {
    /// `Buy Limit 1 at 99 FILLED` and the like, oldest first.
    orders: Vec<String>,
    /// The provider of each.
    providers: Vec<String>,
    /// All log lines, oldest first.
    said: Vec<String>,
    /// The instance at the end.
    view: Value,
}

impl<'a> Old<'a> {
    /// Sends its orders, on one provider called `alpha`.
    fn new(name: &'a str) -> Self {
        Self { name, config: json!({ "dry_run": false }), limits: json!({}), around: None, providers: vec!["alpha"] }
    }

    /// Exactly this configuration; without it only `dry_run` is set, to false.
    fn config(mut self, config: Value) -> Self {
        self.config = config;
        self
    }

    /// Of risk, other than those that let everything through.
    fn limits(mut self, limits: Value) -> Self {
        self.limits = limits;
        self
    }

    /// Between the host and the source stands another file of the same revision, which requires the source. `body` is that
    /// file's `create(env)`, to which `old` is what the source exports.
    fn around(mut self, body: &'a str) -> Self {
        self.around = Some(body);
        self
    }

    /// Follows this provider as well. The market of the test is that of `alpha`.
    fn beside(mut self, provider: &'a str) -> Self {
        self.providers.push(provider);
        self
    }

    /// What is uploaded.
    fn revision(&self) -> Value {
        let file = format!("{}.js", self.name);
        let Some(body) = self.around else { return json!({ "source": source(self.name), "filename": file }) };
        let main = format!(
            "const old = require('./{file}');\nmodule.exports = {{\n  metadata: {{ ...old.metadata, name: 'around' }},\n  \
             create(env) {{ {body} }},\n}};\n"
        );
        let mut files = Map::new();
        files.insert(file, source(self.name).into());
        files.insert("around.js".to_owned(), main.into());
        json!({ "files": files, "name": "around" })
    }

    /// Uploads it, and creates the instance `i1`.
    async fn instance(&self, app: &TestApp) {
        let uploaded = app.client.post("/strategies/modules", self.revision()).await.expect(201);
        let scope: Map<_, _> =
            self.providers.iter().map(|name| ((*name).to_owned(), json!({ "symbols": ["BTC-USDT"] }))).collect();
        let strategy = json!({ "identifier": uploaded["module"]["hash"], "config": self.config });
        let body = json!({ "id": "i1", "strategy": strategy, "scope": scope });
        app.client.post("/strategy/instances", body).await.expect(201);
    }

    /// A host on which the instance `i1` runs and the market waits.
    async fn started(&self, market: Script) -> TestApp {
        let app = TestApp::start().await;
        set_limits(&app.client, self.limits.clone()).await;
        app.add_script("alpha", market).await;
        for other in &self.providers[1..] {
            app.add_script(other, Script::new().book("99.9", "100.1")).await;
        }
        self.instance(&app).await;
        app.client.start("i1").await;
        app
    }

    /// Runs it over a market to the end.
    async fn play(self, market: Script) -> Played {
        let app = self.started(market).await;
        app.play_out("alpha").await;
        let orders = orders(&app.client, "i1").await;
        Played {
            providers: orders.iter().map(|order| order["provider"].as_str().unwrap().to_owned()).collect(),
            orders: orders.iter().map(order_line).collect(),
            said: app.client.log_texts("i1").await,
            view: app.client.instance("i1").await,
        }
    }
}

impl Played {
    /// The same, if it neither threw nor faulted.
    #[track_caller]
    fn quietly(self) -> Self {
        assert_eq!((&self.view["faults"], &self.view["exceptions"]), (&json!(0), &json!(0)), "{self:#?}");
        self
    }

    /// The rest of the lines that begin so.
    fn after(&self, beginning: &str) -> Vec<&str> {
        self.said.iter().filter_map(|line| line.strip_prefix(beginning)).collect()
    }
}
