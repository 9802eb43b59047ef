//! `sandpit bench`: what the main steps cost on this machine. Medians over many runs, measured as a host does the same
//! things; nothing is left out of a step that an author or a venue would wait for.

use std::fs;
use std::sync::Arc;

use serde::Serialize;

use super::Failure;
use super::output::{FormatFlag, bytes, grouped, table};
use super::source;
use super::workbench::{Workbench, block_on};
use crate::backtest::bench::Stand;
use crate::base::{Clock, Digest, SystemClock};
use crate::compile::{Places, Source};
use crate::providers::tape::Tape;
use crate::sandbox::{Program, SandboxConfig, wasmtime_version};

/// Measures upload, launch, dispatch and memory. Build with --release, on a machine that does nothing else.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Instances that are kept idle while their memory is measured.
    #[arg(long, default_value_t = 200, value_name = "COUNT")]
    idle: u32,
    /// Events per dispatch measurement.
    #[arg(long, default_value_t = 20_000, value_name = "COUNT")]
    events: u32,
    #[command(flatten)]
    format: FormatFlag,
}

/// The answer; the names are those of the issue that asked for the figures.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    /// From a new source to a program that can be launched, engine warm; median, milliseconds.
    upload_ms: f64,
    /// From a program to a guest that takes events, `create` included; median, microseconds.
    launch_us: f64,
    /// One trade event into an empty handler, fuel and limits on; median, microseconds.
    dispatch_empty_us: f64,
    /// One trade event into `momentum` with a full window of 20 prices, dry run; median, microseconds.
    dispatch_momentum_us: f64,
    /// Fuel of the empty handler; median.
    fuel_empty: u64,
    /// Fuel of `momentum`'s handler; median.
    fuel_momentum: u64,
    /// Growth of resident memory per idle instance, KiB.
    idle_instance_kb: f64,
    /// Of `momentum`.
    component_bytes: u64,
    /// The JavaScript engine inside.
    engine_sha256: Digest,
    /// Version of the runtime.
    wasmtime: &'static str,
    /// Whether the figures are of an optimised build.
    optimised: bool,
}

/// An upload is measured this many times, each with another source.
const UPLOADS: u32 = 9;

/// Launches that are measured.
const LAUNCHES: u32 = 500;

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let output = args.format.output();
    let config = SandboxConfig { max_guests: args.idle.saturating_add(Workbench::GUESTS), ..SandboxConfig::default() };
    let bench = Workbench::with(config)?;
    let momentum_source = source::resolve("momentum", None, output)?;
    let momentum = bench.program(&momentum_source, output)?;
    let empty = bench.program(&Places::of(empty_source(0)?), output)?;
    let tape = Tape::open("btcusdt-20240808").map_err(Failure::failed)?;
    let stand = Stand::new(&momentum, tape).map_err(Failure::failed)?;

    let upload_ms = block_on(uploads(&bench))??;
    let launch_us = block_on(launches(&stand, &momentum))??;
    let (dispatch_empty_us, fuel_empty) = block_on(dispatch(&stand, &empty, args.events))??;
    let (dispatch_momentum_us, fuel_momentum) = block_on(dispatch(&stand, &momentum, args.events))??;
    let idle_instance_kb = block_on(idle(&stand, &momentum, args.idle))??;
    let answer = Answer {
        upload_ms,
        launch_us,
        dispatch_empty_us,
        dispatch_momentum_us,
        fuel_empty,
        fuel_momentum,
        idle_instance_kb,
        component_bytes: momentum.component_bytes(),
        engine_sha256: momentum.engine_hash(),
        wasmtime: wasmtime_version(),
        optimised: !cfg!(debug_assertions),
    };
    output.answer(&answer, text);
    Ok(())
}

/// A source that was never compiled before.
fn empty_source(number: u32) -> Result<Source, Failure> {
    let text = format!(
        "// {number}\nmodule.exports = {{ metadata: {{ name: \"empty\", tag: \"v1\", displayName: \"Empty\", events: [\"Trade\"] }},\n  \
         create() {{ return {{ onTrade() {{}} }}; }} }};\n"
    );
    Source::single("empty.js", text).map_err(Failure::failed)
}

