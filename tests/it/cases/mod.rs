//! The cases that any host of these strategies has to get right, by the numbers under which the project keeps them: 1 to 20 and
//! 30 to 34, which are about the catalogue. Where Sandpit decided otherwise than the gateway, the test says by which decision.

mod sources;
mod tags;
mod usage;

use crate::support::{Answer, Client, TestApp, eventually};
use reqwest::Method;
use sandpit::base::Digest;
use serde_json::{Value, json};

/// A strategy whose handlers are `handlers`.
fn strategy(name: &str, tag: &str, handlers: &str) -> String {
    format!(
        "module.exports = {{\n  metadata: {{ name: '{name}', tag: '{tag}', displayName: 'Case', events: ['Trade'] }},\n  \
         create: () => ({{ {handlers} }}),\n}};\n"
    )
}

fn hash_of(source: &str) -> String {
    Digest::of(source.as_bytes()).to_string()
}

/// Uploads a source and gives its hash.
async fn upload(client: &Client, source: &str) -> String {
    let answer = client.post("/strategies/modules", json!({ "source": source })).await;
    assert!(matches!(answer.status, 200 | 201), "{answer:#?}");
    let hash = answer.json()["module"]["hash"].as_str().unwrap().to_owned();
    assert_eq!(hash, hash_of(source));
    hash
}

/// The diagnostics of a source that is refused.
async fn diagnostics(client: &Client, source: &str) -> Vec<Value> {
    let answer = client.post("/strategies/modules", json!({ "source": source })).await;
    answer.refused(422, "strategy_validation_failed")["diagnostics"].as_array().unwrap().clone()
}

async fn selected(client: &Client, selector: &str) -> Value {
    client.get(&format!("/strategies/modules/{selector}")).await.expect(200)["selectedRevisionHash"].clone()
}

async fn assign(client: &Client, name: &str, tag: &str, body: Value) -> Answer {
    let path = format!("/strategies/modules/{name}/tags/{tag}");
    client.send(client.request(Method::PUT, &path).json(&body)).await
}

async fn refresh(client: &Client, body: Value) -> Value {
    client.post("/strategies/refresh", body).await.expect(200)
}

fn says(error: &Value, words: &str) {
    assert!(error["message"].as_str().unwrap().contains(words), "`{words}` is missing: {error:#}");
}

fn names(listing: &Value) -> Vec<&str> {
    listing["modules"].as_array().unwrap().iter().map(|module| module["name"].as_str().unwrap()).collect()
}
