//! What a guest cannot do to the host or to its neighbours, and what it is told.

use std::sync::Arc;
use std::time::Duration;

use super::lab::{BEGIN, Lab, compile, compiler, on_trade, shared, strategy, trade, unhurried};
use crate::base::metrics::Metrics;
use crate::base::{Blame, Clock as _, Digest, ManualClock, SystemClock, Timestamp};
use crate::compile::{CompileError, Compiler, CompilerConfig, Source};
use crate::sandbox::{FaultCode, Guest, Limits, LogLevel, LogSink, Pace, Sandbox, SandboxConfig, StartError};

#[tokio::test]
async fn a_faulted_guest_is_dead_and_a_fresh_one_is_not() {
    let lab = Lab::default();
    let mut guest = lab.guest("if (price > 60002) while (true) {} else log('fine');").await;
    assert!(guest.deliver(&trade(1)).await.is_ok());
    let fault = guest.deliver(&trade(2)).await.unwrap_err();
    assert_eq!((fault.code, fault.blame, &*fault.handler), (FaultCode::FuelExhausted, Blame::Guest, "onTrade"));
    assert_eq!(guest.usage().fuel_last, Limits::default().fuel_per_event);
    assert_eq!(guest.deliver(&trade(1)).await.unwrap_err(), fault, "it is not called again");
    assert_eq!(guest.fault(), Some(&fault));
    assert_eq!((guest.next_timer(), guest.now()), (None, None));
    assert_eq!(guest.stop(BEGIN).await.unwrap_err(), fault);

    let mut fresh = lab.guest("if (price > 60002) while (true) {} else log('fine');").await;
    assert!(fresh.deliver(&trade(1)).await.is_ok());
}

#[tokio::test]
async fn fuel_left_of_one_event_does_not_help_the_next() {
    let lab = Lab { limits: Limits { fuel_per_event: 1_000_000, ..unhurried() }, ..Lab::default() };
    let mut guest = lab.guest("for (let i = 0; i < 2000; i++);").await;
    for n in 1..=100 {
        let delivery = guest.deliver(&trade(n)).await.unwrap();
        assert!(delivery.fuel < 1_000_000);
    }
    assert!(guest.usage().fuel_total > 5_000_000);
    assert_eq!(guest.usage().calls, 101);
}

#[tokio::test]
async fn the_deadline_ends_what_fuel_would_allow() {
    let limits = Limits { fuel_per_event: 10_000_000_000, deadline_ms: 30, ..Limits::default() };
    let lab = Lab { limits, ..Lab::default() };
    let mut guest = lab.guest("while (true) {}").await;
    let clock = SystemClock::new();
    let began = clock.now();
    let fault = guest.deliver(&trade(1)).await.unwrap_err();
    assert_eq!((fault.code, fault.blame), (FaultCode::DeadlineExceeded, Blame::Guest));
    assert!(clock.now().since(began) < Duration::from_secs(5), "ended after {:?}", clock.now().since(began));
    assert!(guest.usage().fuel_last < 10_000_000_000);
}

#[tokio::test(flavor = "current_thread")]
async fn a_busy_guest_lets_others_run() {
    let limits = Limits { fuel_per_event: 500_000_000, deadline_ms: 60_000, ..Limits::default() };
    let busy = Lab { limits, ..Lab::default() };
    let mut busy_guest = busy.guest("while (true) {}").await;
    let neighbour = Lab::default();
    let mut good_guest = neighbour.guest("log('heard');").await;
    let spin = async { busy_guest.deliver(&trade(1)).await.unwrap_err() };
    let work = async {
        for n in 1..=100 {
            good_guest.deliver(&trade(n)).await.unwrap();
            tokio::task::yield_now().await;
        }
        neighbour.lines.texts().len()
    };
    tokio::pin!(spin);
    let heard = tokio::select! {
        biased;
        fault = &mut spin => panic!("the busy guest ended first: {fault}"),
        heard = work => heard,
    };
    assert_eq!(heard, 100);
    assert_eq!(spin.await.code, FaultCode::FuelExhausted);
}

#[tokio::test]
async fn helpers_are_priced_and_counted() {
    let lab = Lab { limits: Limits { helper_calls_per_event: 10, ..unhurried() }, ..Lab::default() };
    let mut guest = lab.guest("for (let i = 0; i < 20; i++) env.runtime.isDryRun();").await;
    let fault = guest.deliver(&trade(1)).await.unwrap_err();
    assert_eq!(fault.code, FaultCode::HelperLimit);
    assert!(fault.message.contains("limits.helperCallsPerEvent = 10"), "{}", fault.message);

    let lab = Lab::default();
    let mut guest = lab.guest("if (trade.tradeId === 't2') log('x');").await;
    let silent = guest.deliver(&trade(1)).await.unwrap().fuel;
    let loud = guest.deliver(&trade(2)).await.unwrap().fuel;
    assert!(loud > silent + 2_010, "{silent} and {loud}");
}

