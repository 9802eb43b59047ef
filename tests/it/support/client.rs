//! A client of the control plane that shows whole answers when something is not as expected.

use std::net::SocketAddr;

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{contract, guest};

/// Speaks to one host with one token.
#[derive(Clone)]
pub(crate) struct Client {
    base: String,
    token: Option<String>,
    http: reqwest::Client,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    request: String,
}

impl Client {
    pub(crate) fn new(address: SocketAddr, token: Option<&str>) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { base: format!("http://{address}"), token: token.map(str::to_owned), http }
    }

    /// The same host, without a token or with another one.
    pub(crate) fn with_token(&self, token: Option<&str>) -> Self {
        Self { token: token.map(str::to_owned), ..self.clone() }
    }

    /// A request to be completed by the test.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer {
        let request = request.build().unwrap();
        let shown = format!("{} {}", request.method(), request.url());
        let asked = request.try_clone().unwrap();
        let response = self.http.execute(request).await.unwrap_or_else(|error| panic!("{shown}: {error:?}"));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let answer = Answer { status, headers, text: response.text().await.unwrap(), request: shown };
        contract::check(&asked, &answer);
        answer
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// A POST without a body.
    pub(crate) async fn act(&self, path: &str) -> Answer {
        self.send(self.request(Method::POST, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    /// Uploads a guest of `tests/guests` and gives its hash.
    pub(crate) async fn upload_guest(&self, name: &str) -> String {
        let answer = self.post("/strategies/modules", json!({ "source": guest::source(name) })).await;
        assert!(matches!(answer.status, 200 | 201), "{answer:#?}");
        answer.json()["module"]["hash"].as_str().unwrap().to_owned()
    }

    /// Creates an instance of a selector on BTC-USDT of the test app's provider.
    pub(crate) async fn create(&self, id: &str, selector: &str, config: Value) -> Value {
        let scope = json!({ super::app::PROVIDER: { "symbols": ["BTC-USDT"] } });
        let body = json!({ "id": id, "strategy": { "identifier": selector, "config": config }, "scope": scope });
        self.post("/strategy/instances", body).await.expect(201)
    }

    pub(crate) async fn start(&self, id: &str) -> Value {
        self.act(&format!("/strategy/instances/{id}/start")).await.expect(200)
    }

    pub(crate) async fn stop(&self, id: &str) -> Value {
        self.act(&format!("/strategy/instances/{id}/stop")).await.expect(200)
    }

    pub(crate) async fn instance(&self, id: &str) -> Value {
        self.get(&format!("/strategy/instances/{id}")).await.expect(200)
    }

    /// The texts of all log lines that are kept, oldest first.
    pub(crate) async fn log_texts(&self, id: &str) -> Vec<String> {
        let page = self.get(&format!("/strategy/instances/{id}/logs?limit=1000")).await.expect(200);
        let lines = page["lines"].as_array().unwrap();
        lines.iter().map(|line| line["text"].as_str().unwrap().to_owned()).collect()
    }

    /// The sum of all series of a metric whose labels contain `labels`.
    pub(crate) async fn metric(&self, name: &str, labels: &str) -> f64 {
        let text = self.get("/metrics").await.text;
        let of_it = |line: &&str| line.split(['{', ' ']).next() == Some(name) && line.contains(labels);
        text.lines().filter(of_it).filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// The body, when the status is this one.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}: {self:#?}", self.request);
        self.json()
    }

    /// The body of an error, when status and code are these; its envelope is checked on the way.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Value {
        let json = self.json();
        assert_eq!((self.status, json["error"].as_str()), (status, Some(code)), "{self:#?}");
        assert_eq!(json["status"], "error", "{self:#?}");
        assert!(json["message"].as_str().is_some_and(|message| message.len() > 5), "{self:#?}");
        assert_eq!(json["requestId"].as_str(), self.header("x-request-id"), "{self:#?}");
        for key in json.as_object().unwrap().keys() {
            let known = ["status", "error", "message", "requestId", "details", "diagnostics"];
            assert!(known.contains(&key.as_str()), "{key}: {self:#?}");
        }
        let machine = [env!("CARGO_MANIFEST_DIR"), "/tmp/", "/home/", "panicked", "src/"];
        let leak = machine.into_iter().find(|part| self.text.contains(part));
        assert_eq!(leak, None, "an error tells of the machine: {self:#?}");
        json
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}
