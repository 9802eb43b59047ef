//! `sandpit compile`: a source as a self-contained component.

use std::path::PathBuf;

use serde::Serialize;

use super::Failure;
use super::output::{FormatFlag, bytes};
use super::source;
use super::workbench::Workbench;
use crate::base::Digest;

/// Compiles a strategy to a WebAssembly component: engine inside, source evaluated. Exit code 1 with diagnostics when it is none.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The source.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where to write the component.
    #[arg(short, long, value_name = "OUT.wasm")]
    output: PathBuf,
    #[command(flatten)]
    format: FormatFlag,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    ok: bool,
    file: PathBuf,
    hash: Digest,
    engine_hash: Digest,
    component_hash: Digest,
    component_bytes: u64,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let output = args.format.output();
    let found = source::file(&args.file).map_err(|error| error.told(output))?;
    let bench = Workbench::deterministic(Workbench::GUESTS)?;
    let compiled = bench.compile(&found, output)?;
    std::fs::write(&args.output, &compiled.component)
        .map_err(|error| Failure::Usage(format!("{}: {error}", args.output.display())))?;
    let answer = Answer {
        ok: true,
        file: args.output.clone(),
        hash: found.source().digest(),
        engine_hash: compiled.engine,
        component_hash: Digest::of(&compiled.component),
        component_bytes: compiled.component.len() as u64,
    };
    output.answer(&answer, |answer| format!("{} {}", bytes(answer.component_bytes), answer.file.display()));
    Ok(())
}
