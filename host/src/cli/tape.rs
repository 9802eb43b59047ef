//! `sandpit tape`: make a tape of a recording, and look into one.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::market::{Grid, LevelChange, Symbol};
use crate::providers::tape::{Body, ImportOptions, Record, Tape, TapeHeader, Thinned, import};

/// Arguments of `sandpit tape`.
#[derive(Debug, Args)]
pub struct TapeArgs {
    #[command(subcommand)]
    command: TapeCommand,
}

#[derive(Debug, Subcommand)]
enum TapeCommand {
    /// Make a tape of a recording of Binance's raw messages.
    Import(ImportArgs),
    /// Show what a tape is about.
    Info(InfoArgs),
    /// Show a tape's first records.
    Head(HeadArgs),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs: one JSON document, for `head` one per line.
    Json,
}

#[derive(Debug, Args)]
struct ImportArgs {
    /// Lines of `<receive time, ns> <message>`; may be compressed with gzip.
    recording: PathBuf,
    /// Where to write the tape.
    #[arg(short, long)]
    output: PathBuf,
    /// What was recorded, such as BTC-USDT.
    #[arg(long)]
    symbol: Symbol,
    /// What the tape is called; the name of its file by default.
    #[arg(long)]
    name: Option<String>,
    /// Where the recording came from, in words.
    #[arg(long, default_value = "")]
    source: String,
    /// Prices are multiples of this.
    #[arg(long, value_name = "DECIMAL")]
    tick: Option<Decimal>,
    /// Quantities are multiples of this, and it is the smallest.
    #[arg(long, value_name = "DECIMAL")]
    lot: Option<Decimal>,
    /// The smallest price times quantity of an order.
    #[arg(long, value_name = "DECIMAL")]
    min_notional: Option<Decimal>,
    /// The largest quantity of an order.
    #[arg(long, value_name = "DECIMAL")]
    max_quantity: Option<Decimal>,
    /// Round receive times down to this many microseconds.
    #[arg(long, default_value_t = 1)]
    time_step_us: u32,
    /// Tell depth farther than this many millionths from the touch only now and then.
    #[arg(long, value_name = "PPM")]
    thin: Option<u32>,
    /// How often such depth is told.
    #[arg(long, value_name = "MS", default_value_t = 5000, requires = "thin")]
    far_every_ms: u32,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Args)]
struct InfoArgs {
    /// The name of a built-in tape, or the path of a file.
    tape: String,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Args)]
