//! Nobody sees the future. Each test is one way to try, with the real guest over the real tape. The proof is the same for all: the
//! strategy runs twice, over markets that are the same up to a moment and differ after it; whatever it did and logged up
//! to that moment must be the same to the byte, so nothing of it came from later. What each way must show besides is asserted.

use std::fmt::Write as _;

use super::*;
use crate::base::Timestamp;
use crate::market::Instrument;
use crate::providers::csv::Increments;
use crate::providers::paper::{Market, Origin, Recording, Source, Tapes};
use crate::providers::tape::{Body, Record, TapeError};

/// The markets part so long after the beginning of the tape.
const COMMON: std::time::Duration = std::time::Duration::from_secs(60);
/// By so many ticks the other future is dearer.
const DEARER: i64 = 50_000;

/// The tape with another future.
struct Forked {
    tape: Tapes,
    after: Timestamp,
}

impl Market for Forked {
    fn instruments(&self) -> Vec<Instrument> {
        self.tape.instruments()
    }

    fn start(&self) -> Timestamp {
        self.tape.start()
    }

    fn open(&self, begin: Option<Timestamp>) -> Result<Vec<Box<dyn Source>>, TapeError> {
        let forked = |source| Box::new(ForkedSource { source, after: self.after }) as Box<dyn Source>;
        Ok(self.tape.open(begin)?.into_iter().map(forked).collect())
    }
}

impl Recording for Forked {
    fn origins(&self) -> Vec<Origin> {
        self.tape.origins()
    }
}

#[derive(Debug)]
struct ForkedSource {
    source: Box<dyn Source>,
    after: Timestamp,
}

impl Source for ForkedSource {
    fn read(&mut self, record: &mut Record) -> Result<bool, TapeError> {
        let there = self.source.read(record)?;
        if there && record.received_at > self.after {
            record.bids.iter_mut().chain(&mut record.asks).for_each(|level| level.price += DEARER);
            match &mut record.body {
                Body::Trade { price, .. } => *price += DEARER,
                Body::Best { bid, ask, .. } => {
                    bid.price += DEARER;
                    ask.price += DEARER;
                }
                Body::Snapshot { .. } | Body::Depth { .. } => {}
            }
        }
        Ok(there)
    }

    fn shift_nanos(&self) -> i64 {
        self.source.shift_nanos()
    }
}

/// A strategy that hears everything: `body` is what `create` returns, `note` logs the first 400 times it is called.
fn spy(body: &str) -> String {
    format!(
        r#"
        module.exports = {{
          metadata: {{ name: "spy", tag: "v1", displayName: "Spy",
            events: ["Trade", "Ticker", "BookSnapshot", "KlineSummary", "ExecReport", "BalanceUpdate"] }},
          create({{ runtime, helpers }}) {{
            let notes = 0, trades = 0, p = null, ordered = 0;
            const note = (...words) => {{ if (notes++ < 400) helpers.log(...words); }};
            {body}
          }},
        }};"#
    )
}

/// What a run did and said up to a moment.
fn past(report: &PlayReport, until: Timestamp) -> String {
    let mut past = String::new();
    let is_past = |time: &str| Timestamp::from_rfc3339(time).unwrap() <= until;
    for line in report.log.iter().filter(|line| is_past(&line.time)) {
        writeln!(past, "{} {}", line.time, line.text).unwrap();
    }
    for order in report.orders.iter().filter(|order| is_past(&order.placed_at)) {
        let (id, side, quantity, price) = (&order.client_order_id, order.side, order.quantity, order.price);
        writeln!(past, "{} {id} {side:?} {quantity} {price:?}", order.placed_at).unwrap();
    }
    for fill in report.fills.iter().filter(|fill| is_past(&fill.traded_at)) {
        writeln!(past, "{} {} {} x {}", fill.traded_at, fill.client_order_id, fill.price, fill.quantity).unwrap();
    }
    past
}

