//! The description of the control plane: served, and its examples are real. That every answer of every test fits it, and every
//! accepted request, is checked in `support/contract.rs`.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;

use crate::support::{TestApp, root};

/// Every operation in an order in which its examples can succeed: a strategy comes, is launched, stopped and goes.
const STORY: &[&str] = &[
    "healthLive",
    "healthReady",
    "healthMetrics",
    "openapiGet",
    "modulesUpload",
    "modulesReplace",
    "modulesList",
    "modulesGet",
    "modulesSource",
    "modulesUsage",
    "strategiesRefresh",
    "strategiesList",
    "strategiesGet",
    "strategiesRegistry",
    "tagsAssign",
    "tagsList",
    "tagsHistory",
    "adaptersList",
    "adaptersGet",
    "providersCreate",
    "providersList",
    "providersGet",
    "providersReplace",
    "providersEvents",
    "providersBalances",
    "providersStop",
    "providersStart",
    "providersDelete",
    "riskLimits",
    "riskReplaceLimits",
    "riskEngage",
    "riskOverview",
    "riskReset",
    "instancesCreate",
    "instancesList",
    "instancesGet",
    "instancesUpdate",
    "riskReplaceOwnLimits",
    "riskOwnLimits",
    "riskDropOwnLimits",
    "riskEngageOwn",
    "riskInstance",
    "riskResetOwn",
    "instancesStart",
    "instancesOrders",
    "instancesExecutions",
    "instancesDenials",
    "instancesPositions",
    "instancesLogs",
    "instancesEvents",
    "contextBackup",
    "contextRestore",
    "instancesStop",
    "instancesDelete",
    "backtestsCreate",
    "backtestsList",
    "backtestsGet",
    "backtestsEvents",
    "backtestsCancel",
    "backtestsDelete",
    "tagsDelete",
    "modulesDelete",
];

#[tokio::test]
async fn the_served_description_is_the_committed_one() {
    let app = TestApp::start().await;
    let committed = std::fs::read_to_string(root().join("docs/openapi.json")).unwrap();
    let served = app.client.get("/openapi.json").await.expect(200);
    // Without showing them: each has hundreds of kilobytes.
    assert!(served == serde_json::from_str::<Value>(&committed).unwrap(), "run `cargo xtask bless` and read the diff");
    app.client.with_token(None).get("/openapi.json").await.refused(401, "unauthorized");
}

#[tokio::test]
async fn the_examples_tell_a_true_story() {
    let app = TestApp::start().await;
    let document = sandpit::api::description();
    let operations = operations(&document);
    let told: BTreeSet<&str> = STORY.iter().copied().collect();
    let known: BTreeSet<&str> = operations.iter().map(|(_, _, operation)| operation["operationId"].as_str().unwrap()).collect();
    assert_eq!(told, known, "an operation is not in the story, or is no more");
    for id in STORY {
        let (method, path, operation) = operations.iter().find(|(_, _, operation)| operation["operationId"] == *id).unwrap();
        let path = filled(path, operation);
        let request = app.client.request(Method::from_bytes(method.to_uppercase().as_bytes()).unwrap(), &path);
        let request = match example(&document, operation) {
            Some(body) => request.json(body),
            None => request,
        };
        if *id == "instancesEvents" {
            // It has no end that a client could wait for.
            assert_eq!(request.send().await.unwrap().status(), 200, "{id}");
            continue;
        }
        let answer = app.client.send(request).await;
        assert!(answer.status < 300, "{id}: {answer:#?}");
    }
}

/// Method, path and operation.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in
            item.as_object().unwrap().iter().filter(|(_, operation)| operation.get("operationId").is_some())
        {
            found.push((method.as_str(), path.as_str(), operation));
        }
    }
    found
}

/// The path with the examples of its placeholders.
fn filled(path: &str, operation: &Value) -> String {
    let mut path = path.to_owned();
    for parameter in operation["parameters"].as_array().into_iter().flatten().filter(|parameter| parameter["in"] == "path") {
        let example = parameter["schema"]["examples"][0].as_str().unwrap_or_else(|| panic!("{path}: {parameter} has no example"));
        path = path.replace(&format!("{{{}}}", parameter["name"].as_str().unwrap()), example);
    }
    path
}

/// The example of the body, if there is one.
fn example<'a>(document: &'a Value, operation: &'a Value) -> Option<&'a Value> {
    let schema = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str()?;
    let schema = document.pointer(schema.trim_start_matches('#')).unwrap();
    Some(schema["examples"].get(0).unwrap_or_else(|| panic!("{schema} has no example")))
}
