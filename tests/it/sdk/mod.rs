//! The npm package and what `sandpit new` writes: the types say what JavaScript really gets, the package's own tests pass on the versions
//! of Node that it promises, and a new folder works, and fails with the author's own file, line and column.

mod five_ways;
mod fresh;
mod node;
mod package;
mod types;

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

use crate::support::process::binary;
use crate::support::root;

/// The folder of the package.
fn package() -> std::path::PathBuf {
    root().join("guest-sdk/npm")
}

/// What the probe tells: values by shape, in the order they came. Played over a real market in the real component.
fn observed() -> BTreeMap<String, Vec<Value>> {
    // Away from the package, whose esbuild would look for the file that the probe requires in vain.
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(package().join("test/probe.js"), folder.path().join("probe.js")).unwrap();
    let mut command = Command::new(binary());
    command.args(["play", "probe.js", "--tape", "btcusdt-20240808", "--format", "json"]);
    let output = command.current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["exceptionCount"], 0, "{:#}", report["exceptions"]);
    let mut shapes: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for line in report["log"].as_array().unwrap() {
        let text = line["text"].as_str().unwrap();
        // `nothing saved null` has no value to look at.
        let Some(at) = text.find(['{', '[']) else { continue };
        let value = serde_json::from_str(&text[at..]).unwrap();
        shapes.entry(text[..at].trim().to_owned()).or_default().push(value);
    }
    shapes
}

/// The names that the types were made with.
fn contract() -> Value {
    let text = std::fs::read_to_string(package().join("src/generated/contract.js")).unwrap();
    let (_, json) = text.split_once("export const contract = ").unwrap();
    serde_json::from_str(json.trim_end().trim_end_matches(';')).unwrap()
}