/// Runs it over both futures, holds the pasts against each other, and gives what it logged in the past, and the first report.
async fn same_past(body: &str) -> (Vec<String>, PlayReport) {
    let lab = Lab::new();
    let request = lab.request(&spy(body), json!({ "dry_run": false })).await;
    let tape = Tape::open("btcusdt-20240808").unwrap();
    let fork = tape.header().start.plus(COMMON);
    let mut other = request.clone();
    other.venues[0].market = Arc::new(Forked { tape: Tapes::once(vec![tape]), after: fork });
    let (report, other) = (play(request).unwrap(), play(other).unwrap());
    let (ours, theirs) = (past(&report, fork), past(&other, fork));
    assert_eq!(ours, theirs);
    assert!(ours.lines().count() >= 3, "it tried nothing:\n{ours}");
    assert_ne!(serde_json::to_string(&report).unwrap(), serde_json::to_string(&other).unwrap(), "the futures are the same");
    assert!(report.faults.is_empty() && report.exception_count == 0, "{:?} {:?}", report.faults, report.exceptions);
    let lines = report.log.iter().filter(|line| Timestamp::from_rfc3339(&line.time).unwrap() <= fork);
    (lines.map(|line| line.text.clone()).collect(), report)
}

#[tokio::test]
async fn the_clock_stands_while_a_handler_runs() {
    let (log, _) = same_past(
        r"return { onTrade(ctx, evt, trade, price) {
            if (++trades % 25) return;
            const before = Date.now();
            for (let i = 0; i < 2000; i++) Math.sqrt(i);
            note(before, Date.now() - before, new Date().getTime() - before, Date.parse(evt.ingestTime ?? trade.timestamp) <= Date.now(), price);
          } };",
    )
    .await;
    assert!(log.iter().all(|line| line.contains(" 0 0 true ")), "{log:?}");
}

#[tokio::test]
async fn sleep_shows_what_has_come_and_nothing_more() {
    let (log, _) = same_past(
        r"return { onTrade(ctx, evt, trade, price) {
            if (++trades % 40) return;
            const at = Date.now();
            helpers.sleep('1500ms');
            const state = runtime.getMarketState(evt.provider, 'BTC-USDT');
            note(Date.now() - at, price, runtime.getLastPrice(evt.provider, 'BTC-USDT'), JSON.stringify(state));
          } };",
    )
    .await;
    assert!(log.iter().all(|line| line.starts_with("1500 ")), "{log:?}");
}

#[tokio::test]
async fn timers_fire_at_their_time() {
    let (log, _) = same_past(
        r"let due = 0;
          const again = () => { due = Date.now() + 700; setTimeout(tick, 700); };
          const tick = () => { note('early by', Math.max(0, due - Date.now()), runtime.getLastPrice(p, 'BTC-USDT')); again(); };
          return { onTrade(ctx, evt) { if (!p) { p = evt.provider; again(); } } };",
    )
    .await;
    // Timers go by the recorder's clock, `Date.now()` also by the venue's, which now and then was some milliseconds ahead.
    let early = |line: &String| line.split(' ').nth(2).is_some_and(|early| early.parse::<u32>().is_ok_and(|early| early <= 5));
    assert!(log.len() > 50 && log.iter().all(early), "{log:?}");
}

#[tokio::test]
async fn prices_are_those_of_the_events_that_were_heard() {
    let (log, _) = same_past(
        r"let bid = 0, ask = 0, wrong = 0, checked = 0;
          return {
            onTicker(ctx, evt, ticker) { bid = Number(ticker.bidPrice); ask = Number(ticker.askPrice); p = evt.provider; },
            onTrade(ctx, evt, trade, price) {
              const state = runtime.getMarketState(evt.provider, 'BTC-USDT');
              checked += 1;
              if (state.last !== price || runtime.getLastPrice(evt.provider, 'BTC-USDT') !== price) wrong += 1;
              if (++trades % 25 === 0) note(wrong, checked, JSON.stringify(state), bid, ask);
            },
          };",
    )
    .await;
    assert!(log.iter().all(|line| line.starts_with("0 ")), "{log:?}");
}

