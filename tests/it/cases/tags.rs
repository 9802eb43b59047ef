//! Cases 1 to 10: uploads, selectors, tags.

use super::*;

/// Decision 6: it can be used at once; `/strategies` shows what was loaded at the last refresh.
#[tokio::test]
async fn case_1_an_upload_waits_for_a_refresh_to_be_shown() {
    let app = TestApp::start().await;
    let source = strategy("case", "v1", "");
    let answer = app.client.post("/strategies/modules", json!({ "source": source })).await.expect(201);
    assert_eq!(answer["status"], "pending_refresh");
    assert_eq!(answer["module"]["hash"], hash_of(&source));
    assert_eq!(selected(&app.client, "case").await, hash_of(&source), "the module is there at once");
    app.client.get("/strategies/case").await.refused(404, "strategy_not_found");
    refresh(&app.client, json!({})).await;
    assert_eq!(app.client.get("/strategies/case").await.expect(200)["tag"], "v1");
    app.client.get("/strategies/modules/case").await.expect(200);
}

#[tokio::test]
async fn case_2_a_script_that_no_registry_names_is_not_there() {
    let app = TestApp::start().await;
    std::fs::write(app.strategies_dir().join("stray.js"), strategy("stray", "v1", "")).unwrap();
    refresh(&app.client, json!({})).await;
    let listing = app.client.get("/strategies/modules").await.expect(200);
    assert!(names(&listing).len() == 8 && !names(&listing).contains(&"stray"), "{:?}", names(&listing));
    app.client.get("/strategies/modules/stray").await.refused(404, "strategy_not_found");
}

#[tokio::test]
async fn case_3_latest_moves_by_hand_without_a_refresh() {
    let app = TestApp::start().await;
    let first = upload(&app.client, &strategy("case", "v1", "")).await;
    let second = upload(&app.client, &strategy("case", "v2", "")).await;
    assert_eq!(selected(&app.client, "case").await, first);
    let moved = assign(&app.client, "case", "latest", json!({ "hash": second, "refresh": false })).await.expect(200);
    assert_eq!((&moved["status"], &moved["previousHash"]), (&json!("tag_assigned"), &json!(first)));
    assert_eq!((&moved["strategy"], &moved["tag"], &moved["hash"]), (&json!("case"), &json!("latest"), &json!(second)));
    assert_eq!(moved["refresh"], false);
    assert_eq!(selected(&app.client, "case").await, second);
}

#[tokio::test]
async fn case_4_a_tag_moves_to_other_bytes_and_the_old_ones_stay() {
    let app = TestApp::start().await;
    let first = upload(&app.client, &strategy("case", "v1", "onStop() {}")).await;
    let second = upload(&app.client, &strategy("case", "v1", "onStop() { return 2; }")).await;
    assert_ne!(first, second);
    assert_eq!(selected(&app.client, "case:v1").await, second);
    assert_eq!(selected(&app.client, &format!("case@{first}")).await, first);
    let source = app.client.get(&format!("/strategies/modules/case@{first}/source")).await;
    assert_eq!(hash_of(&source.text), first);
}

#[tokio::test]
async fn case_5_six_ways_to_say_one_revision() {
    let app = TestApp::start().await;
    let hash = upload(&app.client, &strategy("case", "v2", "")).await;
    let hex = hash.strip_prefix("sha256:").unwrap();
    let ways = ["case", "case:v2", &format!("case@{hex}"), &format!("case@{hash}"), hex, &hash].map(str::to_owned);
    for selector in ways {
        assert_eq!(selected(&app.client, &selector).await, hash, "{selector}");
    }
}

/// An unknown tag or hash is 400, as the gateway has it; an unknown name is 404.
#[tokio::test]
async fn case_6_what_selects_nothing_says_so() {
    let app = TestApp::start().await;
    let tag = app.client.get("/strategies/modules/delay:zz").await.refused(400, "tag_not_found");
    says(&tag, "tag \"zz\" not found");
    app.client.get("/strategies/modules/delay@sha256:00").await.refused(400, "invalid_selector");
    let nowhere = format!("delay@sha256:{}", "0".repeat(64));
    app.client.get(&format!("/strategies/modules/{nowhere}")).await.refused(400, "hash_not_found");
    let name = app.client.get("/strategies/modules/zzz").await.refused(404, "strategy_not_found");
    says(&name, "strategy module not found");
}

#[tokio::test]
async fn case_7_latest_cannot_be_removed() {
    let app = TestApp::start().await;
    for tag in ["latest", "LATEST"] {
        let refused = app.client.delete(&format!("/strategies/modules/delay/tags/{tag}")).await.refused(400, "latest_protected");
        says(&refused, "cannot be removed; reassign it instead");
    }
    app.client.get("/strategies/modules/delay:latest").await.expect(200);
}

#[tokio::test]
async fn case_8_the_only_tag_of_a_revision_goes_only_if_that_is_meant() {
    let app = TestApp::start().await;
    upload(&app.client, &strategy("case", "v1", "")).await;
    let hash = upload(&app.client, &strategy("case", "v2", "")).await;
    let refused = app.client.delete("/strategies/modules/case/tags/v2").await.refused(400, "would_orphan");
    says(&refused, &format!("would orphan hash {hash}"));
    let gone = app.client.delete("/strategies/modules/case/tags/v2?allowOrphan=1").await.expect(200);
    assert_eq!((&gone["status"], &gone["tag"]), (&json!("tag_deleted"), &json!("v2")));
    assert_eq!((&gone["hash"], &gone["allowOrphan"]), (&json!(hash), &json!(true)));
    assert_eq!(selected(&app.client, &hash).await, hash);
    app.client.create("i1", &hash, json!({})).await;
    assert_eq!(app.client.start("i1").await["status"], "ok", "it can be launched by its hash");
}

#[tokio::test]
async fn case_9_allow_orphan_is_a_boolean_and_the_tag_must_be_there() {
    let app = TestApp::start().await;
    let refused = app.client.delete("/strategies/modules/delay/tags/v1.0.0?allowOrphan=yes").await;
    says(&refused.refused(400, "invalid_parameter"), "allowOrphan must be a boolean");
    says(&app.client.delete("/strategies/modules/delay/tags/v3").await.refused(400, "tag_not_found"), "not found");
}

#[tokio::test]
async fn case_10_an_assignment_needs_a_hash_and_a_plain_tag() {
    let app = TestApp::start().await;
    says(&assign(&app.client, "delay", "prod", json!({})).await.refused(400, "hash_required"), "hash required");
    let hash = selected(&app.client, "delay").await;
    let unknown = assign(&app.client, "delay", "prod", json!({ "hash": hash, "force": true })).await;
    says(&unknown.refused(400, "unknown_field"), "force");
    for tag in ["a%2Fb", "a..%2Fb", "-v1", "a:b"] {
        assign(&app.client, "delay", tag, json!({ "hash": hash })).await.refused(400, "invalid_tag");
    }
    // Two dots inside are plain text under the OCI rule (decision 10); the gateway refused them as a path.
    assign(&app.client, "delay", "a..b", json!({ "hash": hash })).await.expect(200);
}