async fn uploads(bench: &Workbench) -> Result<f64, Failure> {
    let clock = SystemClock::new();
    let mut millis = Vec::new();
    for number in 1..=UPLOADS {
        let source = empty_source(number)?;
        let begun = clock.now();
        bench.compiler.program(&source).await.map_err(Failure::failed)?;
        millis.push(clock.now().since(begun).as_secs_f64() * 1e3);
    }
    Ok(median(&mut millis))
}

async fn launches(stand: &Stand, program: &Arc<Program>) -> Result<f64, Failure> {
    let clock = SystemClock::new();
    let mut micros = Vec::new();
    for number in 0..LAUNCHES {
        let begun = clock.now();
        let guest = stand.launch(program, number).await.map_err(Failure::failed)?;
        micros.push(clock.now().since(begun).as_secs_f64() * 1e6);
        drop(guest);
    }
    Ok(median(&mut micros))
}

async fn dispatch(stand: &Stand, program: &Arc<Program>, events: u32) -> Result<(f64, u64), Failure> {
    let clock = SystemClock::new();
    let mut guest = stand.launch(program, 0).await.map_err(Failure::failed)?;
    let (mut micros, mut fuel) = (Vec::new(), Vec::new());
    for number in 0..events {
        let event = stand.trade(number);
        let begun = clock.now();
        let delivery = guest.deliver(&event).await.map_err(Failure::failed)?;
        micros.push(clock.now().since(begun).as_secs_f64() * 1e6);
        fuel.push(delivery.fuel);
    }
    fuel.sort_unstable();
    Ok((median(&mut micros), fuel.get(fuel.len() / 2).copied().unwrap_or(0)))
}

/// Each guest has handled one event, as an instance in a quiet market has.
async fn idle(stand: &Stand, program: &Arc<Program>, count: u32) -> Result<f64, Failure> {
    // The first guest brings what all share.
    let first = stand.launch(program, 0).await.map_err(Failure::failed)?;
    let before = resident_kib()?;
    let mut guests = Vec::new();
    for number in 1..=count {
        let mut guest = stand.launch(program, number).await.map_err(Failure::failed)?;
        guest.deliver(&stand.trade(number)).await.map_err(Failure::failed)?;
        guests.push(guest);
    }
    let after = resident_kib()?;
    drop((first, guests));
    Ok(after.saturating_sub(before) as f64 / f64::from(count.max(1)))
}

/// Resident memory of this process.
fn resident_kib() -> Result<u64, Failure> {
    let status = fs::read_to_string("/proc/self/status").map_err(Failure::failed)?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")).and_then(|text| text.trim().parse().ok());
    kib.ok_or_else(|| Failure::Failed("the system does not say how much memory is resident".to_owned()))
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.get(values.len() / 2).copied().unwrap_or_default();
    (middle * 1e3).round() / 1e3
}

fn text(answer: &Answer) -> String {
    let mut rows = table(&["step", "measured", "aim"], &[1, 2]);
    let mut row = |step: &str, measured: String, aim: &str| {
        rows.add_row([step.to_owned(), measured, aim.to_owned()]);
    };
    row("upload to launchable", format!("{} ms", answer.upload_ms), "300 ms");
    row("launch", format!("{} us", answer.launch_us), "200 us");
    row("trade into an empty handler", format!("{} us", answer.dispatch_empty_us), "2 us");
    row("trade into momentum", format!("{} us", answer.dispatch_momentum_us), "");
    row("fuel of the empty handler", grouped(answer.fuel_empty), "");
    row("fuel of momentum", grouped(answer.fuel_momentum), "");
    row("idle instance", format!("{:.1} KiB", answer.idle_instance_kb), "512 KiB");
    row("component", bytes(answer.component_bytes), "");
    let build =
        if answer.optimised { "" } else { "\nThis is an unoptimised build: build with --release for figures that count." };
    format!("{rows}\nengine {}, wasmtime {}{build}", answer.engine_sha256, answer.wasmtime)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_value_is_taken() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&mut []), 0.0);
    }
}