#[tokio::test]
async fn a_candle_is_told_when_it_is_over() {
    let lab = Lab::new();
    let folder = tempfile::tempdir().unwrap();
    let candles = include_str!("../../providers/csv/tests/btc_perp_1m.csv");
    let cut = 120;
    // The last candle of the common past keeps its open; the rest of it is another one.
    let forked = candles.lines().enumerate().map(|(line, text)| {
        let mut fields: Vec<_> = text.split(',').map(str::to_owned).collect();
        if line >= cut {
            fields[2] = "99999.0".into();
            fields[4] = "99998.0".into();
            fields[5] = "7.5".into();
        }
        fields.join(",")
    });
    let forked = forked.collect::<Vec<_>>().join("\n");
    let begin = candles.lines().nth(cut).unwrap().split(',').next().unwrap().replace(' ', "T");
    let fork = Timestamp::from_rfc3339(&format!("{begin}Z")).unwrap();
    let body = r"return {
        onTrade(ctx, evt, trade, price) { note('trade', price, trade.quantity === undefined); },
        onKlineSummary(ctx, evt, bar) { note('bar', Date.parse(bar.closeTime) <= Date.now(), bar.highPrice, bar.closePrice); },
      };";
    let mut reports = Vec::new();
    for (name, text) in [("ours.csv", candles), ("theirs.csv", forked.as_str())] {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let mut request = lab.request(&spy(&body.replace("note(", "helpers.log(")), json!({ "dry_run": false })).await;
        // Only what is kept of the log can be compared: the first candles.
        let spec = format!("BTC-USD={}", path.display()).parse().unwrap();
        request.venues = crate::backtest::data::open(&[spec], &Increments::default()).unwrap();
        reports.push(play(request).unwrap());
    }
    // The open of the candle that differs is common to both: its quantity, which says how large it will be, is not logged.
    let before = Timestamp::from_nanos(fork.as_nanos() + 19_000_000_000);
    let (ours, theirs) = (past(&reports[0], before), past(&reports[1], before));
    assert_eq!(ours, theirs);
    let bars: Vec<_> = ours.lines().filter(|line| line.contains(" bar ")).collect();
    assert!(bars.len() > 10 && bars.iter().all(|line| line.contains(" bar true ")), "{bars:?}");
    assert_ne!(past(&reports[0], fork.plus(COMMON)), past(&reports[1], fork.plus(COMMON)));
}

#[tokio::test]
async fn an_order_meets_the_market_one_latency_later() {
    let (log, report) = same_past(
        r"return {
            onTrade(ctx, evt, trade, price) {
              if (Date.now() - ordered < 1500) return;
              ordered = Date.now();
              runtime.submitMarketOrder(evt.provider, ++trades % 2 ? 'BUY' : 'SELL', '0.01');
              const open = runtime.openOrders(evt.provider, 'BTC-USDT').map((order) => order.state + ' ' + order.filledQuantity).join();
              note('sent', open, price);
            },
            onOrderFilled(ctx, evt, exec) { note('filled', exec.avgFillPrice, runtime.getLastPrice(evt.provider, 'BTC-USDT')); },
          };",
    )
    .await;
    assert!(log.iter().any(|line| line.starts_with("filled ")));
    assert!(log.iter().filter(|line| line.starts_with("sent ")).all(|line| line.starts_with("sent PENDING 0 ")), "{log:?}");
    let at = |time: &str| Timestamp::from_rfc3339(time).unwrap();
    for fill in &report.fills {
        let order = report.orders.iter().find(|order| order.client_order_id == fill.client_order_id).unwrap();
        assert!(at(&fill.traded_at).since(at(&order.placed_at)) >= std::time::Duration::from_millis(20));
    }
}

#[tokio::test]
async fn nothing_saved_outlives_its_run() {
    let body = r"note('found', JSON.stringify(helpers.load()), typeof globalThis.leak);
        const prices = [];
        globalThis.leak = prices;
        return {
          onTrade(ctx, evt, trade, price) { if (++trades % 100 === 0) { prices.push(price); helpers.save(prices); note('saved', prices.length); } },
          onStop() { helpers.save(prices); },
        };";
    let (log, _) = same_past(body).await;
    assert_eq!(log[0], "found null undefined");
    // The same request once more: what the run before saved is not there.
    let lab = Lab::new();
    let request = lab.request(&spy(body), json!({ "dry_run": false })).await;
    let (first, second) = (play(request.clone()).unwrap(), play(request).unwrap());
    assert_eq!(serde_json::to_string(&first).unwrap(), serde_json::to_string(&second).unwrap());
}

