//! Codes and limits: those of the contract, of the engine, and of the host's own generated pages (`docs/errors.md`,
//! `docs/openapi.json`), which their own tests hold against the code.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use super::contract::Contract;
use super::render::{HEAD, comment};
use super::table::Table;
use crate::process::root;

/// `codes.d.ts`.
pub(super) fn types(table: &Table, contract: &Contract) -> String {
    let page = fs::read_to_string(root().join("docs/errors.md")).unwrap();
    let denials = rows(section(&page, "## Denials"));
    let faults = rows(section(&page, "## Faults"));
    let told = contract.items["orders.order-error"].docs.split_once("In JavaScript").expect("the sentence about JavaScript").0;
    let mut calls: BTreeSet<&str> = quoted(told).filter(|word| !word.contains('/') && *word != "code").collect();
    calls.extend(quoted(section(&page, "## Calls that were wrong").rsplit("\n\n").next().unwrap_or_default()));
    calls.extend(table.codes.iter().map(String::as_str));
    calls.retain(|code| !denials.iter().any(|(denial, _)| denial == code));
    assert!(denials.len() > 20 && faults.len() > 8 && calls.len() > 10, "docs/errors.md or wit/orders.wit was not read");
    let mut text = format!("{HEAD}\n/** The call itself could not be meant: nothing is recorded and no report follows. */\n");
    union(&mut text, "CallCode", calls.iter().map(|code| ((*code).to_owned(), String::new())));
    text.push_str("\n/** The risk check refused the order. The denial also arrives at `onOrderRejected`. */\n");
    union(&mut text, "DenialCode", denials);
    text.push_str("\n/** `error.code` of what the functions of `env.runtime` and `env.helpers` throw. */\n");
    text.push_str("export type ErrorCode = CallCode | DenialCode;\n");
    text.push_str("\n/** Why a guest was thrown away. JavaScript cannot catch these: they are seen in results only. */\n");
    union(&mut text, "FaultCode", faults);
    text
}

/// `limits.d.ts`.
pub(super) fn limits() -> String {
    let page = fs::read_to_string(root().join("docs/openapi.json")).unwrap();
    let page: serde_json::Value = serde_json::from_str(&page).unwrap();
    let properties = page["components"]["schemas"]["LimitOverrides"]["properties"].as_object().expect("the limits are described");
    let mut text = format!(
        "{HEAD}\n/** What an instance may use up. What is left out is the host's own limit. */\nexport interface Limits {{\n"
    );
    for (name, described) in properties {
        let told = described["description"].as_str().unwrap();
        let figure = |key: &str| grouped(described[key].as_u64().expect("a limit has a range"));
        let range = format!("{told} {} to {}.", figure("minimum"), figure("maximum"));
        writeln!(text, "{}  readonly {name}?: number;", comment("  ", &range)).unwrap();
    }
    text.push_str("}\n");
    text
}

/// `1234567` as `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let places = digits.chars().enumerate();
    places.fold(String::new(), |text, (place, digit)| {
        let comma = if place > 0 && (digits.len() - place).is_multiple_of(3) { "," } else { "" };
        text + comma + &digit.to_string()
    })
}

fn union(text: &mut String, name: &str, words: impl IntoIterator<Item = (String, String)>) {
    write!(text, "export type {name} =").unwrap();
    for (word, meaning) in words {
        if meaning.is_empty() {
            write!(text, "\n  | \"{word}\"").unwrap();
        } else {
            write!(text, "\n  /** {meaning} */\n  | \"{word}\"").unwrap();
        }
    }
    text.push_str(";\n");
}

fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let (_, rest) = page.split_once(heading).expect("the page has the section");
    rest.split("\n## ").next().unwrap_or_default().trim()
}

/// First and last cell of a table's rows.
fn rows(section: &str) -> Vec<(String, String)> {
    let cells = |line: &str| -> Option<(String, String)> {
        let line = line.strip_prefix("| `")?.strip_suffix(" |")?;
        Some((line.split('`').next()?.to_owned(), line.rsplit(" | ").next()?.to_owned()))
    };
    section.lines().filter_map(cells).collect()
}

/// The words between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn every_code_that_the_engine_throws_is_in_the_table() {
    let mut thrown = BTreeMap::new();
    let mut folders = vec![root().join("guest-sdk/engine/src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            for (at, _) in text.match_indices("throw_coded(") {
                let after = text[at..].split_once('(').unwrap().1.trim_start();
                if let Some(code) = after.strip_prefix('"') {
                    thrown.insert(code.split('"').next().unwrap().to_owned(), path.clone());
                }
            }
        }
    }
    assert!(thrown.len() > 5, "the engine's sources were not read: {thrown:?}");
    let known = types(&Table::parse(include_str!("table.txt")), &Contract::read(&root().join("wit")));
    for (code, path) in thrown {
        assert!(known.contains(&format!("| \"{code}\"")), "{} throws `{code}`: add it to `codes` in table.txt", path.display());
    }
}
