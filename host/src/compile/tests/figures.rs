//! Figures for people: `cargo test --package sandpit-host figures -- --ignored --nocapture`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::lab::{Lab, compiler, on_trade, shared, trade};
use crate::compile::Source;
use crate::market::Event;
use crate::sandbox::{Guest, Program, SandboxConfig};

const EMPTY: &str = "";
const MOMENTUM: &str = "if (!this.prices) this.prices = []; this.prices.push(price); if (this.prices.length > 20) this.prices.shift(); \
    const first = this.prices[0]; const last = this.prices[this.prices.length - 1]; \
    if (this.prices.length === 20 && (last - first) / first > 1) log('up', trade.side);";

#[expect(clippy::disallowed_methods, reason = "measuring the machine is the point")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    let result = work();
    (result, began.elapsed())
}

fn micros(duration: Duration, times: u32) -> f64 {
    duration.as_secs_f64() * 1e6 / f64::from(times)
}

fn resident_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap();
    let line = status.lines().find(|line| line.starts_with("Rss:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Processor time of all threads so far: unlike the clock, it says the same on a busy machine.
fn processor() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = stat.rsplit_once(") ").unwrap().1;
    let ticks: u64 = after_name.split(' ').skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

#[test]
#[ignore = "prints figures"]
fn figures() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let compiler = shared();
    let (warmed, warm) = timed(|| runtime.block_on(compiler.warm()));
    warmed.unwrap();
    println!("warm                {:>10.1} ms", warm.as_secs_f64() * 1e3);

    let lab = Lab::default();
    for n in 0..5 {
        let source = Source::single("probe.js", format!("{}// {n}", on_trade(EMPTY))).unwrap();
        let worked = processor();
        let (compiled, took) = timed(|| runtime.block_on(compiler.compile(&source)));
        let worked = processor() - worked;
        let compiled = compiled.unwrap();
        println!(
            "upload to launchable{:>10.1} ms ({worked:?} of processor)   fuel load {} create {:?} component {} bytes, {} functions cached",
            took.as_secs_f64() * 1e3,
            compiled.fuel_load,
            compiled.fuel_create,
            compiled.component.len(),
            compiler.sandbox().code_cache().len(),
        );
        drop(compiled);
        let (program, took) = timed(|| runtime.block_on(compiler.program(&source)));
        println!("from the cache      {:>10.1} ms   {:?}", took.as_secs_f64() * 1e3, program.unwrap());
    }
    for (name, body) in [("empty", EMPTY), ("momentum", MOMENTUM)] {
        let source = Source::single("probe.js", on_trade(body)).unwrap();
        let program = runtime.block_on(compiler.program(&source)).unwrap();
        runtime.block_on(launches(&lab, &program));
        runtime.block_on(events(&lab, &program, name));
    }
}

/// What giving way costs a handler that uses all of its fuel.
#[test]
#[ignore = "prints figures"]
fn figures_of_giving_way() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let body = "let x = 0; for (let i = 0; i < 100000; i++) x = (x * 31 + i) % 65521; if (x < 0) log(x);";
    for yield_fuel in [None, Some(1_000_000), Some(100_000), Some(50_000), Some(10_000)] {
        let compiler = compiler(SandboxConfig { yield_fuel, ..SandboxConfig::default() });
        let program = runtime.block_on(compiler.program(&Source::single("probe.js", on_trade(body)).unwrap())).unwrap();
        let lab = Lab::default();
        let mut guest = runtime.block_on(lab.start(&program)).unwrap().0;
        let trades: Vec<Event> = (1..=10).map(trade).collect();
        let took = (0..5).map(|_| runtime.block_on(deliver(&mut guest, &trades))).min().unwrap();
        println!("give way every {yield_fuel:?}: {:.1} us for {} fuel", micros(took, 10), guest.usage().fuel_last);
    }
}

async fn launches(lab: &Lab, program: &Arc<Program>) {
    let mut guests = Vec::new();
    let before = resident_kb();
    #[expect(clippy::disallowed_methods, reason = "measuring the machine is the point")]
    let began = Instant::now();
    for _ in 0..40 {
        guests.push(lab.start(program).await.unwrap().0);
    }
    let took = began.elapsed();
    println!("launch              {:>10.1} us", micros(took, 40));
    println!("memory of an idle one {:>8.0} KiB resident", (resident_kb() - before) as f64 / 40.0);
    for guest in &mut guests {
        guest.deliver(&trade(1)).await.unwrap();
    }
    println!("  after an event    {:>10.0} KiB resident", (resident_kb() - before) as f64 / 40.0);
}

async fn events(lab: &Lab, program: &Arc<Program>, name: &str) {
    let mut guest = lab.start(program).await.unwrap().0;
    let trades: Vec<Event> = (1..=20_000).map(trade).collect();
    deliver(&mut guest, &trades[..2_000]).await;
    let mut best = Duration::MAX;
    for _ in 0..5 {
        best = best.min(deliver(&mut guest, &trades).await);
    }
    println!("one trade, {name:<9}{:>10.2} us   fuel {}", micros(best, 20_000), guest.usage().fuel_last);
}

async fn deliver(guest: &mut Guest, trades: &[Event]) -> Duration {
    #[expect(clippy::disallowed_methods, reason = "measuring the machine is the point")]
    let began = Instant::now();
    for trade in trades {
        let delivery = guest.deliver(trade).await.unwrap();
        assert!(delivery.called && delivery.exception.is_none(), "{delivery:?}");
    }
    began.elapsed()
}
