//! Cases 35 and 36: a backup and its restore, and the life of a provider's name.

use super::*;

/// Decision 29: a restore needs a mode, and an empty body wipes nothing; at the gateway it wiped everything.
#[tokio::test]
async fn case_35_a_backup_comes_back_at_rest_and_without_secrets() {
    let app = TestApp::start().await;
    let open = strategy("case", "v1", "").replace("events:", "additionalConfig: true, events:");
    let hash = upload(&app.client, &open).await;
    app.client.create("i1", "case", json!({ "api_key": "hunter2", "depth": 5 })).await;
    app.client.start("i1").await;
    let answer = app.client.get("/context/backup").await;
    assert!(!answer.text.contains("hunter2"), "{answer:#?}");
    let mut backup = answer.expect(200);
    assert_eq!(backup["lambdas"][0]["strategy"]["config"], json!({ "depth": 5 }), "{backup:#}");

    app.client.post("/context/backup", json!({})).await.refused(400, "invalid_parameter");
    app.client.act("/context/backup").await.refused(400, "invalid_body");
    assert_eq!(app.client.instance("i1").await["status"], "running");
    app.client.delete("/strategy/instances/i1").await.expect(200);
    backup["mode"] = json!("replace");
    let report = app.client.post("/context/backup", backup).await.expect(200);
    assert_eq!((&report["status"], &report["lambdas"]["created"]), (&json!("restored"), &json!(["i1"])), "{report:#}");
    let view = app.client.instance("i1").await;
    assert_eq!((&view["running"], &view["hash"]), (&json!(false), &json!(hash)));
    assert_eq!(view["strategy"]["config"], json!({ "depth": 5 }));
}

#[tokio::test]
async fn case_36_a_provider_is_accepted_once_and_kept_while_it_is_used() {
    let app = TestApp::start().await;
    let body = json!({ "name": "p1", "adapter": { "identifier": "synthetic", "config": {} } });
    let answer = app.client.post("/providers", body.clone()).await;
    assert_eq!(answer.header("location"), Some("/providers/p1"));
    assert_eq!(answer.expect(202)["status"], "pending");
    says(&app.client.post("/providers", body).await.refused(409, "provider_exists"), "provider already exists: p1");
    app.create_on("p1", "i1", "noop", json!({})).await;
    let refused = app.client.delete("/providers/p1").await.refused(409, "provider_in_use");
    says(&refused, "in use by instances: i1");
    app.client.delete("/strategy/instances/i1").await.expect(200);
    assert_eq!(app.client.delete("/providers/p1").await.expect(200)["status"], "removed");
}
