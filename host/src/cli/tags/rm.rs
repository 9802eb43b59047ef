//! `sandpit tags rm`: takes a tag away. The revision stays.

use super::{Tags, present, switch};
use crate::cli::Failure;
use crate::cli::ask::confirm;
use crate::cli::client::{AskArgs, Method, Request};

/// Takes a tag away. `latest` can only be moved, and the last tag of a revision only goes with --allow-orphan.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The strategy.
    name: String,
    /// The tag.
    tag: String,
    /// Do not ask.
    #[arg(short, long)]
    yes: bool,
    /// Also when no tag is left on the revision, which is then found by its hash only [env: ALLOW_ORPHAN=true].
    #[arg(long)]
    allow_orphan: bool,
    /// Why, for the history.
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    ask: AskArgs,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let client = args.ask.client()?;
    let allow_orphan = args.allow_orphan || switch("ALLOW_ORPHAN", false)?;
    let tags = present(&client, &args.name)?;
    let Some(hash) = tags.hash(&args.tag) else {
        let known = tags.tags.iter().map(|tag| tag.tag.as_str()).collect::<Vec<_>>().join(", ");
        return Err(Failure::Failed(format!("{} has no tag {}; it has {known}", tags.strategy, args.tag.escape_debug())));
    };
    client.output().note(&describe(&tags, &args.tag, hash));
    if !args.yes {
        confirm("Take it away?")?;
    }
    let request = Request::new(Method::Delete, ["strategies", "modules", &tags.strategy, "tags", &args.tag])
        .query("allowOrphan", Some(allow_orphan))
        .query("reason", args.reason.as_ref())
        .if_still(Some(hash));
    let answer = client.json(&request)?;
    client.output().answer(&answer, |_| format!("{} of {} is gone", args.tag, tags.strategy));
    Ok(())
}

fn describe(tags: &Tags, tag: &str, hash: &str) -> String {
    let rest = match tags.beside(tag, hash).as_slice() {
        [] => "no other tag points there".to_owned(),
        [other] => format!("{other} still points there"),
        others => format!("{} still point there", others.join(", ")),
    };
    format!("{tag} of {}\n  points to {hash}\n  {rest}", tags.strategy)
}