#[tokio::test]
async fn memory_ends_at_the_limit() {
    let lab = Lab { limits: Limits { memory_bytes: 8 << 20, ..unhurried() }, ..Lab::default() };
    let mut guest =
        lab.guest("this.hoard = this.hoard || []; for (let i = 0; i < 64; i++) this.hoard.push(new Uint8Array(65536));").await;
    let mut ended = None;
    for n in 1..=10 {
        match guest.deliver(&trade(n)).await {
            Ok(delivery) if delivery.exception.is_none() => assert!(guest.usage().memory_bytes <= 8 << 20),
            other => {
                ended = Some(other);
                break;
            }
        }
    }
    match ended {
        Some(Ok(delivery)) => assert!(delivery.exception.is_some()),
        Some(Err(fault)) => assert_eq!((fault.code, fault.blame), (FaultCode::MemoryExhausted, Blame::Guest)),
        None => panic!("40 MiB fitted into 8"),
    }
}

#[tokio::test]
async fn logs_are_kept_harmless_and_few() {
    let lab = Lab { limits: Limits { log_lines_per_event: 3, ..unhurried() }, ..Lab::default() };
    let mut guest =
        lab.guest("log('\\x1b[2Jred\\r\\nlevel=error'); log('x'.repeat(9000)); for (let i = 0; i < 9; i++) log(i);").await;
    guest.deliver(&trade(1)).await.unwrap();
    let lines = lab.lines.texts();
    assert_eq!(lines[0], "\\u{1b}[2Jred\\r\\nlevel=error");
    assert!(lines[1].len() <= 8_192 + 12, "{}", lines[1].len());
    assert_eq!(lines[2..], ["0"]);
    guest.deliver(&trade(2)).await.unwrap();
    assert_eq!(lab.lines.warnings(), ["8 log lines of the last event were over the limit and dropped"]);
}

#[tokio::test]
async fn virtual_sleep_moves_the_guests_time_only() {
    let lab = Lab::default();
    let mut guest = lab.guest("env.helpers.sleep('1s'); log(Date.now()); env.helpers.sleep(1e12); log(Date.now());").await;
    guest.deliver(&trade(0)).await.unwrap();
    assert_eq!(lab.lines.texts()[0], "1723161601000");
    assert_eq!(lab.lines.texts().last().unwrap(), "1723161661000", "cut to a minute");
    assert_eq!(lab.lines.warnings().len(), 1);
    let slept = BEGIN.plus(Duration::from_millis(61_002));
    assert_eq!(guest.now(), Some(slept));
    guest.deliver(&trade(1)).await.unwrap();
    assert!(guest.now() > Some(slept), "an event that came meanwhile is handled after the sleep");

    let limits = Limits { sleeps_per_event: 5, ..unhurried() };
    let mut sleepy = Lab { limits, ..Lab::default() }.guest("for (;;) env.helpers.sleep(1);").await;
    assert_eq!(sleepy.deliver(&trade(1)).await.unwrap_err().code, FaultCode::HelperLimit);
}

#[tokio::test]
async fn sleep_does_nothing_in_create() {
    let compiled = compile(&strategy("env.helpers.sleep('1h'); return {};")).await.unwrap();
    let lab = Lab { pace: Pace::Live(Arc::new(ManualClock::new(BEGIN))), ..Lab::default() };
    lab.start(&compiled.program).await.unwrap();
    assert_eq!(lab.lines.warnings().len(), 1);
}

#[tokio::test]
async fn live_sleep_waits_for_the_providers_clock_and_not_for_the_deadline() {
    let clock = Arc::new(ManualClock::new(BEGIN));
    let limits = Limits { deadline_ms: 10, ..Limits::default() };
    let lab = Lab { pace: Pace::Live(clock.clone()), limits, ..Lab::default() };
    let mut guest = lab.guest("env.helpers.sleep(500); log('awake', Date.now());").await;
    let event = trade(0);
    let delivery = guest.deliver(&event);
    tokio::pin!(delivery);
    // The machine's clock passes the deadline many times over while the guest sleeps.
    let early = tokio::time::timeout(Duration::from_millis(60), &mut delivery).await;
    assert!(early.is_err(), "it sleeps");
    clock.advance_to(BEGIN.plus(Duration::from_millis(502)));
    assert_eq!(delivery.await.unwrap().exception, None);
    assert_eq!(lab.lines.texts(), ["awake 1723161600500"]);
}

#[tokio::test]
async fn a_sleeping_guest_is_cancelled_at_once() {
    let lab = Lab { pace: Pace::Live(Arc::new(ManualClock::new(BEGIN))), ..Lab::default() };
    let mut guest = lab.guest("env.helpers.sleep('30s');").await;
    let cancel = lab.cancel.clone();
    let clock = SystemClock::new();
    let began = clock.now();
    let event = trade(1);
    let (delivery, ()) = tokio::join!(guest.deliver(&event), async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        cancel.cancel();
    });
    let fault = delivery.unwrap_err();
    assert_eq!((fault.code, fault.blame), (FaultCode::Cancelled, Blame::Client));
    assert!(clock.now().since(began) < Duration::from_millis(500));
}

