//! `sandpit registry export`: what the registry of a running host says, and who uses what.

use std::path::PathBuf;

use serde_json::Value;

use crate::cli::Failure;
use crate::cli::client::{Request, ServerArgs};
use crate::cli::output::Output;

/// Writes the registry of a running host with what instances use of it, as one JSON document.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where to write it [default: standard output].
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Only the registry, without usage: what two exports can be compared by.
    #[arg(long)]
    no_usage: bool,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let output = Output::default();
    let client = args.server.client(output)?;
    let mut export = client.json(&Request::get(["strategies", "registry"]))?;
    if args.no_usage {
        export = export.get_mut("registry").map(Value::take).unwrap_or_default();
    }
    let Some(path) = &args.output else {
        output.json(&export);
        return Ok(());
    };
    let text = serde_json::to_string_pretty(&export).map_err(Failure::failed)?;
    std::fs::write(path, text + "\n").map_err(|error| Failure::Failed(format!("{}: {error}", path.display())))
}
