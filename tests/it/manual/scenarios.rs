//! `docs/scenarios.md` is true: its files are written, its commands run and say what the page says. And so are the scenarios of the
//! built-in strategies.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{Block, blocks};
use crate::operations::says;
use crate::support::cli::Cli;
use crate::support::root;

fn shell(folder: &Path) -> Cli {
    Cli::new("127.0.0.1:1".parse().unwrap(), "", folder)
}

/// The file that a block is.
fn file(block: &Block) -> Option<&str> {
    block.kind.strip_prefix("js ").or_else(|| block.kind.strip_prefix("json "))
}

/// From top to bottom: a file is there from its block on, a command sees those above it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_on_scenarios_runs_as_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let cli = shell(folder.path());
    let page = fs::read_to_string(root().join("docs/scenarios.md")).unwrap();
    let blocks = blocks(&page);
    let mut waiting: Vec<&str> = Vec::new();
    let (mut output, mut ran) = (String::new(), 0);
    for (place, block) in blocks.iter().enumerate() {
        if let Some(file) = file(block) {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, &block.text).unwrap();
            waiting.push(file);
            continue;
        }
        match block.kind.as_str() {
            "sh" | "sh fails" => {
                // A file that requires another stands above it on the page: commands come after both.
                waiting.clear();
                output.clear();
                for line in block.text.lines() {
                    let command = line.split(" # ").next().unwrap().trim();
                    let words: Vec<&str> = command.split_whitespace().collect();
                    assert_eq!(words[0], "sandpit", "line {}: {command}", block.line);
                    let said = cli.run(&words[1..]).await;
                    let code = i32::from(block.kind == "sh fails");
                    assert_eq!(said.code, code, "line {}: {command}: {said:#?}", block.line);
                    output += &said.stdout;
                    ran += 1;
                }
            }
            "text" => {
                assert!(blocks[place - 1].kind.starts_with("sh"), "line {}: an answer without a question", block.line);
                for expected in block.text.lines() {
                    assert!(says(&output, expected), "line {}: `{expected}` is not in:\n{output}", block.line);
                }
            }
            other => panic!("line {}: a block of `{other}` is run by nobody", block.line),
        }
    }
    assert!(ran >= 5 && waiting.is_empty(), "{ran} commands ran; no command sees {waiting:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_built_in_strategies_do_what_their_scenarios_say() {
    let folder = tempfile::tempdir().unwrap();
    let strategies = root().join("strategies");
    let said = shell(folder.path()).run(&["test", strategies.to_str().unwrap(), "--format", "json"]).await;
    let answer: Value = serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{said:#?}"));
    let failed: Vec<_> = answer["scenarios"].as_array().unwrap().iter().filter(|one| one["ok"] != true).collect();
    assert!(said.code == 0 && failed.is_empty(), "{}", serde_json::to_string_pretty(&failed).unwrap());
    let registry: Value = serde_json::from_slice(&fs::read(strategies.join("registry.json")).unwrap()).unwrap();
    for name in registry.as_object().unwrap().keys() {
        let mine = |one: &&Value| one["strategy"]["name"] == json!(name);
        let count = answer["scenarios"].as_array().unwrap().iter().filter(mine).count();
        assert!(count > 0, "{name} has no scenario");
    }
}
