//! `sandpit tags assign`: moves a tag, after showing where it points, and only if it still points there.

use serde_json::{Value, json};

use super::{Tags, present, switch};
use crate::base::Digest;
use crate::cli::Failure;
use crate::cli::ask::confirm;
use crate::cli::client::view::{Module, Refreshed};
use crate::cli::client::{AskArgs, Client, Method, Request, view};
use crate::cli::progress::Progress;
use crate::cli::refresh;
use crate::cli::shown::HashFlag;

/// Points a tag at a revision and refreshes the instances of the strategy. A tag that somebody else moves meanwhile is left
/// where it is.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The strategy.
    name: String,
    /// The tag; it is made when it is new.
    tag: String,
    /// Where it shall point: a hash, a selector of the strategy, or `:tag` for another tag of it.
    #[arg(value_name = "HASH|SELECTOR")]
    target: String,
    /// Do not ask.
    #[arg(short, long)]
    yes: bool,
    /// Leave running instances where they are [env: REFRESH=false].
    #[arg(long)]
    no_refresh: bool,
    /// Why, for the history.
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    ask: AskArgs,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let client = args.ask.client()?;
    let output = client.output();
    let refresh = !args.no_refresh && switch("REFRESH", true)?;
    let tags = present(&client, &args.name)?;
    let hash = target(&client, &tags.strategy, &args.target)?;
    let before = tags.hash(&args.tag);
    if before == Some(hash.as_str()) {
        let answer = json!({ "status": "unchanged", "strategy": tags.strategy, "tag": args.tag, "hash": hash });
        output.answer(&answer, |_| format!("{} of {} already points to {hash}", args.tag, tags.strategy));
        return Ok(());
    }
    output.note(&describe(&tags, &args.tag, &hash));
    if !args.yes {
        confirm("Move it?")?;
    }
    let mut body = json!({ "hash": hash, "refresh": refresh });
    if let Some(reason) = &args.reason {
        body["reason"] = Value::from(reason.as_str());
    }
    let request = Request::new(Method::Put, ["strategies", "modules", &tags.strategy, "tags", &args.tag]);
    let waiting = refresh.then(|| Progress::waiting("instances are moved"));
    let answer = client.json(&request.with_body(body).if_still(before))?;
    drop(waiting);
    told(&client, &answer, &args.tag, &hash)
}

/// The hash that is meant, checked to be a revision of the strategy.
fn target(client: &Client, strategy: &str, text: &str) -> Result<String, Failure> {
    if let Ok(hash) = text.parse::<Digest>() {
        return Ok(hash.to_string());
    }
    let selector = if text.starts_with([':', '@']) { format!("{strategy}{text}") } else { text.to_owned() };
    let found: Module = view::read(&client.json(&Request::get(["strategies", "modules", &selector]))?)?;
    if found.name == strategy {
        return Ok(found.selected_revision_hash);
    }
    let shown = selector.escape_debug();
    Err(Failure::Usage(format!("{shown} is a revision of {}: a tag of {strategy} points to its own revisions", found.name)))
}

/// What is about to happen.
fn describe(tags: &Tags, tag: &str, hash: &str) -> String {
    let line = |hash: &str| match tags.beside(tag, hash).as_slice() {
        [] => hash.to_owned(),
        others => format!("{hash} ({})", others.join(", ")),
    };
    let before = tags.hash(tag).map_or_else(|| "nothing: it is new".to_owned(), line);
    format!("{tag} of {}\n  points to {before}\n  and would point to {}", tags.strategy, line(hash))
}

fn told(client: &Client, answer: &Value, tag: &str, hash: &str) -> Result<(), Failure> {
    let refreshed: Refreshed = view::read(answer)?;
    client.output().answer(answer, |_| {
        let mut text = format!("{tag} points to {hash}");
        if !refreshed.results.is_empty() {
            text.push_str(&format!("\n\n{}", refresh::text(&refreshed.results, HashFlag::default())));
        }
        text
    });
    if refresh::any_failed(&refreshed.results) { Err(Failure::Answered) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::super::Tag;
    use super::*;

    #[test]
    fn the_question_names_both_ends() {
        let tag = |tag: &str, hash: &str| Tag { tag: tag.to_owned(), hash: hash.to_owned(), moved: None };
        let tags = Tags {
            strategy: "delay".to_owned(),
            tags: vec![tag("latest", "sha256:b"), tag("prod", "sha256:a"), tag("v1", "sha256:a"), tag("v2", "sha256:b")],
        };
        let move_it = "prod of delay\n  points to sha256:a (v1)\n  and would point to sha256:b (latest, v2)";
        assert_eq!(describe(&tags, "prod", "sha256:b"), move_it);
        let new = "next of delay\n  points to nothing: it is new\n  and would point to sha256:c";
        assert_eq!(describe(&tags, "next", "sha256:c"), new);
    }
}
