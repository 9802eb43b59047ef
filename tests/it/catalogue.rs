//! Reading and deleting what was uploaded.

use crate::support::{Client, TestApp, guest};
use serde_json::{Value, json};

const BUILT_IN: [&str; 8] =
    ["delay", "extension-listener", "grid", "logging", "marketmaking", "meanreversion", "momentum", "noop"];

fn names(listing: &Value) -> Vec<&str> {
    listing["modules"].as_array().unwrap().iter().map(|module| module["name"].as_str().unwrap()).collect()
}

async fn modules(client: &Client, query: &str) -> Value {
    client.get(&format!("/strategies/modules{query}")).await.expect(200)
}

#[tokio::test]
async fn a_fresh_host_has_the_built_in_strategies() {
    let app = TestApp::start().await;
    let listing = modules(&app.client, "").await;
    assert_eq!(names(&listing), BUILT_IN);
    assert_eq!((&listing["total"], &listing["offset"]), (&json!(8), &json!(0)));
    assert!(listing.get("limit").is_none(), "{listing}");
    let strategies = app.client.get("/strategies").await.expect(200);
    let listed: Vec<&str> = strategies["strategies"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap()).collect();
    assert_eq!(listed, BUILT_IN);
    let momentum = app.client.get("/strategies/momentum").await.expect(200);
    assert_eq!(momentum["displayName"], "Momentum");
    let fields: Vec<&str> = momentum["config"].as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap()).collect();
    let mut sorted = fields.clone();
    sorted.sort_unstable();
    assert_eq!(fields, sorted, "fields by name");
    assert!(fields.contains(&"dry_run"));
}

#[tokio::test]
async fn lists_are_read_in_pages_and_filtered() {
    let app = TestApp::start().await;
    let page = modules(&app.client, "?limit=1&offset=1").await;
    assert_eq!(
        (names(&page), &page["total"], &page["limit"], &page["offset"]),
        (vec!["extension-listener"], &json!(8), &json!(1), &json!(1))
    );
    assert_eq!(names(&modules(&app.client, "?limit=0").await), Vec::<&str>::new());
    assert_eq!(modules(&app.client, "?offset=50").await["offset"], 8);
    assert_eq!(names(&modules(&app.client, "?strategy=MOMENTUM").await), ["momentum"]);
    let hash = app.client.get("/strategies/modules/grid").await.expect(200)["selectedRevisionHash"].clone();
    let hash = hash.as_str().unwrap();
    assert_eq!(names(&modules(&app.client, &format!("?hash={hash}")).await), ["grid"]);
    assert_eq!(
        names(&modules(&app.client, &format!("?hash={}", hash.to_uppercase().replace("SHA256", "sha256"))).await),
        ["grid"]
    );
    assert_eq!(names(&modules(&app.client, "?strategy=nothing").await), Vec::<&str>::new());
}

#[tokio::test]
async fn what_runs_is_shown_and_can_be_asked_for() {
    let app = TestApp::start().await;
    assert_eq!(names(&modules(&app.client, "?runningOnly=true").await), Vec::<&str>::new());
    app.client.create("i1", "noop", json!({})).await;
    assert_eq!(names(&modules(&app.client, "?runningOnly=true").await), Vec::<&str>::new(), "created is not running");
    app.client.start("i1").await;
    let listing = modules(&app.client, "?runningOnly=true").await;
    assert_eq!(names(&listing), ["noop"]);
    let running = &listing["modules"][0]["running"];
    assert_eq!(running[0]["instances"], json!(["i1"]), "{listing:#}");
    assert_eq!(running[0]["hash"], listing["modules"][0]["selectedRevisionHash"]);
    assert_eq!(running[0]["count"], 1);
}

#[tokio::test]
async fn selectors_arrive_with_and_without_percent_signs() {
    let app = TestApp::start().await;
    let module = app.client.get("/strategies/modules/delay").await.expect(200);
    let hash = module["selectedRevisionHash"].as_str().unwrap();
    let hex = hash.strip_prefix("sha256:").unwrap();
    let same = [
        "delay:v1.0.0".to_owned(),
        "delay%3Av1.0.0".to_owned(),
        "delay:latest".to_owned(),
        format!("delay@{hash}"),
        format!("delay%40sha256%3A{hex}"),
        format!("delay@{hex}"),
        format!("delay@sha256:{}", hex.to_uppercase()),
        hash.to_owned(),
        hex.to_owned(),
    ];
    for selector in same {
        assert_eq!(
            app.client.get(&format!("/strategies/modules/{selector}")).await.expect(200)["selectedRevisionHash"],
            hash,
            "{selector}"
        );
        assert!(
            app.client.get(&format!("/strategies/modules/{selector}/source")).await.text.contains("module.exports"),
            "{selector}"
        );
    }
}