#[tokio::test]
async fn chance_knows_nothing_of_the_market() {
    let (log, _) = same_past(r"return { onTrade() { if (++trades % 25 === 0) note(Math.random(), Math.random()); } };").await;
    let draws: Vec<f64> =
        log.iter().flat_map(|line| line.split(' ').map(|draw| draw.parse().unwrap()).collect::<Vec<_>>()).collect();
    let mean = draws.iter().sum::<f64>() / draws.len() as f64;
    assert!(draws.iter().all(|draw| (0.0..1.0).contains(draw)) && (0.3..0.7).contains(&mean), "{mean}");
}

#[tokio::test]
async fn files_and_modules_of_the_host_are_out_of_reach() {
    let (log, _) = same_past(
        r"const tries = {
            fs: () => require('fs').readFileSync('btcusdt-20240808'),
            data: () => require('./btcusdt-20240808.csv'),
            above: () => require('../../tapes/btcusdt-20240808.tape'),
            std: () => std.open('/proc/self/maps', 'r'),
            fetch: () => fetch('file:///etc/hostname'),
            process: () => process.env,
          };
          for (const [name, attempt] of Object.entries(tries)) {
            try { note(name, 'gave', typeof attempt()); } catch (error) { note(name, 'threw'); }
          }
          return { onTrade(ctx, evt, trade, price) { if (++trades % 100 === 0) note(price); } };",
    )
    .await;
    assert_eq!(log.iter().filter(|line| line.ends_with(" threw")).count(), 6, "{log:?}");
}

#[tokio::test]
async fn positions_and_balances_are_those_of_the_reports_that_were_heard() {
    let (log, _) = same_past(
        r"let heard = 0;
          const position = () => Number(runtime.position(p, 'BTC-USDT').quantity);
          const fill = (ctx, evt, exec) => { note('report', Number(runtime.position(p, 'BTC-USDT').quantity) !== heard); heard = position(); };
          return {
            onTrade(ctx, evt) {
              p = evt.provider;
              const before = position(), cash = runtime.balance(p, 'USDT').total;
              if (Date.now() - ordered > 1500) {
                ordered = Date.now();
                runtime.submitMarketOrder(p, 'BUY', '0.001');
                note('order', position() - before, runtime.balance(p, 'USDT').total - cash, before);
              }
            },
            onOrderFilled: fill,
          };",
    )
    .await;
    let orders: Vec<_> = log.iter().filter(|line| line.starts_with("order ")).collect();
    assert!(orders.len() > 10 && orders.iter().all(|line| line.starts_with("order 0 0 ")), "{log:?}");
    assert!(log.iter().any(|line| line == "report true"), "{log:?}");
}

#[tokio::test]
async fn events_that_were_kept_do_not_change() {
    let (log, _) = same_past(
        r"const kept = [];
          let changed = 0;
          const keep = (ctx, evt, payload) => {
            for (const [object, text] of kept) if (JSON.stringify(object) !== text) changed += 1;
            if (++trades % 20) return;
            kept.push([payload, JSON.stringify(payload)], [evt, JSON.stringify(evt)]);
            if (kept.length > 8) kept.splice(0, 2);
            note('changed', changed, kept[kept.length - 2][1].length);
          };
          return { onBookSnapshot: keep, onTicker: keep };",
    )
    .await;
    assert!(log.len() > 10 && log.iter().all(|line| line.starts_with("changed 0 ")), "{log:?}");
}

#[tokio::test]
async fn traps_in_prototypes_catch_nothing_that_is_to_come() {
    let (log, _) = same_past(
        r"let caught = 0;
          for (const key of ['price', 'bidPrice', 'bids', 'payload', 'then', 'next', '0']) {
            try {
              Object.defineProperty(Object.prototype, key, {
                configurable: true,
                get() { return undefined; },
                set(value) { caught += 1; note('caught', key, String(value).slice(0, 40)); Object.defineProperty(this, key, { value, writable: true, configurable: true }); },
              });
            } catch (error) { note('refused', key); }
          }
          return { onTrade(ctx, evt, trade, price) { if (++trades % 50 === 0) note('at', price, caught, typeof evt.next, typeof trade.then); } };",
    )
    .await;
    assert!(log.iter().any(|line| line.starts_with("at ") && line.ends_with("undefined undefined")), "{log:?}");
}
