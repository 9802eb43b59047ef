//! `docs/strategies`: a page of each built-in strategy, from its metadata and from a run over a recorded market. Whoever changes
//! a strategy, the engine or the venue has `cargo xtask bless` write them anew, and sees what came of the change.

mod run;
mod text;

use std::collections::BTreeMap;

use run::Run;
use text::Page;

use crate::support::root;

const BTC: &str = "btcusdt-20240808";
const ETH: &str = "ethusdt-20240808";

/// The thresholds of a strategy's defaults are for days: these minutes of the market have signals at the hundredth of a percent.
/// Nothing is tuned for profit.
const RUNS: [Run; 8] = [
    Run { name: "momentum", tape: BTC, config: &["momentum_threshold=0.005", "order_size=0.001"] },
    Run { name: "meanreversion", tape: BTC, config: &["deviation_threshold=0.01", "order_size=0.001"] },
    Run { name: "grid", tape: BTC, config: &["grid_spacing=0.01", "order_size=0.001"] },
    Run { name: "marketmaking", tape: ETH, config: &["spread_bps=1", "order_size=0.01", "max_open_orders=1"] },
    Run { name: "logging", tape: BTC, config: &[] },
    Run { name: "delay", tape: BTC, config: &[] },
    Run { name: "noop", tape: BTC, config: &[] },
    Run { name: "extension-listener", tape: BTC, config: &[] },
];

/// Every page and picture, by the name of its file.
async fn written_now() -> BTreeMap<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let (mut files, mut pages) = (BTreeMap::new(), Vec::new());
    // All at the same time, for as many cores as there are.
    let mut runs = tokio::task::JoinSet::new();
    for (place, run) in RUNS.into_iter().enumerate() {
        let folder = folder.path().to_owned();
        runs.spawn(async move { (place, run.report(&folder).await) });
    }
    let reports: BTreeMap<_, _> = runs.join_all().await.into_iter().collect();
    for (run, report) in RUNS.into_iter().zip(reports.into_values()) {
        assert_eq!((report.exception_count, report.faults.len()), (0, 0), "{}", run.name);
        let page = Page::new(run, report, folder.path()).await;
        files.extend(run.charts(&page.report));
        files.insert(format!("{}.md", run.name), page.text());
        pages.push(page);
    }
    files.insert("README.md".to_owned(), text::index(&pages));
    files
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn golden_pages_of_the_strategies_are_what_they_say_and_do() {
    let folder = root().join("docs/strategies");
    let now = written_now().await;
    if std::env::var_os("SANDPIT_BLESS").is_some() {
        std::fs::create_dir_all(&folder).unwrap();
        for (file, text) in &now {
            std::fs::write(folder.join(file), text).unwrap();
        }
    }
    for (file, text) in &now {
        let written = std::fs::read_to_string(folder.join(file)).unwrap_or_default();
        assert_eq!(&written, text, "docs/strategies/{file} is stale: run `cargo xtask bless`");
    }
    let there: Vec<String> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    for file in there {
        assert!(now.contains_key(&file), "docs/strategies/{file} belongs to no built-in strategy: delete it");
    }
}

/// A strategy without a page is found here, and so is a page of one that is gone.
#[test]
fn every_built_in_strategy_has_a_page() {
    let entries = std::fs::read_dir(root().join("strategies")).unwrap().map(|entry| entry.unwrap());
    let folders = entries.filter(|entry| entry.file_type().unwrap().is_dir());
    let mut built_in: Vec<String> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
    built_in.sort();
    let mut paged = RUNS.map(|run| run.name);
    paged.sort_unstable();
    assert_eq!(built_in, paged);
}
