//! `sandpit refresh`: instances that follow a tag move to what it points to now.

use serde_json::{Value, json};

use super::Failure;
use super::client::view::{RefreshResult, Refreshed};
use super::client::{Method, Request, ServerArgs, view};
use super::output::{FormatFlag, table};
use super::progress::Progress;
use super::shown::{HashFlag, count, some};
use crate::base::Digest;

/// Reads the registry again and moves the instances whose selector means another revision now. Exit code 1 when one could not
/// be moved: it runs what it ran before.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only instances that are concerned: by the text of their selector, their strategy, or the hash they run.
    #[arg(value_name = "SELECTOR|HASH")]
    targets: Vec<String>,
    #[command(flatten)]
    hashes: HashFlag,
    #[command(flatten)]
    format: FormatFlag,
    #[command(flatten)]
    server: ServerArgs,
}

/// Instances that a row names.
const INSTANCES_SHOWN: usize = 4;

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let client = args.server.client(args.format.output())?;
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

/// One row per selector, and a line for each instance that did not follow.
pub(super) fn text(results: &[RefreshResult], hashes: HashFlag) -> String {
    if results.is_empty() {
        return "the registry was read again; there is no instance to move".to_owned();
    }
    let mut rows = table(&["selector", "result", "before", "now", "moved"], &[]);
    let mut below = Vec::new();
    for result in results {
        let hash = |hash: &Option<String>| hash.as_deref().map(|hash| hashes.of(hash)).unwrap_or_default();
        rows.add_row([
            result.selector.clone(),
            result.reason.clone(),
            hash(&result.previous_hash),
            hash(&result.hash),
            some(&result.instances, INSTANCES_SHOWN),
        ]);
        let failed = result.outcomes.iter().filter_map(|outcome| Some((outcome, outcome.error.as_ref()?)));
        for (outcome, error) in failed {
            below.push(format!("{} {}: {} ({})", outcome.id, outcome.reason, error.message, error.code));
        }
        // It repeats the first instance's error, unless there is no instance to have one.
        if let Some(error) = result.error.as_ref().filter(|_| result.outcomes.iter().all(|outcome| outcome.error.is_none())) {
            below.push(format!("{}: {error}", result.selector));
        }
    }
    let moved: usize = results.iter().map(|result| result.instances.len()).sum();
    below.push(format!("{} moved", count(moved, "instance")));
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
            { "selector": "delay:prod", "strategy": "delay", "hash": hash('b'), "previousHash": hash('a'),
              "instances": ["one", "two"], "reason": "refreshed",
              "outcomes": [{ "id": "one", "reason": "refreshed" }, { "id": "two", "reason": "refreshed" }] },
            { "selector": "delay", "strategy": "delay", "hash": hash('c'), "previousHash": hash('a'), "instances": [], "error": "create threw",
              "reason": "failed", "outcomes": [{ "id": "three", "reason": "failed", "hash": hash('a'),
                "error": { "code": "start_failed", "message": "create threw" } }] },
            { "selector": "gone", "strategy": "", "hash": null, "instances": [], "reason": "retired", "outcomes": [],
              "error": "there is no strategy `gone`" },
        ] });
        let refreshed: Refreshed = view::read(&answer).unwrap();
        insta::assert_snapshot!(trimmed(&text(&refreshed.results, HashFlag::default())), @r"
         selector    result     before        now           moved
         delay:prod  refreshed  aaaaaaaaaaaa  bbbbbbbbbbbb  one, two
         delay       failed     aaaaaaaaaaaa  cccccccccccc
         gone        retired

        three failed: create threw (start_failed)
        gone: there is no strategy `gone`
        2 instances moved
        ");
        assert!(any_failed(&refreshed.results) && !any_failed(&refreshed.results[..1]));
        assert!(text(&[], HashFlag::default()).contains("no instance to move"));
    }
}
