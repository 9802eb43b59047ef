//! `sandpit refresh`: instances that follow a tag move to what it points to now.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::Failure;
use super::client::view::{RefreshResult, Refreshed};
use super::client::{AskArgs, Method, Request, view};
use super::output::table;
use super::progress::Progress;
use super::shown::{HashFlag, count, some};
use crate::base::Digest;

/// Reads the registry again and moves the instances whose selector means another revision now.
///
/// Exit code 1 when one could not be moved: it runs what it ran before.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only instances that are concerned: by the text of their selector, their strategy, or the hash they run.
    #[arg(value_name = "SELECTOR|HASH")]
    targets: Vec<String>,
    #[command(flatten)]
    hashes: HashFlag,
    #[command(flatten)]
    ask: AskArgs,
}

/// Instances that a row names.
const INSTANCES_SHOWN: usize = 4;

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let client = args.ask.client()?;
    let request = Request::new(Method::Post, ["strategies", "refresh"]).with_body(body(&args.targets));
    let waiting = Progress::waiting("instances are moved");
    let answer = client.json(&request)?;
    drop(waiting);
    client.show(&answer, |refreshed: &Refreshed| text(&refreshed.results, args.hashes))?;
    let refreshed: Refreshed = view::read(&answer)?;
    if any_failed(&refreshed.results) { Err(Failure::Answered) } else { Ok(()) }
}

/// What is written like a hash is one; everything else is told apart by the host.
fn body(targets: &[String]) -> Value {
    let (hashes, strategies): (Vec<&String>, Vec<&String>) = targets.iter().partition(|text| text.parse::<Digest>().is_ok());
    if targets.is_empty() { json!({}) } else { json!({ "hashes": hashes, "strategies": strategies }) }
}

/// Whether an instance did not follow.
pub(super) fn any_failed(results: &[RefreshResult]) -> bool {
    results.iter().any(|result| result.reason == "failed")
}

/// One row per selector and what became of its instances, and a line for each instance that did not follow.
pub(super) fn text(results: &[RefreshResult], hashes: HashFlag) -> String {
    if results.is_empty() {
        return "the registry was read again; there is no instance to move".to_owned();
    }
    let mut groups: IndexMap<[String; 4], Vec<String>> = IndexMap::new();
    let mut below = Vec::new();
    for result in results {
        let shown = |hash: Option<&String>| hash.map(|hash| hashes.of(hash)).unwrap_or_default();
        let mut row = |reason: &str, before: Option<&String>, now: Option<&String>, instance: Option<&String>| {
            let key = [result.selector.clone(), reason.to_owned(), shown(before), shown(now)];
            groups.entry(key).or_default().extend(instance.cloned());
        };
        // What an instance is pinned to, not what the selector means: instances of one strategy follow different tags.
        for outcome in &result.outcomes {
            row(&outcome.reason, outcome.previous_hash.as_ref(), outcome.hash.as_ref(), Some(&outcome.id));
            if let Some(error) = &outcome.error {
                below.push(format!("{} {}: {} ({})", outcome.id, outcome.reason, error.message, error.code));
            }
        }
        if result.outcomes.is_empty() {
            // The host says `retired` of any target that means no instance; a person should not fear for the revision.
            let reason = if result.hash.is_some() { "nobody follows it" } else { result.reason.as_str() };
            row(reason, None, result.hash.as_ref(), None);
            below.extend(result.error.as_ref().map(|error| format!("{}: {error}", result.selector)));
        }
    }
    let mut rows = table(&["selector", "result", "before", "now", "instances"], &[]);
    for (row, instances) in groups {
        rows.add_row(row.into_iter().chain([some(&instances, INSTANCES_SHOWN)]));
    }
    let moved: BTreeSet<&String> = results.iter().flat_map(|result| &result.instances).collect();
    below.push(format!("{} moved", count(moved.len(), "instance")));
    format!("{rows}\n\n{}", below.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::samples::{hash, trimmed};

    #[test]
    fn hashes_and_selectors_are_told_apart() {
        let targets = [hash('a'), "b".repeat(64), "delay:prod".to_owned(), "grid".to_owned()];
        let expected = json!({ "hashes": [hash('a'), "b".repeat(64)], "strategies": ["delay:prod", "grid"] });
        assert_eq!(body(&targets), expected);
        assert_eq!(body(&[]), json!({}));
    }

    #[test]
    fn what_moved_and_what_did_not() {
        let answer = json!({ "status": "partial_refresh", "results": [
            { "selector": "delay", "strategy": "delay", "hash": hash('c'), "instances": ["one", "two"], "reason": "failed",
              "error": "create threw", "outcomes": [
                { "id": "one", "reason": "refreshed", "hash": hash('b'), "previousHash": hash('a'), "wasRunning": true },
                { "id": "three", "reason": "failed", "hash": hash('a'),
                  "error": { "code": "start_failed", "message": "create threw" } },
                { "id": "two", "reason": "refreshed", "hash": hash('b'), "previousHash": hash('a'), "wasRunning": false },
              ] },
            { "selector": "delay:prod", "strategy": "delay", "hash": hash('b'), "instances": ["one"], "reason": "refreshed",
              "outcomes": [{ "id": "one", "reason": "refreshed", "hash": hash('b'), "previousHash": hash('a') }] },
            { "selector": "grid", "strategy": "grid", "hash": hash('c'), "instances": [], "reason": "retired", "outcomes": [] },
            { "selector": "gone", "strategy": "", "hash": null, "instances": [], "reason": "retired", "outcomes": [],
              "error": "there is no strategy `gone`" },
        ] });
        let refreshed: Refreshed = view::read(&answer).unwrap();
        insta::assert_snapshot!(trimmed(&text(&refreshed.results, HashFlag::default())), @r"
         selector    result             before        now           instances
         delay       refreshed          aaaaaaaaaaaa  bbbbbbbbbbbb  one, two
         delay       failed                           aaaaaaaaaaaa  three
         delay:prod  refreshed          aaaaaaaaaaaa  bbbbbbbbbbbb  one
         grid        nobody follows it                cccccccccccc
         gone        retired

        three failed: create threw (start_failed)
        gone: there is no strategy `gone`
        2 instances moved
        ");
        assert!(any_failed(&refreshed.results) && !any_failed(&refreshed.results[1..]));
        assert!(text(&[], HashFlag::default()).contains("no instance to move"));
    }
}
