//! `sandpit tags history`: where a tag pointed, since when, by whom and why.

use serde::Deserialize;

use super::Move;
use crate::cli::Failure;
use crate::cli::client::{AskArgs, Request, view};
use crate::cli::output::table;
use crate::cli::shown::{HashFlag, time};

/// Shows every move of a tag, the newest first.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The strategy.
    name: String,
    /// The tag; also one that is gone.
    tag: String,
    /// At most so many moves [default: 100].
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Only moves before this generation: the one that the page before ended with.
    #[arg(long, value_name = "GENERATION")]
    before: Option<u64>,
    /// Only the hash that it pointed to before its last move, for scripts.
    #[arg(long, conflicts_with = "format")]
    previous: bool,
    #[command(flatten)]
    hashes: HashFlag,
    #[command(flatten)]
    ask: AskArgs,
}

#[derive(Debug, Deserialize)]
struct History {
    history: Vec<Move>,
    next: Option<u64>,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let client = args.ask.client()?;
    let request = Request::get(["strategies", "modules", &args.name, "tags", &args.tag, "history"])
        .query("limit", args.limit)
        .query("before", args.before);
    let answer = client.json(&request)?;
    if !args.previous {
        return client.show(&answer, |history| text(history, args.hashes));
    }
    let history: History = view::read(&answer)?;
    let previous = history.history.first().and_then(|last| last.from.clone());
    let previous = previous.ok_or_else(|| Failure::Failed("before its last move it pointed nowhere".to_owned()))?;
    client.output().text(&previous);
    Ok(())
}

fn text(history: &History, hashes: HashFlag) -> String {
    let mut rows = table(&["generation", "when", "what", "from", "to", "by", "reason"], &[0]);
    for step in &history.history {
        let hash = |hash: &Option<String>| hash.as_deref().map_or_else(|| "-".to_owned(), |hash| hashes.of(hash));
        rows.add_row([
            step.generation.to_string(),
            time(&step.at),
            step.action.clone(),
            hash(&step.from),
            hash(&step.to),
            step.by(),
            step.reason.clone().unwrap_or_default(),
        ]);
    }
    let more = history.next.map(|next| format!("\n\nthere are older ones: --before {next}")).unwrap_or_default();
    format!("{rows}{more}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::samples::{hash, trimmed};
    use serde_json::json;

    #[test]
    fn moves_are_rows() {
        let answer = json!({ "strategy": "delay", "tag": "prod", "next": 3, "history": [
            { "generation": 9, "at": "2026-11-20T15:00:00.1Z", "action": "assign", "from": hash('a'), "to": hash('b'),
              "who": "admin", "actor": "me", "requestId": "r", "reason": "roll out" },
            { "generation": 4, "at": "2026-11-20T14:00:00.1Z", "action": "upload", "from": null, "to": hash('a'), "who": "admin" },
        ] });
        insta::assert_snapshot!(trimmed(&text(&view::read(&answer).unwrap(), HashFlag::default())), @r"
         generation  when                 what    from          to            by     reason
                  9  2026-11-20 15:00:00  assign  aaaaaaaaaaaa  bbbbbbbbbbbb  me     roll out
                  4  2026-11-20 14:00:00  upload  -             aaaaaaaaaaaa  admin

        there are older ones: --before 3
        ");
    }
}
