//! `sandpit instances start`: starts one, and waits until it takes events.

use super::request;
use crate::cli::Failure;
use crate::cli::client::{AskArgs, Method};

/// Starts an instance; one that is in quarantine begins with a clean slate.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The instance.
    id: String,
    #[command(flatten)]
    ask: AskArgs,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let client = args.ask.client()?;
    let answer = client.json(&request(Method::Post, &args.id, &["start"]))?;
    client.output().answer(&answer, |_| format!("{} runs", args.id));
    Ok(())
}
