//! Places of a bundled strategy are the author's: in exceptions, in failures of `create` and in diagnostics.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use sourcemap::SourceMapBuilder;

use super::suite::{self, Outcome, Stock};
use super::{read, shown};
use crate::cli::output::Output;
use crate::cli::workbench::Workbench;

/// What the author writes, as far as an engine is concerned.
const WRITTEN: &str = r#"// The author's file.
const word = "ü😀"; const fail = (price) => { throw new RangeError(`too high: ${price}`); };

module.exports = {
  metadata: { name: "mapped", tag: "v1", displayName: "Mapped", events: ["Trade"], config: [{ name: "early", type: "bool", default: false }] },
  create({ config }) {
    if (config.early) fail(0);
    return { onTrade(ctx, evt, trade, price) { if (price > 10) fail(price); } };
  },
};
"#;

/// What a bundler makes of it: a line before it, everything moved in; and the map, with a place for each word.
fn bundle(written: &str, name: &str) -> (String, Vec<u8>) {
    let mut map = SourceMapBuilder::new(Some(name));
    let source = map.add_source("../src/strategy.ts");
    map.set_source_contents(source, Some(written));
    let mut made = "\"use strict\"; // made by a bundler\n".to_owned();
    for (line, text) in (0..).zip(written.lines()) {
        made.push_str(&format!("    {text}\n"));
        let mut column = 0;
        for part in text.split_inclusive(|character: char| !character.is_alphanumeric()) {
            map.add_raw(line + 1, column + 4, line, column, Some(source), None, false);
            column += u32::try_from(part.encode_utf16().count()).unwrap();
        }
    }
    let mut bytes = Vec::new();
    map.into_sourcemap().to_writer(&mut bytes).unwrap();
    (made, bytes)
}

/// Writes the bundle, its map and a scenario of it; the folder of the project.
fn project(written: &str, document: Value) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let (made, map) = bundle(written, "strategy.js");
    fs::create_dir(folder.path().join("dist")).unwrap();
    fs::write(folder.path().join("dist/strategy.js"), made).unwrap();
    fs::write(folder.path().join("dist/strategy.js.map"), map).unwrap();
    let mut document = document;
    document["strategy"] = "dist/strategy.js".into();
    fs::write(folder.path().join("x.scenario.json"), document.to_string()).unwrap();
    folder
}

fn run(folder: &Path) -> Outcome {
    let mut stock = Stock::new(Workbench::cached(1, false).unwrap(), None);
    let cases = match read(&mut stock, &folder.join("x.scenario.json")) {
        Ok(cases) => cases,
        Err(outcome) => panic!("{}", outcome.to_json()),
    };
    suite::run(&mut stock, &cases, 1).remove(0)
}

/// What stands at a place of the author's file.
fn at(place: &Value) -> String {
    assert!(place["file"].as_str().unwrap().ends_with("src/strategy.ts"), "{place}");
    assert!(!place["file"].as_str().unwrap().contains(".."), "as people write it: {place}");
    let number = |key: &str| usize::try_from(place[key].as_u64().unwrap()).unwrap();
    let line = WRITTEN.lines().nth(number("line") - 1).unwrap();
    line.chars().skip(number("column") - 1).collect()
}

#[test]
fn an_exception_is_told_at_the_authors_line_and_column() {
    let folder = project(WRITTEN, json!({ "steps": [{ "trade": 11 }] }));
    let outcome = run(folder.path());
    let answer = outcome.to_json();
    let thrown = &answer["exceptions"][0];
    assert_eq!((&thrown["handler"], &thrown["line"]), (&json!("onTrade"), &json!(2)), "{thrown}");
    // Behind a character of two UTF-16 units: counted in characters.
    assert!(at(thrown).starts_with("new RangeError(`too high"), "{}", at(thrown));
    let stack = thrown["stack"].as_str().unwrap();
    assert!(stack.contains("src/strategy.ts:2:") && stack.contains("src/strategy.ts:8:"), "{stack}");
    assert!(!stack.contains("dist/strategy.js"), "{stack}");
    let text = shown::text(&[outcome], Output::default());
    for part in ["too high: 11", "src/strategy.ts:2:", "2 | const word = \"ü😀\";"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_create_that_throws_is_told_at_the_authors_place() {
    let folder = project(WRITTEN, json!({ "config": { "early": true }, "steps": [{ "trade": 1 }] }));
    let answer = run(folder.path()).to_json();
    assert_eq!(
        (&answer["ok"], &answer["exceptionCount"], &answer["failures"][0]["at"]),
        (&json!(false), &json!(1), &json!("strategy"))
    );
    assert!(at(&answer["exceptions"][0]).starts_with("new RangeError("), "{answer}");
}

#[test]
fn diagnostics_are_told_at_the_authors_place_with_the_authors_line() {
    for (broken, stage, line, text) in [
        (WRITTEN.replace("create({ config })", "create({ config }"), "compile", 6, "create({ config } {"),
        (WRITTEN.replace("module.exports = {", "nothing.at.all(); module.exports = {"), "execute", 4, "nothing.at.all();"),
    ] {
        let folder = project(&broken, json!({ "steps": [{ "trade": 1 }] }));
        let answer = run(folder.path()).to_json();
        let found = &answer["diagnostics"][0];
        assert_eq!((&found["stage"], &found["line"]), (&json!(stage), &json!(line)), "{found}");
        assert!(found["file"].as_str().unwrap().ends_with("src/strategy.ts"), "{found}");
        let excerpt = found["excerpt"].as_str().unwrap();
        assert!(excerpt.contains(text) && excerpt.contains('^'), "{excerpt}");
        let column = usize::try_from(found["column"].as_u64().unwrap()).unwrap();
        let written = broken.lines().nth(line - 1).unwrap();
        assert!(column >= 1 && column <= written.chars().count() + 1, "{found}: {written}");
    }
}

#[test]
fn a_map_of_another_version_is_not_used() {
    let folder = project(WRITTEN, json!({ "steps": [{ "trade": 11 }] }));
    let (made, _) = bundle(WRITTEN, "strategy.js");
    for (name, map) in [("other.js", bundle(WRITTEN, "other.js").1), ("strategy.js", b"{ \"version\": 3".to_vec())] {
        fs::write(folder.path().join("dist/strategy.js.map"), map).unwrap();
        let answer = run(folder.path()).to_json();
        let thrown = &answer["exceptions"][0];
        assert_eq!((&thrown["file"], &thrown["line"]), (&json!("strategy.js"), &json!(3)), "{name}: {thrown}");
        assert!(made.lines().nth(2).unwrap().contains("RangeError"));
    }
}
