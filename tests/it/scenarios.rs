//! `sandpit test` as people and programs call it: folders, files, standard input, scenarios in JavaScript, exit codes.

use std::fs;

use serde_json::{Value, json};

use crate::support::cli::{Cli, Said};

/// Buys at the first trade.
const BUYER: &str = r#"
module.exports = {
  metadata: { name: "buyer", tag: "v1", displayName: "Buyer", events: ["Trade"] },
  create: ({ runtime }) => {
    let done = false;
    return { onTrade(ctx, evt, trade) {
      if (trade.price === "13") throw new Error("unlucky");
      if (!done) runtime.submitMarketOrder(evt.provider, "BUY", "1");
      done = true;
    } };
  },
};
"#;

struct Desk {
    cli: Cli,
    folder: tempfile::TempDir,
}

impl Desk {
    /// A shell in a folder that has the strategy.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let desk = Self { cli: Cli::new("127.0.0.1:1".parse().unwrap(), "", folder.path()), folder };
        desk.write("buyer.js", BUYER);
        desk
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn scenario(&self, file: &str, document: &Value) {
        self.write(file, &document.to_string());
    }

    async fn test(&self, words: &[&str]) -> Said {
        self.cli.run(&[&["test"], words].concat()).await
    }

    /// What it says to programs, and its exit code.
    async fn json(&self, words: &[&str]) -> (i32, Value) {
        let said = self.test(&[words, &["--format", "json"]].concat()).await;
        (said.code, serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{said:#?}")))
    }
}

fn buys(strategy: &str, count: usize) -> Value {
    json!({ "name": format!("buys {count}"), "strategy": strategy, "steps": [{ "trade": "12" }], "expect": { "orderCount": count } })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_a_file_and_a_filter() {
    let desk = Desk::new();
    desk.scenario("one.scenario.json", &buys("buyer.js", 1));
    desk.scenario("deep/er/two.scenario.json", &json!([buys("../../buyer.js", 1), buys("momentum", 0)]));
    desk.scenario("deep/not-one.json", &json!({ "anything": true }));
    desk.scenario("node_modules/p/x.scenario.json", &buys("nowhere.js", 1));
    let told = desk.test(&[]).await.well();
    for part in ["one.scenario.json", "deep/er/two.scenario.json", "✓ buys 1", "✓ buys 0", "3 scenarios: 3 passed"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let (code, answer) = desk.json(&[]).await;
    assert_eq!((code, &answer["ok"]), (0, &json!(true)));
    let scenarios = answer["scenarios"].as_array().unwrap();
    let about = |one: &Value| (one["file"].clone(), one["name"].clone(), one["ok"].clone());
    assert_eq!(about(&scenarios[0]), (json!("deep/er/two.scenario.json"), json!("buys 1"), json!(true)));
    assert_eq!(about(&scenarios[2]), (json!("one.scenario.json"), json!("buys 1"), json!(true)));
    let keys = [
        "failures",
        "strategy",
        "orders",
        "fills",
        "log",
        "fuel",
        "calls",
        "peakMemoryBytes",
        "exceptions",
        "faults",
        "positions",
    ];
    for key in keys.iter().chain(&["exceptionCount", "saved"]) {
        assert!(scenarios[2].get(key).is_some(), "{key} is not in {}", scenarios[2]);
    }
    assert_eq!(scenarios[2]["orders"][0]["side"], "Buy");
    assert_eq!(scenarios[2]["calls"][0]["handler"], "create");

    assert!(desk.test(&["deep"]).await.well().contains("2 scenarios: 2 passed"));
    assert!(desk.test(&["one.scenario.json"]).await.well().contains("1 scenario: 1 passed"));
    assert!(desk.test(&["--filter", "buys 0"]).await.well().contains("1 scenario: 1 passed"));
    assert!(desk.test(&["--filter", "er/two"]).await.well().contains("2 scenarios: 2 passed"));
    let none = desk.test(&["--filter", "sells"]).await.badly(2);
    assert!(none.contains("none of the 3 scenarios has `sells`"), "{none}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_end_with_1_and_what_cannot_be_tried_with_2() {
    let desk = Desk::new();
    desk.scenario("a.scenario.json", &buys("buyer.js", 2));
    let said = desk.test(&[]).await;
    assert_eq!(said.code, 1, "{said:#?}");
    for part in ["✗ buys 2", "expect.orderCount: another number of orders", "expected 2", "actual   1", "1 scenario: 1 failed"]
    {
        assert!(said.stdout.contains(part), "{part}: {said:#?}");
    }
    let (code, answer) = desk.json(&["a.scenario.json"]).await;
    assert_eq!((code, &answer["ok"]), (1, &json!(false)));
    let failing = &answer["scenarios"][0]["failures"][0];
    assert_eq!(*failing, json!({ "at": "expect.orderCount", "message": failing["message"], "expected": 2, "actual": 1 }));
    // An exception: where it was thrown, and the line.
    desk.scenario("b/thrown.scenario.json", &json!({ "strategy": "../buyer.js", "steps": [{ "trades": [12, 13] }] }));
    let said = desk.test(&["b"]).await;
    assert_eq!(said.code, 1, "{said:#?}");
    for part in ["✗ thrown.scenario.json", "unlucky in onTrade", "at buyer.js:7:", "throw new Error(\"unlucky\")", "^"] {
        assert!(said.stdout.contains(part), "{part}: {said:#?}");
    }
    // A strategy that does not compile, and one that is not there.
    desk.write("bad.js", "module.exports = {;\n");
    desk.scenario("c/bad.scenario.json", &buys("../bad.js", 1));
    let (code, answer) = desk.json(&["c"]).await;
    assert_eq!(code, 1);
    let diagnostic = &answer["scenarios"][0]["diagnostics"][0];
    assert_eq!(
        (&diagnostic["stage"], &diagnostic["file"], &diagnostic["line"]),
        (&json!("compile"), &json!("bad.js"), &json!(1))
    );
    desk.scenario("d/none.scenario.json", &buys("../nowhere.js", 1));
    let (code, answer) = desk.json(&["d"]).await;
    assert_eq!(code, 2);
    assert!(answer["scenarios"][0]["error"].as_str().unwrap().contains("nowhere.js"), "{answer}");
    // Whatever else fails: somebody has to look at the file first.
    desk.write("e/x.scenario.json", r#"{ "strategy": "../buyer.js", "steps": [{ "trade": { "prise": 1 } }] }"#);
    desk.scenario("e/y.scenario.json", &buys("../buyer.js", 2));
    let said = desk.test(&["e"]).await;
    assert_eq!(said.code, 2, "{said:#?}");
    assert!(said.stdout.contains("steps[0].trade.prise: unknown field `prise`"), "{said:#?}");
    assert!(said.stdout.contains("2 scenarios: 1 failed, 1 could not be tried"), "{said:#?}");
    assert!(said.stderr.contains("1 of 2 scenarios could not be tried"), "{said:#?}");
    for (file, text, part) in [
        ("f/empty.scenario.json", "[]", "an array has at least one"),
        ("f/text.scenario.json", "{ \"steps\": }", "line 1, column"),
        ("f/nobody.scenario.json", r#"{ "steps": [{ "trade": 1 }] }"#, "`strategy`: name one"),
        ("f/create.scenario.json", r#"{ "strategy": "momentum", "steps": [{ "trade": 1 }], "config": { "x": 1 } }"#, "config: "),
        ("f/tape.scenario.json", r#"{ "strategy": "momentum", "tape": "no-such-tape" }"#, "`tape`: "),
    ] {
        desk.write(file, text);
        let said = desk.test(&[file]).await;
        assert!(said.code == 2 && said.stdout.contains(part), "{file}: {said:#?}");
    }
    let nothing = desk.test(&["nowhere"]).await.badly(2);
    assert!(nothing.contains("nowhere"), "{nothing}");
    let other = desk.test(&["Cargo.toml"]).await.badly(2);
    assert!(other.contains("Cargo.toml"), "{other}");
    fs::create_dir(desk.folder.path().join("g")).unwrap();
    let empty = desk.test(&["g"]).await.badly(2);
    assert!(empty.contains("no scenario in g") && empty.contains(".scenario.json"), "{empty}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_comes_on_standard_input() {
    let desk = Desk::new();
    let ask = async |document: &str| desk.cli.run_with(&["test", "-", "--format", "json"], document).await;
    let said = ask(&buys("buyer.js", 1).to_string()).await;
    assert_eq!(said.code, 0, "{said:#?}");
    let answer: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!((&answer["ok"], &answer["scenarios"][0]["file"]), (&json!(true), &Value::Null));
    let said = ask(&json!([buys("buyer.js", 1), buys("buyer.js", 3)]).to_string()).await;
    let answer: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!((said.code, &answer["scenarios"][0]["ok"], &answer["scenarios"][1]["ok"]), (1, &json!(true), &json!(false)));
    let said = ask("{ \"strategy\": \"buyer.js\" }").await;
    assert!(said.code == 2 && said.stderr.contains("steps: nothing happens"), "{said:#?}");
    let said = ask("hello").await;
    assert!(said.code == 2 && said.stderr.contains("this is no JSON"), "{said:#?}");
    let said = ask(&buys("nowhere.js", 1).to_string()).await;
    assert!(said.code == 2 && said.stderr.contains("nowhere.js"), "{said:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scenarios_in_javascript_are_evaluated_inside_the_sandbox() {
    let desk = Desk::new();
    desk.write("lib/prices.js", "exports.from = (price) => [price, price + 1];");
    desk.write("lib/most.json", r#"{ "most": 3 }"#);
    desk.write(
        "many.scenario.js",
        r#"
const { from } = require("./lib/prices");
const { most } = require("./lib/most.json");
const seen = [typeof process, typeof fetch, typeof Deno, new Date().toISOString()].join(" ");
module.exports = Array.from({ length: most }, (_, i) => ({
  name: `number ${i}: ${seen} ü😀`, strategy: "buyer.js", steps: [{ trades: from(100 + i) }], expect: { orderCount: 1 },
}));
"#,
    );
    let (code, answer) = desk.json(&["many.scenario.js"]).await;
    assert_eq!((code, answer["scenarios"].as_array().map(Vec::len)), (0, Some(3)), "{answer}");
    let name = answer["scenarios"][2]["name"].as_str().unwrap();
    assert_eq!(name, "number 2: undefined undefined undefined 2000-01-01T00:00:00.000Z ü😀");
    // As much as may be in a file.
    let large = "module.exports = Array.from({ length: 300 }, (_, i) => ({ name: `${i} ${'😀'.repeat(500)}`, strategy: 'buyer.js', steps: [{ trade: 1 }] }));";
    desk.write("large.scenario.js", large);
    assert!(desk.test(&["large.scenario.js"]).await.well().contains("300 scenarios: 300 passed"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_and_broken_scenarios_in_javascript_end_with_a_diagnostic() {
    let desk = Desk::new();
    desk.write("secret.js", "module.exports = { name: 'out of the folder' };");
    for (text, code, parts) in [
        ("for (;;) {}", 1, &["fuel"][..]),
        ("const a = []; for (;;) a.push(new ArrayBuffer(1 << 20));", 1, &["memory"]),
        ("module.exports = require('../secret.js');", 1, &["../secret.js", "x.scenario.js:1:"]),
        ("module.exports = require('./../../../../etc/hostname');", 1, &["etc/hostname"]),
        ("module.exports = require('fs').readdirSync('.');", 1, &["cannot require \"fs\""]),
        ("module.exports = { steps: [", 1, &["syntax error", "x.scenario.js:1:"]),
        ("\n  nothing.at.all();", 1, &["nothing is not defined", "x.scenario.js:2:"]),
        ("", 2, &["nothing happens"]),
        ("module.exports = undefined;", 1, &["a scenario file exports a scenario"]),
        ("module.exports = () => ({});", 1, &["a scenario file exports a scenario"]),
        ("const a = {}; a.a = a; module.exports = a;", 1, &["circular"]),
        (
            "module.exports = [{ strategy: '../buyer.js', steps: [{ trade: 'x' }] }];",
            2,
            &["steps[0].trade", "`x` is not a decimal"],
        ),
    ] {
        desk.write("js/x.scenario.js", text);
        let said = desk.test(&["js"]).await;
        assert_eq!(said.code, code, "{text}: {said:#?}");
        for part in parts {
            assert!(said.stdout.contains(part), "{text}: {part}: {said:#?}");
        }
        assert!(!said.stdout.contains("out of the folder"), "{said:#?}");
    }
    // A link is no way out either.
    std::os::unix::fs::symlink("../secret.js", desk.folder.path().join("js/link.js")).unwrap();
    desk.write("js/x.scenario.js", "module.exports = require('./link.js');");
    let said = desk.test(&["js"]).await;
    assert!(said.code == 1 && said.stdout.contains("./link.js") && !said.stdout.contains("out of the folder"), "{said:#?}");
}
