//! `sandpit modules source`: the bytes of a revision's entry file, as they were uploaded.

use std::io::Write as _;
use std::path::PathBuf;

use super::module;
use crate::cli::Failure;
use crate::cli::client::{Request, ServerArgs};
use crate::cli::output::Output;

/// Writes the source of a revision to standard output or a file, byte for byte.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// name, name:tag, name@sha256:<64 hex> or sha256:<64 hex>.
    selector: String,
    /// What it meant then, such as 2026-11-20T14:00:00Z.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Where to write it.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let client = args.server.client(Output::default())?;
    let [a, b, selector] = module(&args.selector);
    let source = client.bytes(&Request::get([a, b, selector, "source"]).query("at", args.at.as_ref()))?;
    match &args.output {
        Some(path) => std::fs::write(path, source).map_err(|error| Failure::Failed(format!("{}: {error}", path.display()))),
        None => {
            let mut out = std::io::stdout().lock();
            match out.write_all(&source).and_then(|()| out.flush()) {
                // Whoever read it has seen enough.
                Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
                written => written.map_err(Failure::failed),
            }
        }
    }
}