#[tokio::test]
async fn no_path_leads_out_of_the_catalogue() {
    let app = TestApp::start().await;
    let tricks = [
        "%2e%2e%2fregistry.json",
        "%2e%2e",
        "..%2f..%2fetc%2fpasswd",
        "%252e%252e%252f",
        "delay;x",
        "delay%00",
        "delay%0a",
        "delay.%20",
        "delay%2fx",
        "delay:..%2f",
        "delay@sha256:00",
        "delay@",
        "delay:",
        "@",
        ":",
        "sha256:",
        "%e2%80%aedelay",
        "del%5cay",
        "delay%ff",
    ];
    for trick in tricks {
        for path in [format!("/strategies/modules/{trick}"), format!("/strategies/modules/{trick}/source")] {
            let answer = app.client.get(&path).await;
            assert!(matches!(answer.status, 400 | 404), "{answer:#?}");
            let code = answer.json()["error"].clone();
            let status = answer.status;
            answer.refused(status, code.as_str().unwrap());
        }
    }
}

#[tokio::test]
async fn what_is_in_use_is_not_deleted() {
    let app = TestApp::start().await;
    let hash = app.client.upload_guest("canary").await;
    app.client.create("i1", "canary", json!({})).await;
    for selector in ["canary", "canary:v1.0.0", &format!("canary@{hash}"), &hash] {
        let json = app.client.delete(&format!("/strategies/modules/{selector}")).await.refused(409, "revision_in_use");
        assert!(json["details"].to_string().contains("\"i1\""), "stopped instances pin their hash: {json:#}");
    }
    app.client.start("i1").await;
    app.client.delete("/strategies/modules/canary").await.refused(409, "revision_in_use");
    app.client.delete("/strategy/instances/i1").await.expect(200);
    let answer = app.client.delete("/strategies/modules/canary").await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    app.client.get("/strategies/modules/canary").await.refused(404, "strategy_not_found");
    app.client.delete("/strategies/modules/canary").await.refused(404, "strategy_not_found");
}

#[tokio::test]
async fn deleting_one_revision_leaves_the_others() {
    let app = TestApp::start().await;
    let old = app.client.upload_guest("canary").await;
    let newer = guest::source("canary").replace("v1.0.0", "v1.1.0");
    let answer = app.client.post("/strategies/modules", json!({ "source": newer, "promoteLatest": true })).await.expect(201);
    let new = answer["module"]["hash"].as_str().unwrap();
    assert_eq!(app.client.delete("/strategies/modules/canary:v1.0.0").await.status, 204);
    let module = app.client.get("/strategies/modules/canary").await.expect(200);
    assert_eq!(module["selectedRevisionHash"], new);
    assert_eq!(module["revisions"].as_array().unwrap().len(), 1);
    app.client.get(&format!("/strategies/modules/canary@{old}")).await.refused(400, "hash_not_found");
    app.client.get("/strategies/modules/canary:v1.0.0").await.refused(400, "tag_not_found");
}

#[tokio::test]
async fn a_module_shows_its_revisions_and_tags() {
    let app = TestApp::start().await;
    let module = app.client.get("/strategies/modules/grid").await.expect(200);
    let hash = module["selectedRevisionHash"].as_str().unwrap();
    let hex = hash.strip_prefix("sha256:").unwrap();
    assert_eq!(module["name"], "grid");
    assert_eq!(module["file"], "grid.js");
    assert_eq!(module["path"], format!("grid/{hex}/grid.js"));
    assert_eq!(module["tagAliases"], json!({ "latest": hash, "v1.0.0": hash }));
    assert_eq!(module["tags"], json!(["latest", "v1.0.0"]));
    assert_eq!(module["revisions"][0]["hash"], hash);
    assert_eq!(module["metadata"]["events"], json!(["Trade", "ExecReport", "BalanceUpdate", "RiskControl"]));
    assert!(module["engineHash"].as_str().is_some_and(|hash| hash.starts_with("sha256:")), "{module:#}");
}
