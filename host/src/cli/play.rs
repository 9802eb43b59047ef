//! `sandpit play`: a strategy over a tape, as fast as possible, against the paper venue.

use std::path::PathBuf;

use serde_json::{Map, Value};

use super::Failure;
use super::output::FormatFlag;
use super::workbench::Workbench;
use super::{report, source};
use crate::backtest::{self, PlayRequest, PlayVenue};
use crate::compile::check_config;
use crate::market::Symbol;
use crate::providers::tape::Tape;
use crate::sandbox::Metadata;
use crate::sandbox::metadata::FieldKind;

/// Plays a strategy over a tape and reports orders, fills, fees, profit, fuel and memory. The same input gives the same bytes.
///
/// Orders are really sent to the paper venue, also by strategies whose `dry_run` is true by default: say
/// `--config dry_run=true` to have them only logged. Exit code 1 when the guest faulted.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A source file, or a selector such as `momentum` or `grid:v1.0.0`.
    #[arg(value_name = "FILE.js|SELECTOR")]
    strategy: String,
    /// `btcusdt-20240808`, `ethusdt-20240808`, or the path of a tape; more than one are played side by side.
    #[arg(long, value_name = "TAPE", required = true)]
    tape: Vec<String>,
    /// A field of the strategy's configuration; may be repeated.
    #[arg(long = "config", value_name = "KEY=VALUE", value_parser = key_value)]
    config: Vec<(String, String)>,
    /// Follow and trade only these symbols of the tapes.
    #[arg(long, value_name = "SYMBOL")]
    symbol: Vec<Symbol>,
    /// Look selectors up in this directory instead of the built-in strategies.
    #[arg(long, value_name = "DIR")]
    strategies: Option<PathBuf>,
    #[command(flatten)]
    format: FormatFlag,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let output = args.format.output();
    let tapes = args.tape.iter().map(|tape| Tape::open(tape)).collect::<Result<Vec<_>, _>>().map_err(Failure::usage)?;
    let venues = vec![PlayVenue::of_tapes(PlayRequest::usual_provider(), tapes)];
    let source = source::resolve(&args.strategy, args.strategies.as_ref())?;
    let bench = Workbench::deterministic(Workbench::GUESTS)?;
    let program = bench.program(&source, output)?;
    let config = configuration(&args.config, program.metadata())?;
    let request = PlayRequest { venues, symbols: args.symbol.clone(), config, ..PlayRequest::new(program) };
    let report = backtest::play(request).map_err(Failure::failed)?;
    let faulted = !report.faults.is_empty();
    output.answer(&report, |report| report::text(report, output));
    if faulted { Err(Failure::Answered) } else { Ok(()) }
}

fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE")?;
    Ok((key.trim().to_owned(), value.to_owned()))
}

/// Values are read by the type that the strategy declares; orders are sent unless the command line says otherwise.
fn configuration(given: &[(String, String)], metadata: &Metadata) -> Result<Map<String, Value>, Failure> {
    let mut config = Map::new();
    config.insert("dry_run".to_owned(), Value::Bool(false));
    for (key, text) in given {
        let kind = metadata.config.iter().find(|field| field.name == *key).map(|field| field.kind);
        config.insert(key.clone(), typed(kind, text));
    }
    check_config(metadata, &config)
        .map_err(|issues| Failure::Usage(issues.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))
}

/// Text stays text where text is declared; elsewhere it is read as JSON when it is some.
fn typed(kind: Option<FieldKind>, text: &str) -> Value {
    let as_text = || Value::String(text.to_owned());
    match kind {
        Some(FieldKind::String) => as_text(),
        _ => serde_json::from_str(text).unwrap_or_else(|_| as_text()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_by_their_declared_type() {
        assert_eq!(typed(Some(FieldKind::String), "1"), Value::String("1".into()));
        assert_eq!(typed(Some(FieldKind::Float), "1.5"), serde_json::json!(1.5));
        assert_eq!(typed(Some(FieldKind::Duration), "5s"), Value::String("5s".into()));
        assert_eq!(typed(None, "[1]"), serde_json::json!([1]));
        assert_eq!(key_value("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert!(key_value("a").is_err());
    }
}