struct HeadArgs {
    /// The name of a built-in tape, or the path of a file.
    tape: String,
    /// How many records.
    #[arg(short, long, default_value_t = 10)]
    number: u64,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Does what the arguments ask for and writes the answer to `out`.
///
/// # Errors
/// When a file cannot be read or written, or is not what it should be: exit code 1.
pub fn run(args: TapeArgs, out: &mut dyn Write) -> anyhow::Result<()> {
    match args.command {
        TapeCommand::Import(args) => make(args, out),
        TapeCommand::Info(args) => info(Tape::open(&args.tape)?.header(), args.format, out),
        TapeCommand::Head(args) => head(&args, out),
    }
}

fn make(args: ImportArgs, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut instrument = ImportOptions::binance_spot(args.symbol);
    instrument.price_increment = args.tick.unwrap_or(instrument.price_increment);
    instrument.quantity_increment = args.lot.unwrap_or(instrument.quantity_increment);
    instrument.min_quantity = instrument.quantity_increment;
    instrument.min_notional = args.min_notional.unwrap_or(instrument.min_notional);
    instrument.max_quantity = args.max_quantity.unwrap_or(instrument.max_quantity);
    let stem = args.output.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let options = ImportOptions {
        name: args.name.or(stem).unwrap_or_default(),
        source: args.source,
        instrument,
        time_step_nanos: u64::from(args.time_step_us) * 1000,
        thinned: args.thin.map(|band_ppm| Thinned { band_ppm, far_every_ms: args.far_every_ms }),
    };
    let recording = open(&args.recording).with_context(|| format!("cannot open {}", args.recording.display()))?;
    // In memory until it is whole: a recording that cannot be imported leaves no half a tape behind.
    let mut tape = Vec::new();
    let header = import(recording, &options, &mut tape).with_context(|| args.recording.display().to_string())?;
    std::fs::write(&args.output, tape).with_context(|| format!("cannot write {}", args.output.display()))?;
    info(&header, args.format, out)
}

/// Decompresses what begins like gzip.
fn open(path: &Path) -> std::io::Result<Box<dyn BufRead>> {
    let mut file = BufReader::new(File::open(path)?);
    let is_gzip = file.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    Ok(if is_gzip { Box::new(BufReader::new(flate2::bufread::MultiGzDecoder::new(file))) } else { Box::new(file) })
}

fn info(header: &TapeHeader, format: Format, out: &mut dyn Write) -> anyhow::Result<()> {
    if format == Format::Json {
        serde_json::to_writer_pretty(&mut *out, header)?;
        return Ok(writeln!(out)?);
    }
    let instrument = &header.instrument;
    writeln!(out, "{}  {} {} at {}", header.name, instrument.kind.as_str(), instrument.symbol, header.venue)?;
    writeln!(out, "  source        {}", header.source)?;
    writeln!(out, "  from          {}", header.start)?;
    writeln!(out, "  to            {} ({:.1} s)", header.end, header.end.since(header.start).as_secs_f64())?;
    writeln!(out, "  clock         the recorder's, corrected by {:+.1} ms", header.clock_correction_nanos as f64 / 1e6)?;
    writeln!(out, "  tick, lot     {} {}", instrument.price_increment, instrument.quantity_increment)?;
    let counts = &header.records;
    writeln!(out, "  trades        {}", counts.trades)?;
    writeln!(out, "  best bid/ask  {}", counts.bests)?;
    writeln!(out, "  depth         {} snapshots, {} updates", counts.snapshots, counts.depths)?;
    match header.thinned {
        Some(rule) => writeln!(
            out,
            "  thinned       depth farther than {} ppm from the touch is brought up to date every {} ms",
            rule.band_ppm, rule.far_every_ms
        )?,
        None => writeln!(out, "  thinned       no")?,
    }
    Ok(writeln!(out, "  records       {} bytes compressed, {}", header.body.bytes, header.body.digest)?)
}

fn head(args: &HeadArgs, out: &mut dyn Write) -> anyhow::Result<()> {
    let tape = Tape::open(&args.tape)?;
    let grid = tape.header().grid()?;
    let mut reader = tape.reader()?;
    let mut record = Record::default();
    let mut left = args.number;
    while left > 0 && reader.read(&mut record)? {
        match args.format {
            Format::Json => writeln!(out, "{}", record_json(&record, grid))?,
            Format::Text => writeln!(out, "{}  {}", record.received_at, record_text(&record, grid))?,
        }
        left -= 1;
    }
    Ok(())
}

fn record_text(record: &Record, grid: Grid) -> String {
    let level = |level: &LevelChange| format!("{} x {}", grid.tick.value(level.price), grid.lot.value(level.quantity));
    match record.body {
        Body::Snapshot { update_id } => {
            format!("snapshot {update_id}  {} bids, {} asks", record.bids.len(), record.asks.len())
        }
        Body::Depth { first_id, last_id } => {
            let levels: Vec<_> = record.bids.iter().map(|bid| format!("bid {}", level(bid))).collect();
            let asks: Vec<_> = record.asks.iter().map(|ask| format!("ask {}", level(ask))).collect();
            format!("depth {first_id}-{last_id}  {}", [levels, asks].concat().join(", "))
        }
        Body::Best { update_id, bid, ask } => format!("best {update_id}  bid {}, ask {}", level(&bid), level(&ask)),
        Body::Trade { trade_id, price, quantity, aggressor, .. } => {
            format!("trade {trade_id}  {} {}", aggressor.as_str(), level(&LevelChange { price, quantity }))
        }
    }
}

fn record_json(record: &Record, grid: Grid) -> Value {
    let pair = |level: &LevelChange| json!([grid.tick.text(level.price), grid.lot.text(level.quantity)]);
    let pairs = |levels: &[LevelChange]| levels.iter().map(pair).collect::<Vec<_>>();
    let mut value = match record.body {
        Body::Snapshot { update_id } => json!({"kind": "snapshot", "updateId": update_id}),
        Body::Depth { first_id, last_id } => json!({"kind": "depth", "firstId": first_id, "lastId": last_id}),
        Body::Best { update_id, bid, ask } => {
            json!({"kind": "best", "updateId": update_id, "bid": pair(&bid), "ask": pair(&ask)})
        }
        Body::Trade { trade_id, matched_at, price, quantity, aggressor } => json!({
            "kind": "trade", "tradeId": trade_id, "matchedAt": matched_at.to_rfc3339(), "side": aggressor.as_str(),
            "price": grid.tick.text(price), "quantity": grid.lot.text(quantity),
        }),
    };
    value["receivedAt"] = record.received_at.to_rfc3339().into();
    value["venueAt"] = record.venue_at.to_rfc3339().into();
    if matches!(record.body, Body::Snapshot { .. } | Body::Depth { .. }) {
        value["bids"] = pairs(&record.bids).into();
        value["asks"] = pairs(&record.asks).into();
    }
    value
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        tape: TapeArgs,
    }

