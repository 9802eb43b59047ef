//! `sandpit check`: is this file a strategy, and what does it cost?

use std::path::PathBuf;

use serde::Serialize;

use super::Failure;
use super::output::{FormatFlag, bytes, grouped, pairs, table};
use super::source;
use super::workbench::Workbench;
use crate::base::Digest;
use crate::sandbox::Metadata;

/// Compiles a strategy and says what it is: metadata, imports, sizes, fuel. Exit code 1 with diagnostics when it is none.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The source.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    format: FormatFlag,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    ok: bool,
    hash: Digest,
    engine_hash: Digest,
    metadata: Metadata,
    imports: Vec<String>,
    component_bytes: u64,
    fuel_load: u64,
    /// Absent when `create` needs a configuration without defaults.
    fuel_create: Option<u64>,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let output = args.format.output();
    let found = source::file(&args.file).map_err(|error| error.told(output))?;
    let bench = Workbench::deterministic(Workbench::GUESTS)?;
    let compiled = bench.compile(&found, output)?;
    let answer = Answer {
        ok: true,
        hash: found.source().digest(),
        engine_hash: compiled.engine,
        imports: compiled.imports.clone(),
        component_bytes: compiled.component.len() as u64,
        fuel_load: compiled.fuel_load,
        fuel_create: compiled.fuel_create,
        metadata: compiled.metadata.as_ref().clone(),
    };
    output.answer(&answer, |answer| text(answer, &output.bold(answer.metadata.name.as_str())));
    Ok(())
}

fn text(answer: &Answer, name: &str) -> String {
    let metadata = &answer.metadata;
    let create = answer.fuel_create.map_or_else(|| "not tried: it needs a configuration".to_owned(), grouped);
    let rows = pairs([
        ("strategy", format!("{name}  {}", metadata.display_name)),
        ("tag", metadata.tag.as_ref().map_or_else(|| "none: an upload has to name one".to_owned(), ToString::to_string)),
        ("hash", answer.hash.to_string()),
        ("engine", answer.engine_hash.to_string()),
        ("events", metadata.events.iter().map(|event| event.as_str()).collect::<Vec<_>>().join(", ")),
        ("imports", answer.imports.join("\n")),
        ("component", bytes(answer.component_bytes)),
        ("fuel of load", grouped(answer.fuel_load)),
        ("fuel of create", create),
    ]);
    let mut fields = table(&["config", "type", "default", "description"], &[]);
    for field in &metadata.config {
        let default = field.default.as_ref().map(ToString::to_string);
        let default = default.unwrap_or_else(|| if field.required { "required".to_owned() } else { String::new() });
        fields.add_row([field.name.clone(), field.kind.as_str().to_owned(), default, field.description.clone()]);
    }
    format!("{rows}\n\n{fields}")
}
