//! `sandpit modules rm`: deletes a revision, or a strategy with all its revisions.

use super::module;
use super::usage;
use crate::cli::Failure;
use crate::cli::ask::confirm;
use crate::cli::client::view::{Module, RevisionUsage};
use crate::cli::client::{Client, Method, Request, ServerArgs, view};
use crate::cli::output::Output;
use crate::cli::shown::{count, some};

/// Deletes what a selector means: by bare name the whole strategy, otherwise one revision with every tag on it. What instances
/// use, running or stopped, is not deleted.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// name, name:tag, name@sha256:<64 hex> or sha256:<64 hex>.
    selector: String,
    /// Do not ask.
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    server: ServerArgs,
}

/// Instances that a question names.
const USERS_SHOWN: usize = 10;

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let output = Output::default();
    let client = args.server.client(output)?;
    let found: Module = view::read(&client.json(&Request::get(module(&args.selector)))?)?;
    let whole = !args.selector.contains([':', '@']) && found.name.eq_ignore_ascii_case(args.selector.trim());
    let revisions: Vec<String> = match whole {
        true => found.revisions.iter().map(|revision| revision.hash.clone()).collect(),
        false => vec![found.selected_revision_hash.clone()],
    };
    let users = users(&client, &found.name, &revisions)?;
    output.note(&describe(&found, whole, &users));
    if !args.yes {
        confirm("Delete it?")?;
    }
    // What was shown, also when the tag has moved since.
    let target = if whole { found.name.clone() } else { format!("{}@{}", found.name, found.selected_revision_hash) };
    client.bytes(&Request::new(Method::Delete, module(&target)))?;
    output.text(&format!("deleted {target}"));
    Ok(())
}

fn users(client: &Client, name: &str, revisions: &[String]) -> Result<Vec<String>, Failure> {
    let mut users = Vec::new();
    for hash in revisions {
        let usage: RevisionUsage = view::read(&client.json(&usage::request(&format!("{name}@{hash}"), true))?)?;
        users.extend(usage.instances.into_iter().map(|instance| format!("{} ({})", instance.id, instance.status)));
    }
    Ok(users)
}

fn describe(found: &Module, whole: bool, users: &[String]) -> String {
    let what = if whole {
        format!("the strategy {} with {}", found.name, count(found.revisions.len(), "revision"))
    } else {
        format!("{}@{}", found.name, found.selected_revision_hash)
    };
    let tags: Vec<String> = if whole { found.tag_aliases.keys().cloned().collect() } else { found.tags.clone() };
    let tags = if tags.is_empty() { "no tags".to_owned() } else { format!("tags {}", tags.join(", ")) };
    let users = match users {
        [] => "no instance uses it".to_owned(),
        users => format!("used by {}: the host will refuse", some(users, USERS_SHOWN)),
    };
    format!("{what}\n  {tags}\n  {users}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::samples::{hash, module};

    #[test]
    fn the_question_says_what_goes_and_who_is_in_the_way() {
        let found = view::read(&module()).unwrap();
        let one = format!("delay@{}\n  tags latest, prod\n  used by one (running): the host will refuse", hash('a'));
        assert_eq!(describe(&found, false, &["one (running)".to_owned()]), one);
        let all = "the strategy delay with 3 revisions\n  tags latest, next, prod\n  no instance uses it";
        assert_eq!(describe(&found, true, &[]), all);
    }
}
