//! `sandpit tags ls`: where the tags of a strategy point, and who moved them last.

use super::{Move, Tags, tags};
use crate::cli::Failure;
use crate::cli::client::AskArgs;
use crate::cli::output::table;
use crate::cli::shown::{HashFlag, time};

/// Lists the tags of a strategy.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The strategy.
    name: String,
    #[command(flatten)]
    hashes: HashFlag,
    #[command(flatten)]
    ask: AskArgs,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let client = args.ask.client()?;
    client.show(&client.json(&tags(&args.name))?, |tags| text(tags, args.hashes))
}

fn text(tags: &Tags, hashes: HashFlag) -> String {
    if tags.tags.is_empty() {
        return format!("{} has no tags", tags.strategy);
    }
    let mut rows = table(&["tag", "revision", "moved", "by", "reason"], &[]);
    for tag in &tags.tags {
        let moved = |show: fn(&Move) -> String| tag.moved.as_ref().map(show).unwrap_or_default();
        rows.add_row([
            tag.tag.clone(),
            hashes.of(&tag.hash),
            moved(|last| time(&last.at)),
            moved(Move::by),
            moved(|last| last.reason.clone().unwrap_or_default()),
        ]);
    }
    rows.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::client::view;
    use crate::cli::samples::{hash, trimmed};
    use serde_json::json;

    #[test]
    fn tags_are_rows() {
        let answer = json!({ "strategy": "delay", "tags": [
            { "tag": "latest", "hash": hash('a') },
            { "tag": "prod", "hash": hash('b'), "moved": { "generation": 3, "at": "2026-11-20T14:42:32.5Z", "action": "assign",
              "from": null, "to": hash('b'), "who": "admin", "actor": "me", "requestId": "r", "reason": "why" } },
        ] });
        insta::assert_snapshot!(trimmed(&text(&view::read(&answer).unwrap(), HashFlag::default())), @r"
        tag     revision      moved                by  reason
        latest  aaaaaaaaaaaa
        prod    bbbbbbbbbbbb  2026-11-20 14:42:32  me  why
        ");
    }
}
