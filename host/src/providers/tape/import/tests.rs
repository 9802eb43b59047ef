//! Recordings of a few lines, and what the thinning of a long one leaves.

use super::*;
use crate::market::Book;
use crate::providers::tape::{Tape, TapeReader};

fn options(thinned: Option<Thinned>) -> ImportOptions {
    ImportOptions {
        name: "test".into(),
        source: "a test".into(),
        instrument: ImportOptions::binance_spot(Symbol::new("BTC-USDT").unwrap()),
        time_step_nanos: 1000,
        thinned,
    }
}

const SNAPSHOT: &str = r#"{"lastUpdateId":20,"bids":[["100.00","1.00"],["99.99","2.0000019"]],"asks":[["100.01","1"]]}"#;

fn depth(first: u64, last: u64, bid: &str) -> String {
    format!(
        r#"{{"stream":"btcusdt@depth@100ms","data":{{"e":"depthUpdate","E":1005,"s":"BTCUSDT","U":{first},"u":{last},"b":[["{bid}","3.00000000"]],"a":[]}}}}"#
    )
}

fn trade(symbol: &str) -> String {
    format!(
        r#"{{"stream":"x@trade","data":{{"e":"trade","E":1007,"s":"{symbol}","t":7,"p":"100.01000000","q":"0.50000000","T":1006,"m":false,"M":true}}}}"#
    )
}

fn best() -> &'static str {
    r#"{"stream":"btcusdt@bookTicker","data":{"u":25,"s":"BTCUSDT","b":"100.00","B":"4","a":"100.02","A":"5"}}"#
}

fn made(messages: &[&str], options: &ImportOptions) -> Result<(TapeHeader, Vec<Record>), ImportError> {
    let lines: Vec<_> =
        (1_u64..).zip(messages).map(|(line, message)| format!("{} {message}\n", 1_000_000_000 + line * 1_000_500)).collect();
    let mut bytes = Vec::new();
    let header = import(lines.concat().as_bytes(), options, &mut bytes)?;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let tape = Tape::open(file.path().to_str().unwrap()).unwrap();
    assert_eq!(tape.header(), &header);
    Ok((header, records(tape.reader().unwrap())))
}

fn records(mut reader: TapeReader) -> Vec<Record> {
    let (mut record, mut records) = (Record::default(), Vec::new());
    while reader.read(&mut record).unwrap() {
        records.push(record.clone());
    }
    records
}

#[test]
fn updates_are_joined_to_the_snapshot_by_the_venues_rule() {
    let (old, reaching, next) = (depth(10, 15, "99.00"), depth(16, 22, "99.98"), depth(23, 24, "99.97"));
    let trade = trade("BTCUSDT");
    let (header, records) = made(&[&old, &trade, &reaching, SNAPSHOT, &next, best(), &trade], &options(None)).unwrap();
    let bodies: Vec<_> = records.iter().map(|record| record.body).collect();
    let level = |price, quantity| LevelChange { price, quantity };
    assert_eq!(
        bodies,
        [
            Body::Snapshot { update_id: 20 },
            Body::Depth { first_id: 16, last_id: 22 },
            Body::Depth { first_id: 23, last_id: 24 },
            Body::Best { update_id: 25, bid: level(10_000, 400_000), ask: level(10_002, 500_000) },
            Body::Trade {
                trade_id: 7,
                matched_at: Timestamp::from_millis(1006),
                price: 10_001,
                quantity: 50_000,
                aggressor: Side::Buy
            },
        ],
        "what ended before the snapshot and what cannot be placed before it are left out"
    );
    assert_eq!(records[0].bids, [level(10_000, 100_000), level(9999, 200_000)], "the odd part of a lot is cut off");
    assert_eq!(records[0].received_at, records[1].received_at, "it was received before, but happened after the snapshot");
    // Receive times are rounded down to the time step and then put on the venue's clock.
    assert_eq!(header.clock_correction_nanos, 1_998_000, "the median distance of the clocks, in whole time steps");
    assert_eq!(records[0].received_at, Timestamp::from_nanos(1_004_002_000 + 1_998_000));
    assert_eq!(header.records.total(), 5);
    assert_eq!((header.start, header.end), (records[0].received_at, records[4].received_at));
}

#[test]
fn what_is_missing_or_wrong_is_named_with_its_line() {
    let cases = [
        (vec![SNAPSHOT.to_owned(), depth(22, 23, "99")], "line 2: the depth update begins at 22, but 21 was to come next"),
        (vec![SNAPSHOT.to_owned(), depth(19, 23, "99"), depth(25, 26, "99")], "line 3: the depth update begins at 25, but 24"),
        (vec![SNAPSHOT.to_owned(), depth(19, 23, "99.001")], "line 2: 99.001 is not a multiple of the tick 0.01"),
        (vec![SNAPSHOT.to_owned(), depth(19, 23, "1e2")], "line 2: `1e2` is not a decimal"),
        (vec![SNAPSHOT.to_owned(), trade("ETHUSDT")], "line 2: the symbol is `ETHUSDT`, not BTCUSDT"),
        (vec![SNAPSHOT.to_owned(), "{}".to_owned()], "line 2: not a known message"),
        (vec![SNAPSHOT.to_owned()], "the recording has no depth snapshot with messages after it"),
        (vec![trade("BTCUSDT")], "the recording has no depth snapshot"),
    ];
    for (messages, expected) in cases {
        let messages: Vec<_> = messages.iter().map(String::as_str).collect();
        let error = made(&messages, &options(None)).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

/// A long recording made from a built-in tape, so that thinning has something to do.
#[test]
fn a_thinned_book_is_exact_near_the_touch_and_never_older_than_the_interval() {
    let tape = Tape::open("ethusdt-20240808").unwrap();
    let rule = Thinned { band_ppm: 50, far_every_ms: 2000 };
    let (mut thinner, mut truth, mut told) = (Thinner::new(rule), Book::default(), Book::default());
    let (mut before, mut after, mut caught_up, mut last_far) = (0, 0, 0, Timestamp::ZERO);
    for mut record in records(tape.reader().unwrap()).into_iter().take(12_000) {
        let apply = |book: &mut Book, record: &Record| match record.body {
            Body::Snapshot { update_id } => book.replace(update_id, &record.bids, &record.asks),
            Body::Depth { last_id, .. } => book.apply(last_id, &record.bids, &record.asks),
            Body::Best { update_id, bid, ask } => book.set_best(update_id, bid, ask),
            Body::Trade { .. } => {}
        };
        apply(&mut truth, &record);
        before += record.bids.len() + record.asks.len();
        thinner.thin(&mut record);
        after += record.bids.len() + record.asks.len();
        apply(&mut told, &record);
        if !matches!(record.body, Body::Depth { .. }) {
            continue;
        }
        let is_far = record.received_at >= last_far.plus(std::time::Duration::from_millis(2000));
        for side in [Side::Buy, Side::Sell] {
            let touch = truth.side(side).best().unwrap().price;
            let near = |book: &Book| -> Vec<_> {
                let inside = |price: i64| is_far || price.abs_diff(touch) <= touch.unsigned_abs() * 50 / 1_000_000;
                book.side(side).iter().filter(|level| inside(level.price)).map(|level| (level.price, level.quantity)).collect()
            };
            assert_eq!(near(&truth), near(&told), "at {}", record.received_at);
        }
        if is_far {
            (last_far, caught_up) = (record.received_at, caught_up + 1);
        }
    }
    assert!(caught_up > 50 && after * 10 < before * 9, "{caught_up} times, {before} levels before and {after} after");
}
