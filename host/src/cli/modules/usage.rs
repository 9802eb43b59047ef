//! `sandpit modules usage`: who runs a revision, and who would if started.

use super::module;
use crate::cli::Failure;
use crate::cli::client::view::RevisionUsage;
use crate::cli::client::{AskArgs, Request};
use crate::cli::output::{pairs, table};
use crate::cli::shown::{count, time};

/// Shows which instances use a revision.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// name, name:tag, name@sha256:<64 hex> or sha256:<64 hex>.
    selector: String,
    /// Also instances that are stopped: they pin the revision too.
    #[arg(long)]
    all: bool,
    /// At most so many instances.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Skip so many instances.
    #[arg(long, value_name = "N")]
    offset: Option<usize>,
    #[command(flatten)]
    ask: AskArgs,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let client = args.ask.client()?;
    let request = request(&args.selector, args.all).query("limit", args.limit).query("offset", args.offset);
    client.show(&client.json(&request)?, text)
}

/// Asks who uses what a selector means.
pub(super) fn request(selector: &str, include_stopped: bool) -> Request {
    let [a, b, selector] = module(selector);
    Request::get([a, b, selector, "usage"]).flag("includeStopped", include_stopped)
}

/// The revision and its users.
pub(super) fn text(answer: &RevisionUsage) -> String {
    let usage = &answer.usage;
    let rows = pairs([
        ("strategy", answer.strategy.clone()),
        ("revision", answer.hash.clone()),
        ("running", count(usage.count, "instance")),
        ("first seen", time(&usage.first_seen)),
        ("last seen", time(&usage.last_seen)),
    ]);
    if answer.instances.is_empty() {
        return rows;
    }
    let mut instances = table(&["instance", "selector", "status", "since"], &[]);
    for instance in &answer.instances {
        instances.add_row([
            instance.id.clone(),
            instance.strategy_selector.clone(),
            instance.status.clone(),
            time(&instance.since),
        ]);
    }
    let more = match answer.total.saturating_sub(answer.instances.len()) {
        0 => String::new(),
        _ => format!("\n\n{} of {}", answer.instances.len(), count(answer.total, "instance")),
    };
    format!("{rows}\n\n{instances}{more}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::client::view;
    use crate::cli::samples::{hash, trimmed};
    use serde_json::json;

    #[test]
    fn users_are_rows() {
        let never = "0001-01-01T00:00:00Z";
        let answer = json!({
            "selector": "delay:prod", "strategy": "delay", "hash": hash('a'), "total": 3, "offset": 0, "limit": 1,
            "usage": { "strategy": "delay", "hash": hash('a'), "instances": ["one"], "count": 1,
                       "firstSeen": "2026-11-20T15:00:00.5Z", "lastSeen": "2026-11-20T16:00:00.5Z", "running": true },
            "instances": [{ "id": "one", "strategySelector": "delay:prod", "status": "running",
                            "since": "2026-11-20T16:00:00.5Z" }],
        });
        insta::assert_snapshot!(trimmed(&text(&view::read(&answer).unwrap())), @r"
         strategy    delay
         revision    sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
         running     1 instance
         first seen  2026-11-20 15:00:00
         last seen   2026-11-20 16:00:00

         instance  selector    status   since
         one       delay:prod  running  2026-11-20 16:00:00

        1 of 3 instances
        ");
        let unused = json!({
            "strategy": "delay", "hash": hash('b'), "instances": [], "total": 0,
            "usage": { "hash": hash('b'), "instances": [], "count": 0, "firstSeen": never, "lastSeen": never },
        });
        insta::assert_snapshot!(trimmed(&text(&view::read(&unused).unwrap())), @r"
        strategy    delay
        revision    sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
        running     0 instances
        first seen  -
        last seen   -
        ");
    }
}