#[tokio::test]
async fn a_running_guest_is_cancelled_after_the_grace() {
    let limits = Limits { fuel_per_event: 10_000_000_000, deadline_ms: 60_000, ..Limits::default() };
    let lab = Lab { limits, ..Lab::default() };
    let mut guest = lab.guest("while (true) {}").await;
    let cancel = lab.cancel.clone();
    let event = trade(1);
    let (delivery, ()) = tokio::join!(guest.deliver(&event), async {
        tokio::time::sleep(Duration::from_millis(5)).await;
        cancel.cancel();
    });
    assert_eq!(delivery.unwrap_err().code, FaultCode::Cancelled);
}

/// A host that fails.
struct Broken;

impl LogSink for Broken {
    fn line(&self, _: LogLevel, _: &str, _: Timestamp) {
        panic!("the disk is on fire");
    }
}

#[tokio::test]
async fn a_panic_of_the_host_ends_one_guest_only() {
    let compiled = compile(&on_trade("log('x');")).await.unwrap();
    let lab = Lab::default();
    let mut setup = lab.setup(&compiled.program);
    setup.log = Arc::new(Broken);
    let mut guest = Guest::start(&compiled.program, setup).await.unwrap().0;
    let fault = guest.deliver(&trade(1)).await.unwrap_err();
    assert_eq!((fault.code, fault.blame), (FaultCode::HostBug, Blame::Host));
    let mut neighbour = lab.start(&compiled.program).await.unwrap().0;
    assert!(neighbour.deliver(&trade(1)).await.is_ok());
}

#[tokio::test]
async fn a_full_host_says_so_and_recovers() {
    let metrics = Metrics::new();
    let sandbox = Sandbox::new(SandboxConfig { max_guests: 2, ..SandboxConfig::default() }, &metrics).unwrap();
    let cache_dir = shared_cache();
    let compiler = Compiler::new(&sandbox, &CompilerConfig { cache_dir, ..CompilerConfig::default() }, &metrics).unwrap();
    let source = Source::single("probe.js", on_trade("/* full host */")).unwrap();
    let program = compiler.program(&source).await.unwrap();
    let lab = Lab::default();
    let one = lab.start(&program).await.unwrap();
    let _two = lab.start(&program).await.unwrap();
    match lab.start(&program).await {
        Err(StartError::Fault(fault)) => assert_eq!((fault.code, fault.blame), (FaultCode::HostCapacity, Blame::Host)),
        other => panic!("{other:?}"),
    }
    assert!(metrics.render().contains("sandpit_guests 2"), "{}", metrics.render());
    drop(one);
    assert!(lab.start(&program).await.is_ok());
}

fn shared_cache() -> Option<std::path::PathBuf> {
    Some(super::lab::cache_dir())
}

#[tokio::test]
async fn a_cached_program_behaves_as_a_fresh_one() {
    let source = Source::single("probe.js", on_trade("log(price, Math.random());")).unwrap();
    let fresh = shared().compile(&source).await.unwrap();
    let again = compiler(SandboxConfig::default());
    let cached = again.program(&source).await.unwrap();
    assert_eq!(cached.metadata(), fresh.program.metadata());
    assert_eq!(cached.component_bytes(), fresh.program.component_bytes());
    assert_eq!(cached.source_hash(), source.digest());
    let (one, two) = (Lab::default(), Lab::default());
    let mut first = one.start(&fresh.program).await.unwrap().0;
    let mut second = two.start(&cached).await.unwrap().0;
    assert_eq!(first.deliver(&trade(1)).await.unwrap(), second.deliver(&trade(1)).await.unwrap());
    assert_eq!(one.lines.texts(), two.lines.texts());
}

#[tokio::test]
async fn a_judgement_is_known_without_the_code_and_by_whoever_judges_alike() {
    let good = Source::single("probe.js", on_trade("log(price, 'judged');")).unwrap();
    let bad = Source::single("probe.js", "throw new Error('judged')").unwrap();
    let fresh = shared().compile(&good).await.unwrap();
    let CompileError::Diagnostics(refused) = shared().compile(&bad).await.unwrap_err() else { panic!("it is the author's") };
    let again = compiler(SandboxConfig::default());
    assert_eq!(again.judged(good.digest()), Some(Ok(fresh.metadata)));
    assert_eq!(again.judged(bad.digest()), Some(Err(refused)));
    assert_eq!(again.judged(Digest::of(b"never seen")), None);
    // The cache outlives this test: limits under which nobody has judged yet.
    let unseen = 1 + SystemClock::new().now().as_nanos() % 1_000_000_000;
    let limits = Limits { fuel_per_load: Limits::default().fuel_per_load + unseen, ..unhurried() };
    let other = compiler(SandboxConfig { limits, ..SandboxConfig::default() });
    assert_eq!(other.judged(bad.digest()), None, "under other limits it may pass");
    assert_eq!(other.judged(good.digest()), None);
    other.program(&good).await.unwrap();
    assert!(other.judged(good.digest()).is_some(), "a program from the cache is a judgement too");
}
