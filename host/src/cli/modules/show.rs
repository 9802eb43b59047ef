//! `sandpit modules show`: one strategy, seen from the revision that a selector means, now or at an earlier time.

use super::ls::{state, tags};
use super::module;
use crate::cli::Failure;
use crate::cli::client::view::Module;
use crate::cli::client::{AskArgs, Request, view};
use crate::cli::output::{bytes, pairs, table};
use crate::cli::shown::{HashFlag, time};

/// Shows what a selector means: the revision, its tags, what it says about itself, and the other revisions of its strategy.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// name, name:tag, name@sha256:<64 hex> or sha256:<64 hex>.
    selector: String,
    /// What it meant then, such as 2026-11-20T14:00:00Z.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Only the hash, for scripts.
    #[arg(short, long, conflicts_with = "format")]
    quiet: bool,
    #[command(flatten)]
    hashes: HashFlag,
    #[command(flatten)]
    ask: AskArgs,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let client = args.ask.client()?;
    let found = client.json(&Request::get(module(&args.selector)).query("at", args.at.as_ref()))?;
    if args.quiet {
        client.output().text(&view::read::<Module>(&found)?.selected_revision_hash);
        return Ok(());
    }
    client.show(&found, |module| text(module, args.hashes))
}

fn text(module: &Module, hashes: HashFlag) -> String {
    let none = |list: &[String]| if list.is_empty() { "none".to_owned() } else { list.join(", ") };
    let mut rows = vec![
        ("strategy", module.name.clone()),
        ("revision", module.selected_revision_hash.clone()),
        ("tags", none(&module.tags)),
    ];
    if let Some(metadata) = &module.metadata {
        rows.push(("title", metadata.display_name.clone()));
        rows.push(("description", metadata.description.clone()));
        rows.push(("events", metadata.events.join(", ")));
    }
    if let Some(revision) = module.revisions.iter().find(|revision| revision.hash == module.selected_revision_hash) {
        rows.push(("file", revision.path.clone()));
    }
    if let Some(invalid) = &module.invalid {
        rows.push(("invalid", format!("{}: {}", invalid.code, invalid.message)));
    }
    for usage in module.running.iter().filter(|usage| usage.hash == module.selected_revision_hash) {
        rows.push(("running", usage.instances.join(", ")));
    }
    rows.retain(|(_, value)| !value.is_empty());
    let mut revisions = table(&["", "revision", "tags", "size", "uploaded", "state"], &[3]);
    for revision in &module.revisions {
        let selected = if revision.hash == module.selected_revision_hash { "*" } else { "" };
        revisions.add_row([
            selected.to_owned(),
            hashes.of(&revision.hash),
            tags(module, revision),
            revision.size.map(bytes).unwrap_or_default(),
            revision.created_at.as_deref().map(time).unwrap_or_default(),
            state(revision),
        ]);
    }
    format!("{}\n\n{revisions}", pairs(rows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::samples::{module, trimmed};

    #[test]
    fn the_selected_revision_comes_first_and_is_marked() {
        let module = view::read(&module()).unwrap();
        insta::assert_snapshot!(trimmed(&text(&module, HashFlag::default())), @r"
        strategy     delay
        revision     sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        tags         latest, prod
        title        Delay
        description  Waits.
        events       Trade, Ticker
        file         delay/aa/delay.js
        running      one, two

           revision      tags             size  uploaded             state
        *  aaaaaaaaaaaa  latest, prod  1.5 KiB  2026-11-20 14:42:32
           bbbbbbbbbbbb                  900 B                       retired
           cccccccccccc  next                                        invalid: hash_mismatch
        ");
    }
}
