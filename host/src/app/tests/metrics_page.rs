//! `docs/metrics.md`, written from what a running host has registered, and the dashboard, which may name nothing else.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::start;
use crate::base::metrics::Description;

const HEAD: &str = "\
# Metrics

Written by `cargo xtask bless` from the code; a test fails when it is stale.

`GET /metrics` answers the Prometheus text format and needs the token. With `telemetry.otlpEndpoint` set the same metrics, and traces of requests,
starts, compilations and refreshes, are sent to a collector of OpenTelemetry. [dashboards](dashboards/README.md) has them drawn.

Label values are bounded: kinds, codes, statuses, routes as written in the route table, providers, strategies, and hashes of revisions that were launched.
No label is an instance, an order or a text of a guest; figures of one instance are in its own view. A family with labels shows no series
before its first use.

| metric | kind | labels | meaning |
|---|---|---|---|
";

/// Labels that have few values by construction.
const LABELS: [&str; 19] = [
    "action",
    "adapter",
    "allowOrphan",
    "blame",
    "cause",
    "code",
    "found",
    "hash",
    "kind",
    "method",
    "oddity",
    "outcome",
    "provider",
    "result",
    "route",
    "stage",
    "status",
    "strategy",
    "tag",
];

async fn descriptions() -> Vec<Description> {
    let dir = tempfile::tempdir().unwrap();
    let app = start(dir.path()).await;
    let descriptions = app.metrics().descriptions();
    app.stop().await;
    descriptions
}

fn page(descriptions: &[Description]) -> String {
    let mut page = HEAD.to_owned();
    for Description { name, kind, labels, help } in descriptions {
        let labels = labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
        writeln!(page, "| `{name}` | {kind} | {labels} | {help} |").unwrap();
    }
    page
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

#[tokio::test(flavor = "multi_thread")]
async fn golden_metrics_page_is_what_the_code_says() {
    let descriptions = descriptions().await;
    for Description { name, labels, help, .. } in &descriptions {
        assert!(help.ends_with('.') && help.len() > 10, "{name}: {help}");
        for label in labels {
            assert!(
                LABELS.contains(&label.as_str()),
                "{name}: the label `{label}` is not among those that are known to be bounded"
            );
        }
    }
    let (path, page) = (docs().join("metrics.md"), page(&descriptions));
    if std::env::var_os("SANDPIT_BLESS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(written, page, "docs/metrics.md is stale: run `cargo xtask bless` and read the diff");
}

/// Every word that begins like a metric of ours.
fn metrics_in(expression: &str) -> impl Iterator<Item = &str> {
    let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    expression.split(word).filter(|word| word.starts_with("sandpit_") || word.starts_with("strategy_"))
}

/// The labels of every `by (...)`, and those of the legend.
fn labels_in<'a>(expression: &'a str, legend: &'a str) -> Vec<&'a str> {
    let by = expression.split("by (").skip(1).filter_map(|rest| rest.split(')').next()).flat_map(|names| names.split(", "));
    let shown = legend.split("{{").skip(1).filter_map(|rest| rest.split("}}").next());
    by.chain(shown).filter(|label| *label != "le").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dashboard_names_metrics_and_labels_that_exist() {
    let known: BTreeMap<_, _> = descriptions().await.into_iter().map(|one| (one.name.clone(), one)).collect();
    let text = std::fs::read_to_string(docs().join("dashboards/sandpit.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let mut seen = 0;
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let (expression, legend) = (target["expr"].as_str().unwrap(), target["legendFormat"].as_str().unwrap());
            for metric in metrics_in(expression) {
                let family = metric.strip_suffix("_bucket").unwrap_or(metric);
                let Some(description) = known.get(family) else { panic!("{}: there is no metric {metric}", panel["title"]) };
                for label in labels_in(expression, legend) {
                    assert!(
                        description.labels.iter().any(|one| one == label),
                        "{}: {metric} has no label {label}",
                        panel["title"]
                    );
                }
                seen += 1;
            }
        }
    }
    assert!(seen > 25, "only {seen} metrics were found in the dashboard");
}
