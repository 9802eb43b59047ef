//! `sandpit backtest`, `play` and `verify` as people use them: the same figures, receipts that hold and receipts that do not.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::cli::Cli;

/// Trades on the built-in tape; its source can be changed by a word.
const SOURCE: &str = r#"module.exports = {
  metadata: { name: "every", tag: "v1", displayName: "Every", events: ["Trade"],
    config: [{ name: "nth", type: "int", default: 40 }, { name: "size", type: "string", default: "0.001" }] },
  create({ config, runtime }) {
    let trades = 0;
    return {
      onTrade(ctx, evt) { if (++trades % config.nth === 0) runtime.submitMarketOrder(evt.provider, trades % 80 ? "BUY" : "SELL", config.size); },
    };
  },
};
"#;

const DATA: &str = "btcusdt-20240808";

struct Shell {
    cli: Cli,
    folder: TempDir,
}

impl Shell {
    /// An author's shell, with the source.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cli = Cli::new(([127, 0, 0, 1], 1).into(), "", folder.path());
        let shell = Self { cli, folder };
        shell.write("every.js", SOURCE);
        shell
    }

    fn write(&self, file: &str, text: &str) {
        std::fs::write(self.folder.path().join(file), text).unwrap();
    }

    fn read(&self, file: &str) -> Value {
        serde_json::from_slice(&std::fs::read(self.folder.path().join(file)).unwrap()).unwrap()
    }

    async fn json(&self, words: &str) -> Value {
        let words: Vec<&str> = words.split(' ').chain(["--format", "json"]).collect();
        serde_json::from_str(&self.cli.run(&words).await.well()).unwrap()
    }

    /// Writes a receipt of the ordinary run and reads it.
    async fn receipt(&self) -> Value {
        self.cli.run(&["backtest", "every.js", "--data", DATA, "--receipt", "r.json"]).await.well();
        self.read("r.json")
    }

    /// What `verify` says of a changed one, with code 1.
    async fn verify(&self, receipt: &Value, more: &[&str]) -> Value {
        self.write("changed.json", &receipt.to_string());
        let said = self.cli.run(&[&["verify", "changed.json", "--format", "json"], more].concat()).await;
        assert_eq!(said.code, 1, "{said:#?}");
        serde_json::from_str(&said.stdout).unwrap()
    }
}

#[tokio::test]
async fn a_backtest_is_a_play_and_its_settings_count() {
    let shell = Shell::new();
    let report = shell.json(&format!("backtest every.js --data {DATA} --no-cache")).await;
    assert_eq!(report, shell.json(&format!("play every.js --tape {DATA}")).await);
    assert!(report["orders"].as_array().unwrap().len() > 20, "{report:#}");
    assert_ne!(report["profit"]["USDT"]["fees"], json!("0"));

    let free =
        "--maker-fee-bps 0 --taker-fee-bps 0 --latency 5ms --balance USDT=500 --venue paper:depth=5 --limit ordersPerEvent=1";
    let report = shell.json(&format!("backtest every.js --data {DATA} --receipt r.json {free}")).await;
    assert_eq!(report["profit"]["USDT"]["fees"], json!("0"));
    let inputs = &shell.read("r.json")["inputs"];
    let venue = &inputs["venues"]["paper"];
    assert_eq!((&venue["latencyMs"], &venue["depth"], &venue["balances"]), (&json!(5), &json!(5), &json!({ "USDT": "500" })));
    assert_eq!(inputs["limits"]["ordersPerEvent"], json!(1));

    for (words, why) in [
        ("--venue paper:speed=2x", "no setting of a backtest"),
        ("--venue other:depth=5", "no data is played at a venue of this name"),
        ("--venue colour=red", "unknown field `colour`"),
        ("--limit fuel=1", "there is no such limit"),
        ("--latency 1us", "whole milliseconds"),
        ("--config colour=red", "colour"),
        ("--sweep nth=1..0:1", "a range goes up"),
    ] {
        let words: Vec<&str> = ["backtest", "every.js", "--data", DATA].into_iter().chain(words.split(' ')).collect();
        let told = shell.cli.run(&words).await.badly(2);
        assert!(told.contains(why), "{words:?}: {told}");
    }
}

#[tokio::test]
async fn the_same_input_is_answered_from_the_cache() {
    let shell = Shell::new();
    let words = ["backtest", "every.js", "--data", DATA];
    let first = shell.cli.run(&words).await;
    let second = shell.cli.run(&words).await;
    assert_eq!((first.code, first.stderr.contains("from the cache")), (0, false), "{first:#?}");
    assert!(second.stderr.contains("answered from the cache; --no-cache runs it again"), "{second:#?}");
    assert_eq!(first.stdout, second.stdout);
    assert!(first.stdout.contains("Receipt\ninputs sha256:"), "{}", first.stdout);
    let other = shell.cli.run(&[&words[..], &["--seed", "7"]].concat()).await;
    assert!(!other.stderr.contains("from the cache"), "another input");
    let again = shell.cli.run(&[&words[..], &["--no-cache"]].concat()).await;
    assert_eq!((again.stderr.contains("from the cache"), &again.stdout), (false, &first.stdout));
}

