//! `sandpit modules ls`: every revision of every strategy, with what points to it and what runs it.

use crate::cli::Failure;
use crate::cli::client::view::{Listing, Module, Revision};
use crate::cli::client::{AskArgs, Request, view};
use crate::cli::output::{bytes, table};
use crate::cli::shown::{HashFlag, count, time};

/// Lists revisions: their tags, their size, how many instances run them.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only this strategy.
    #[arg(long, value_name = "NAME")]
    strategy: Option<String>,
    /// Only this revision.
    #[arg(long)]
    hash: Option<String>,
    /// Only what instances run.
    #[arg(long)]
    running: bool,
    /// At most so many strategies.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Skip so many strategies.
    #[arg(long, value_name = "N")]
    offset: Option<usize>,
    /// Only `name@hash`, one per line, for scripts.
    #[arg(short, long, conflicts_with = "format")]
    quiet: bool,
    #[command(flatten)]
    hashes: HashFlag,
    #[command(flatten)]
    ask: AskArgs,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let client = args.ask.client()?;
    let request = Request::get(["strategies", "modules"])
        .query("strategy", args.strategy.as_ref())
        .query("hash", args.hash.as_ref())
        .flag("runningOnly", args.running)
        .query("limit", args.limit)
        .query("offset", args.offset);
    let listing = client.json(&request)?;
    if args.quiet {
        let listing: Listing = view::read(&listing)?;
        for (module, revision) in rows(&listing, args) {
            client.output().text(&format!("{}@{}", module.name, revision.hash));
        }
        return Ok(());
    }
    client.show(&listing, |listing| text(listing, args))
}

/// The server filters strategies; of those, the revisions that were asked for.
fn rows<'a>(listing: &'a Listing, args: &Args) -> Vec<(&'a Module, &'a Revision)> {
    let wanted = |module: &Module, revision: &Revision| {
        let selected = args.hash.is_none() || module.selected_revision_hash == revision.hash;
        selected && (!args.running || instances(module, revision) > 0)
    };
    let all = listing.modules.iter().flat_map(|module| module.revisions.iter().map(move |revision| (module, revision)));
    all.filter(|(module, revision)| wanted(module, revision)).collect()
}

fn instances(module: &Module, revision: &Revision) -> usize {
    module.running.iter().filter(|usage| usage.hash == revision.hash).map(|usage| usage.count).sum()
}

fn text(listing: &Listing, args: &Args) -> String {
    let rows = rows(listing, args);
    let mut shown = table(&["strategy", "revision", "tags", "size", "uploaded", "running", "state"], &[3, 5]);
    for (module, revision) in &rows {
        shown.add_row([
            module.name.clone(),
            args.hashes.of(&revision.hash),
            tags(module, revision),
            revision.size.map(bytes).unwrap_or_default(),
            revision.created_at.as_deref().map(time).unwrap_or_default(),
            instances(module, revision).to_string(),
            state(revision),
        ]);
    }
    let of = match listing.modules.len() {
        shown if shown == listing.total => count(shown, "strategy"),
        shown => format!("{shown} of {}", count(listing.total, "strategy")),
    };
    let summary = format!("{}, {of}", count(rows.len(), "revision"));
    if rows.is_empty() { summary } else { format!("{shown}\n\n{summary}") }
}

/// All tags that point to a revision.
pub(super) fn tags(module: &Module, revision: &Revision) -> String {
    let on_it = module.tag_aliases.iter().filter(|(_, hash)| **hash == revision.hash);
    on_it.map(|(tag, _)| tag.as_str()).collect::<Vec<_>>().join(", ")
}

/// What is remarkable about a revision.
pub(super) fn state(revision: &Revision) -> String {
    match (&revision.invalid, revision.retired) {
        (Some(invalid), _) => format!("invalid: {}", invalid.code),
        (None, true) => "retired".to_owned(),
        (None, false) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use serde_json::json;

    use super::*;
    use crate::cli::samples::{hash, module, trimmed};

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn args(line: &str) -> Args {
        Line::try_parse_from(format!("ls {line}").split_whitespace()).unwrap_or_else(|error| panic!("{error}")).args
    }

    #[test]
    fn revisions_are_rows() {
        let listing = view::read(&json!({ "modules": [module()], "total": 3, "offset": 1, "limit": 1 })).unwrap();
        insta::assert_snapshot!(trimmed(&text(&listing, &args(""))), @r"
         strategy  revision      tags             size  uploaded             running  state
         delay     aaaaaaaaaaaa  latest, prod  1.5 KiB  2026-11-20 14:42:32        2
         delay     bbbbbbbbbbbb                  900 B                             0  retired
         delay     cccccccccccc  next                                              0  invalid: hash_mismatch

        3 revisions, 1 of 3 strategies
        ");
        insta::assert_snapshot!(trimmed(&text(&listing, &args("--running"))), @r"
         strategy  revision      tags             size  uploaded             running  state
         delay     aaaaaaaaaaaa  latest, prod  1.5 KiB  2026-11-20 14:42:32        2

        1 revision, 1 of 3 strategies
        ");
        let whole = text(&listing, &args(&format!("--no-trunc --hash {}", hash('a'))));
        assert!(whole.contains(&hash('a')) && !whole.contains(&hash('b')), "{whole}");
    }

    #[test]
    fn nothing_is_told_as_well() {
        let listing = view::read(&json!({ "modules": [], "total": 0, "offset": 0 })).unwrap();
        assert_eq!(text(&listing, &args("")), "0 revisions, 0 strategies");
    }
}
