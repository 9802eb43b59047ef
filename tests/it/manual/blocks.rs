//! The blocks: each file of JavaScript is a strategy (or belongs to one) that compiles and lives through a real market, each command
//! is carried out and says what the page says.

use serde_json::Value;

use super::{blocks, page, write_files};
use crate::operations::says;
use crate::support::cli::Cli;
use crate::support::{TestApp, root};

#[test]
fn every_block_says_what_it_is() {
    let page = page();
    let blocks = blocks(&page);
    for (place, block) in blocks.iter().enumerate() {
        let known = ["sh", "text"].contains(&block.kind.as_str()) || block.file().is_some();
        assert!(known, "line {}: a block of `{}` is run by nobody", block.line, block.kind);
        if block.kind == "text" {
            assert_eq!(blocks[place - 1].kind, "sh", "line {}: an answer without a question", block.line);
        }
    }
    assert!(blocks.iter().filter(|block| block.kind == "js").count() >= 6, "{blocks:#?}");
}

/// The strategy that the API's examples tell their story about is the first one of the page.
#[test]
fn the_first_strategy_is_that_of_the_examples_of_the_api() {
    let page = page();
    let blocks = blocks(&page);
    let first = blocks.iter().find(|block| block.kind == "js").unwrap();
    let copy = std::fs::read_to_string(root().join("host/src/api/openapi/first.js")).unwrap();
    assert_eq!(first.text, copy, "copy the block of line {} to host/src/api/openapi/first.js", first.line);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_strategy_compiles_and_lives_through_a_real_market() {
    let folder = tempfile::tempdir().unwrap();
    let cli = Cli::new("127.0.0.1:1".parse().unwrap(), "", folder.path());
    for file in write_files(&blocks(&page()), folder.path()) {
        if file.contains('/') || !file.ends_with(".js") {
            continue; // a part of a revision of several files, or a scenario: see the commands
        }
        cli.run(&["check", &file]).await.well();
        let played = cli.run(&["play", &file, "--tape", "btcusdt-20240808", "--format", "json"]).await.well();
        let report: Value = serde_json::from_str(&played).unwrap();
        assert_eq!((&report["exceptionCount"], &report["faults"]), (&0.into(), &Value::Array(Vec::new())), "{file}");
        let heard: u64 = report["events"]["delivered"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
        assert!(heard > 1_000, "{file} heard of {heard} events");
        let did = report["orders"].as_array().unwrap().len() + report["log"].as_array().unwrap().len();
        assert!(did > 0, "{file} neither ordered nor logged anything");
    }
}

/// From top to bottom, in a folder that has the files of the page, with a host to ask.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_says_what_the_page_says() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    let page = page();
    let blocks = blocks(&page);
    write_files(&blocks, folder.path());
    let cli = Cli::new(app.address, &app.token, folder.path());
    let mut ran = 0;
    let mut output = String::new();
    for block in &blocks {
        match block.kind.as_str() {
            "sh" => {
                output.clear();
                for line in block.text.lines() {
                    let command = line.split(" # ").next().unwrap().trim();
                    let words: Vec<&str> = command.split_whitespace().collect();
                    assert_eq!(words[0], "sandpit", "line {}: {command}", block.line);
                    output += &cli.run(&words[1..]).await.well();
                    ran += 1;
                }
            }
            "text" => {
                for expected in block.text.lines() {
                    assert!(says(&output, expected), "line {}: `{expected}` is not in:\n{output}", block.line);
                }
            }
            _ => {}
        }
    }
    assert!(ran >= 3, "only {ran} commands were found");
}