#[tokio::test]
async fn a_receipt_is_verified_from_the_file_that_it_names() {
    let shell = Shell::new();
    let receipt = shell.receipt().await;
    let said = shell.cli.run(&["verify", "r.json"]).await.well();
    assert!(said.starts_with("identical\n") && said.contains(receipt["resultsHash"].as_str().unwrap()), "{said}");
    assert_eq!(receipt["found"], json!({ "strategy": "every.js", "strategies": null, "data": [DATA] }));

    // A built-in strategy is found by its hash, whatever the name was.
    shell.cli.run(&["backtest", "momentum", "--data", DATA, "--receipt", "m.json"]).await.well();
    let mut builtin = shell.read("m.json");
    builtin["found"]["strategy"] = json!("renamed");
    shell.write("m.json", &builtin.to_string());
    shell.cli.run(&["verify", "m.json"]).await.well();
}

#[tokio::test]
async fn what_differs_is_named_before_it_runs() {
    let shell = Shell::new();
    let receipt = shell.receipt().await;

    let mut edited = receipt.clone();
    edited["inputs"]["config"]["nth"] = json!(41);
    let told = shell.verify(&edited, &[]).await;
    assert_eq!(told["outcome"], "edited");
    let mut edited = receipt.clone();
    edited["results"]["orders"]["count"] = json!(1);
    assert!(shell.verify(&edited, &[]).await["message"].as_str().unwrap().contains("results are not those"));

    // Other data under the same name, then another source, each named.
    let told = shell.verify(&receipt, &["--data", "ethusdt-20240808"]).await;
    let places: Vec<_> = told["inputs"].as_array().unwrap().iter().map(|one| one["at"].as_str().unwrap()).collect();
    assert_eq!(
        (told["outcome"].as_str(), places),
        (Some("inputsDiffer"), vec!["data[0].symbol", "data[0].hash", "data[0].instrument"])
    );
    shell.write("every.js", &SOURCE.replace("trades % 80", "trades % 120"));
    let told = shell.verify(&receipt, &[]).await;
    assert_eq!((&told["inputs"][0]["at"], told["results"].as_array().unwrap().len()), (&json!("revision"), 0), "{told:#}");

    // Run all the same: the ids of its orders have the hash of the source in them.
    let told = shell.verify(&receipt, &["--anyway"]).await;
    assert_eq!((told["outcome"].as_str(), &told["results"][0]["at"]), (Some("resultsDiffer"), &json!("orders[0]")), "{told:#}");
    assert_eq!(told["results"][0]["now"]["side"], "Buy");
}

#[tokio::test]
async fn what_cannot_be_tried_is_code_2() {
    let shell = Shell::new();
    let receipt = shell.receipt().await;
    shell.write("no.json", "{}");
    std::fs::remove_file(shell.folder.path().join("every.js")).unwrap();
    for (words, why) in [
        (&["verify", "missing.json"][..], "missing.json"),
        (&["verify", "no.json"], "is no receipt"),
        (&["verify", "r.json"], "name it with --source FILE.js or --strategies DIR"),
    ] {
        let told = shell.cli.run(words).await.badly(2);
        assert!(told.contains(why), "{told}");
    }
    shell.write("elsewhere.js", SOURCE);
    shell.cli.run(&["verify", "r.json", "--source", "elsewhere.js"]).await.well();
    let told = shell.cli.run(&["verify", "r.json", "--source", "elsewhere.js", "--data", "gone.tape"]).await.badly(2);
    assert!(told.contains("gone.tape"), "{told}");
    assert_eq!(receipt["format"], 1);
}

#[tokio::test]
async fn a_sweep_is_a_grid_of_runs() {
    let shell = Shell::new();
    let words = format!("backtest every.js --data {DATA} --sweep nth=40..80:40 --sweep size=0.001,0.002");
    let one = shell.json(&format!("{words} --jobs 1")).await;
    assert_eq!(one, shell.json(&format!("{words} --jobs 4")).await);
    let points = one["points"].as_array().unwrap();
    assert_eq!((points.len(), &points[1]["config"]), (4, &json!({ "nth": 40, "size": "0.002" })));
    shell.json(&format!("backtest every.js --data {DATA} --config size=0.002 --receipt r.json")).await;
    assert_eq!(points[1]["figures"]["resultsHash"], shell.read("r.json")["resultsHash"], "the same as a single run");
    let words: Vec<&str> = words.split(' ').chain(["--rank", "trades"]).collect();
    let said = shell.cli.run(&words).await.well();
    assert!(said.contains("nth down, size across; + the best, - the worst"), "{said}");

    // A field that must be given is given by the sweep; the rows say what they are ordered by.
    shell.write("required.js", &SOURCE.replace("default: 40", "required: true"));
    let words = ["backtest", "required.js", "--data", DATA, "--sweep", "nth=40,80", "--rank", "sharpe"];
    let said = shell.cli.run(&words).await.well();
    let head = said.lines().find(|line| line.contains("orders")).unwrap_or_default();
    assert_eq!(
        head.split_whitespace().collect::<Vec<_>>(),
        ["nth", "sharpe", "net", "orders", "fills", "fuel", "note"],
        "{said}"
    );
    let told = shell.cli.run(&words[..4]).await.badly(2);
    assert!(told.contains("config.nth: is required"), "{told}");
}
