//! Cases 30 to 34: refresh, deletion, usage, listing.

use super::*;

/// Decision 13: one answer per requested selector.
#[tokio::test]
async fn case_30_a_refresh_moves_those_who_follow() {
    let app = TestApp::start().await;
    let first = upload(&app.client, &strategy("case", "v1", "")).await;
    let second = upload(&app.client, &strategy("case", "v2", "")).await;
    let pinned = format!("case@{first}");
    for (id, selector) in [("follows", "case"), ("pinned", pinned.as_str())] {
        app.client.create(id, selector, json!({})).await;
        app.client.start(id).await;
    }
    assign(&app.client, "case", "latest", json!({ "hash": second })).await.expect(200);
    let answer = refresh(&app.client, json!({ "strategies": ["case", "missing"] })).await;
    assert_eq!(answer["status"], "partial_refresh");
    let results = answer["results"].as_array().unwrap();
    let of = |selector: &str| results.iter().find(|result| result["selector"] == selector).unwrap();
    let moved = of("case");
    assert_eq!((&moved["reason"], &moved["hash"], &moved["previousHash"]), (&json!("refreshed"), &json!(second), &json!(first)));
    assert_eq!(moved["instances"], json!(["follows"]));
    let reasons = moved["outcomes"].as_array().unwrap().iter().map(|one| (one["id"].as_str().unwrap(), one["reason"].clone()));
    let expected = [("follows", json!("refreshed")), ("pinned", json!("alreadyPinned"))];
    assert_eq!(reasons.collect::<Vec<_>>(), expected, "one row per instance, too: {answer:#}");
    assert_eq!(of("missing")["reason"], "retired", "{answer:#}");
    let hash = async |id: &str| app.client.instance(id).await["hash"].clone();
    assert_eq!((hash("follows").await, hash("pinned").await), (json!(second), json!(first)));
    assert_eq!(app.client.instance("follows").await["status"], "running");
    let again = refresh(&app.client, json!({ "strategies": [pinned] })).await;
    assert_eq!((again["results"].as_array().unwrap().len(), &again["results"][0]["reason"]), (1, &json!("alreadyPinned")));
}

/// Decision 9: 409 with the usage in `details`, and the gateway's words.
#[tokio::test]
async fn case_31_a_revision_that_a_stopped_instance_pins_stays() {
    let app = TestApp::start().await;
    let hash = upload(&app.client, &strategy("case", "v1", "")).await;
    app.client.create("i1", "case", json!({})).await;
    app.client.start("i1").await;
    app.client.stop("i1").await;
    for selector in ["case", "case:v1", &hash] {
        let refused = app.client.delete(&format!("/strategies/modules/{selector}")).await.refused(409, "revision_in_use");
        says(&refused, &format!("strategy revision {hash} is in use"));
        assert!(refused["details"].to_string().contains("\"i1\""), "{refused:#}");
    }
    app.client.delete("/strategy/instances/i1").await.expect(200);
    assert_eq!(app.client.delete("/strategies/modules/case").await.status, 204);
    app.client.get("/strategies/modules/case").await.refused(404, "strategy_not_found");
}

#[tokio::test]
async fn case_32_usage_counts_who_runs_and_remembers_who_ran() {
    let app = TestApp::start().await;
    let hash = upload(&app.client, &strategy("case", "v1", "")).await;
    app.client.create("i1", "case", json!({})).await;
    let usage = async |query: &str| app.client.get(&format!("/strategies/modules/case:v1/usage{query}")).await.expect(200);
    app.client.start("i1").await;
    let running = usage("").await;
    assert_eq!((&running["selector"], &running["strategy"], &running["hash"]), (&json!("case:v1"), &json!("case"), &json!(hash)));
    assert_eq!((&running["usage"]["count"], &running["usage"]["instances"]), (&json!(1), &json!(["i1"])));
    assert_eq!((&running["total"], &running["offset"], &running["limit"]), (&json!(1), &json!(0), &Value::Null), "{running:#}");
    assert_eq!(running["instances"][0]["id"], "i1");
    app.client.stop("i1").await;
    let stopped = usage("").await;
    assert_eq!((&stopped["usage"]["count"], &stopped["usage"]["running"]), (&json!(0), &json!(false)));
    let seen = |usage: &Value| usage["usage"]["lastSeen"].as_str().unwrap().to_owned();
    assert!(seen(&stopped) >= seen(&running) && !seen(&stopped).starts_with("0001"), "{stopped:#}");
    assert_eq!(stopped["instances"], json!([]));
    assert_eq!(usage("?includeStopped=true").await["instances"][0]["id"], "i1");
    let refused = app.client.get("/strategies/modules/case/usage?includeStopped=maybe").await.refused(400, "invalid_parameter");
    says(&refused, "includeStopped must be a boolean");
}

#[tokio::test]
async fn case_33_a_list_is_read_in_pages() {
    let app = TestApp::start().await;
    for name in ["extension-listener", "grid", "logging", "marketmaking", "meanreversion"] {
        assert_eq!(app.client.delete(&format!("/strategies/modules/{name}")).await.status, 204, "{name}");
    }
    let page = async |query: &str| app.client.get(&format!("/strategies/modules?{query}")).await.expect(200);
    let second = page("limit=1&offset=1").await;
    assert_eq!((names(&second), &second["total"], &second["limit"]), (vec!["momentum"], &json!(3), &json!(1)), "{second:#}");
    let none = page("limit=0").await;
    assert_eq!((names(&none), &none["limit"]), (Vec::new(), &json!(0)));
    let refused = app.client.get("/strategies/modules?limit=-1").await.refused(400, "invalid_parameter");
    says(&refused, "limit must be a non-negative integer");
    assert_eq!(page("offset=50").await["offset"], 3);
}

/// Decision 8: it is back, and takes a boolean.
#[tokio::test]
async fn case_34_running_only_is_a_filter() {
    let app = TestApp::start().await;
    let page = async |query: &str| app.client.get(&format!("/strategies/modules?{query}")).await.expect(200);
    assert_eq!(page("runningOnly=false").await["total"], 8);
    assert_eq!(page("runningOnly=true").await["total"], 0);
    app.client.create("i1", "noop", json!({})).await;
    app.client.start("i1").await;
    assert_eq!(names(&page("runningOnly=true").await), ["noop"]);
    app.client.get("/strategies/modules?runningOnly=sometimes").await.refused(400, "invalid_parameter");
}
