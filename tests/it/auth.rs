//! Who may call.

use crate::support::TestApp;
use reqwest::Method;

const CLOSED: [(&str, &str); 30] = [
    ("GET", "/metrics"),
    ("GET", "/strategies"),
    ("GET", "/strategies/momentum"),
    ("GET", "/strategies/modules"),
    ("POST", "/strategies/modules"),
    ("GET", "/strategies/modules/momentum"),
    ("DELETE", "/strategies/modules/momentum"),
    ("GET", "/strategies/modules/momentum/source"),
    ("GET", "/strategy/instances"),
    ("POST", "/strategy/instances"),
    ("GET", "/strategy/instances/i1"),
    ("DELETE", "/strategy/instances/i1"),
    ("POST", "/strategy/instances/i1/start"),
    ("POST", "/strategy/instances/i1/stop"),
    ("GET", "/strategy/instances/i1/orders"),
    ("GET", "/strategy/instances/i1/executions"),
    ("GET", "/strategy/instances/i1/logs"),
    ("GET", "/providers"),
    ("POST", "/providers"),
    ("GET", "/providers/p"),
    ("PUT", "/providers/p"),
    ("DELETE", "/providers/p"),
    ("POST", "/providers/p/start"),
    ("POST", "/providers/p/stop"),
    ("GET", "/providers/p/balances"),
    ("POST", "/providers/p/events"),
    ("GET", "/adapters"),
    ("GET", "/adapters/paper"),
    ("GET", "/no/such/route"),
    ("PATCH", "/strategies"),
];

#[tokio::test]
async fn everything_but_health_needs_the_token() {
    let app = TestApp::start().await;
    let token = app.token.clone();
    for wrong in [None, Some(""), Some("wrong"), Some(&token[1..]), Some(&format!("{token}0")[..])] {
        let stranger = app.client.with_token(wrong);
        for (method, path) in CLOSED {
            let answer = stranger.send(stranger.request(Method::from_bytes(method.as_bytes()).unwrap(), path)).await;
            assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"sandpit\""), "{answer:#?}");
            answer.refused(401, "unauthorized");
        }
        assert_eq!(stranger.get("/healthz").await.expect(200)["status"], "ok");
        assert_eq!(stranger.get("/readyz").await.expect(200)["status"], "ready");
    }
    app.client.get("/strategies").await.expect(200);
}

#[tokio::test]
async fn a_token_in_the_url_opens_nothing() {
    let app = TestApp::start().await;
    let stranger = app.client.with_token(None);
    stranger.get(&format!("/strategies?token={}", app.token)).await.refused(401, "unauthorized");
}

#[tokio::test]
async fn the_token_is_nowhere_to_be_read() {
    let app = TestApp::start().await;
    for path in ["/metrics", "/strategies", "/strategies/modules", "/strategy/instances", "/providers", "/no/such/route"] {
        assert!(!app.client.get(path).await.text.contains(&app.token), "{path}");
    }
}