    fn output(words: &[&str]) -> anyhow::Result<String> {
        let line = Line::try_parse_from([&["tape"], words].concat())?;
        let mut out = Vec::new();
        run(line.tape, &mut out)?;
        Ok(String::from_utf8(out)?)
    }

    #[test]
    fn info_and_head_show_the_built_in_tapes() {
        let info = output(&["info", "ethusdt-20240808"]).unwrap();
        assert!(info.starts_with("ethusdt-20240808  spot ETH-USDT at BINANCE\n"), "{info}");
        let header: TapeHeader =
            serde_json::from_str(&output(&["info", "ethusdt-20240808", "--format", "json"]).unwrap()).unwrap();
        assert_eq!(header.records.trades, 6106);
        let head = output(&["head", "ethusdt-20240808", "-n", "3"]).unwrap();
        let lines: Vec<_> = head.lines().collect();
        assert_eq!(lines[0], "2024-08-08T23:54:15.424700000Z  snapshot 35346513512  1000 bids, 1000 asks");
        assert_eq!(lines[2], "2024-08-08T23:54:15.511700000Z  best 35346513515  bid 2683.8 x 2.2582, ask 2683.81 x 31.4395");
        let head = output(&["head", "ethusdt-20240808", "-n", "3", "--format", "json"]).unwrap();
        let best: Value = serde_json::from_str(head.lines().last().unwrap()).unwrap();
        assert_eq!((&best["kind"], &best["ask"]), (&json!("best"), &json!(["2683.81", "31.4395"])));
    }

    #[test]
    fn a_recording_becomes_a_tape_of_the_name_of_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let (recording, tape) = (folder.path().join("r.jsonl"), folder.path().join("mine.tape"));
        let lines = concat!(
            "1000000000 {\"lastUpdateId\":1,\"bids\":[[\"5.0\",\"1\"]],\"asks\":[[\"6.0\",\"1\"]]}\n",
            "1000001000 {\"stream\":\"x\",\"data\":{\"e\":\"trade\",\"E\":1001,\"s\":\"SOLUSDT\",\"t\":1,\"p\":\"5.0\",\"q\":\"1\",\"T\":1001,\"m\":true,\"M\":true}}\n",
        );
        std::fs::write(&recording, lines).unwrap();
        let (recording, tape) = (recording.to_str().unwrap(), tape.to_str().unwrap());
        let words = ["import", recording, "-o", tape, "--symbol", "SOL-USDT", "--tick", "0.5", "--lot", "0.1"];
        assert!(output(&words).unwrap().starts_with("mine  spot SOL-USDT at BINANCE\n"));
        let opened = Tape::open(tape).unwrap();
        assert_eq!(opened.header().instrument.min_quantity, "0.1".parse().unwrap());
        let error = output(&["import", recording, "-o", tape, "--symbol", "BTC-USDT"]).unwrap_err();
        assert!(format!("{error:#}").contains("line 2: the symbol is `SOLUSDT`, not BTCUSDT"), "{error:#}");
        assert!(output(&["info", recording]).unwrap_err().to_string().starts_with("not a tape"));
    }
}
