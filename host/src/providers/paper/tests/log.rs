//! The venue's log by itself: what is written is what is read, whatever the end of the process left of it.

use std::fs;
use std::path::Path;

use super::*;
use crate::market::OrderType;
use crate::providers::paper::log::{LogEntry, LogError, Told, VenueLog, entries};
use crate::trading::OrderAnswer;

fn read(dir: &Path) -> Vec<LogEntry> {
    entries(dir).unwrap().map(Result::unwrap).collect()
}

fn order(id: &str) -> OrderRequest {
    OrderRequest {
        client_order_id: ClientOrderId::made(id),
        instance: "test".parse().unwrap(),
        provider: "paper".parse().unwrap(),
        symbol: Symbol::new("BTC-USDT").unwrap(),
        side: Side::Buy,
        order_type: OrderType::Limit,
        quantity: dec("1.50"),
        price: Some(dec("99")),
        time_in_force: TimeInForce::Gtc,
        requested_at: Timestamp::from_millis(1),
    }
}

fn report(id: &str, state: ReportState) -> Output {
    Output::report(ExecutionReport {
        client_order_id: ClientOrderId::made(id),
        venue_order_id: "BTC-USDT-000001".into(),
        state,
        filled_quantity: dec("0"),
        leaves_quantity: dec("1.50"),
        average_price: dec("0"),
        fill: None,
        time: Timestamp::from_millis(7),
        reason: None,
    })
}

/// A log with an order that rests, one that was cancelled, one that was refused and one that is on its way.
fn begun(dir: &Path, segment_bytes: u64) -> VenueLog {
    let mut log = VenueLog::open(dir, segment_bytes).unwrap();
    for id in ["rests", "gone", "refused", "travels"] {
        log.sent(&order(id));
    }
    log.record(&[report("rests", ReportState::Ack), report("gone", ReportState::Ack)]).unwrap();
    log.record(&[report("gone", ReportState::Cancelled), report("refused", ReportState::Rejected)]).unwrap();
    log.record(&[]).unwrap();
    log
}

fn states(entries: &[LogEntry]) -> Vec<String> {
    let told = entries.iter().filter_map(|entry| match entry {
        LogEntry::Told(told) => Some(format!("{} {}", told.order.client_order_id, told.report.state.as_str())),
        LogEntry::Session { .. } => None,
    });
    told.collect()
}

const BEGUN: [&str; 4] = ["rests ACK", "gone ACK", "gone CANCELLED", "refused REJECTED"];

#[test]
fn what_rested_when_the_process_died_has_expired_once() {
    let dir = tempfile::tempdir().unwrap();
    drop(begun(dir.path(), 1 << 20));
    assert_eq!(states(&read(dir.path())), BEGUN);
    let first = VenueLog::open(dir.path(), 1 << 20).unwrap();
    let after = read(dir.path());
    assert_eq!(states(&after)[4..], ["rests EXPIRED"]);
    let LogEntry::Told(last) = &after[4] else { panic!("{after:?}") };
    let Told { order: ended, report } = &**last;
    assert_eq!(
        (ended, report.time, report.reason.as_deref()),
        (&order("rests"), Timestamp::from_millis(7), Some("venue session ended"))
    );
    drop(first);
    VenueLog::open(dir.path(), 1 << 20).unwrap();
    assert_eq!(read(dir.path()), after, "another start adds nothing");
}

#[test]
fn a_torn_line_counts_for_nothing_and_a_damaged_one_is_named() {
    let dir = tempfile::tempdir().unwrap();
    drop(begun(dir.path(), 1 << 20));
    let path = dir.path().join("00000001.jsonl");
    let whole = fs::read(&path).unwrap();
    for kept in [1, 17, 200] {
        // The last line, torn at several places.
        let begin_of_last = whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
        fs::write(&path, &whole[..begin_of_last + kept]).unwrap();
        assert_eq!(states(&read(dir.path())), BEGUN[..3]);
        drop(VenueLog::open(dir.path(), 1 << 20).unwrap());
        assert_eq!(states(&read(dir.path())), ["rests ACK", "gone ACK", "gone CANCELLED", "rests EXPIRED"]);
    }
    let mut damaged = whole;
    damaged[3] = b'?';
    fs::write(&path, damaged).unwrap();
    let error = VenueLog::open(dir.path(), 1 << 20).err().unwrap();
    let LogError::Damaged { place, line: 1, .. } = &error else { panic!("{error}") };
    assert!(place.ends_with("/00000001.jsonl") && !place.starts_with('/'), "{place}");
}

#[test]
fn a_question_is_answered_from_all_segments_and_from_what_travels() {
    let dir = tempfile::tempdir().unwrap();
    let log = begun(dir.path(), 100);
    assert!(dir.path().join("00000003.jsonl").is_file(), "every step filled a segment");
    let asked = ["gone", "never", "travels", "rests"].map(order);
    let answers = log.inquiry(&asked).answer().unwrap();
    let said = |answer: &OrderAnswer| match answer {
        OrderAnswer::Unknown(id) => format!("unknown {id}"),
        OrderAnswer::Known(reports) => reports.iter().map(|report| report.state.as_str()).collect::<Vec<_>>().join(" "),
    };
    let answers: Vec<_> = answers.iter().map(said).collect();
    assert_eq!(answers, ["ACK CANCELLED", "unknown never", "", "ACK"]);
    drop(log);
    let reopened = VenueLog::open(dir.path(), 100).unwrap();
    let answers: Vec<_> = reopened.inquiry(&asked).answer().unwrap().iter().map(said).collect();
    assert_eq!(answers, ["ACK CANCELLED", "unknown never", "unknown travels", "ACK EXPIRED"]);
}

#[test]
fn old_segments_go_when_nothing_in_them_is_open() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = begun(dir.path(), 100);
    let turn = |log: &mut VenueLog, id: &str| {
        log.sent(&order(id));
        log.record(&[report(id, ReportState::Ack), report(id, ReportState::Filled)]).unwrap();
        fs::read_dir(dir.path()).unwrap().count()
    };
    let grown = (0..8).map(|n| turn(&mut log, &format!("a{n}"))).last();
    assert_eq!(grown, Some(11), "`rests` is open since the first");
    log.record(&[report("rests", ReportState::Cancelled)]).unwrap();
    assert_eq!(turn(&mut log, "last"), 5, "four full ones and the one that is written");
    assert!(matches!(log.record(&[report("stranger", ReportState::Ack)]), Err(LogError::Stranger(_))));
}

/// `cargo nextest run --run-ignored only -E 'test(cost_of_a_report)' --no-capture`
#[test]
#[ignore = "a measurement"]
#[expect(clippy::disallowed_methods, reason = "it measures")]
fn cost_of_a_report() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = VenueLog::open(dir.path(), 64 << 20).unwrap();
    let count = 100_000;
    let begun = std::time::Instant::now();
    for n in 0..count {
        let id = format!("instance-0a1b2c3d-1-{n}-1");
        log.sent(&order(&id));
        log.record(&[report(&id, ReportState::Ack), report(&id, ReportState::Filled)]).unwrap();
    }
    let written = begun.elapsed();
    let bytes: u64 = fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum();
    drop(log);
    let begun = std::time::Instant::now();
    drop(VenueLog::open(dir.path(), 64 << 20).unwrap());
    let (reports, opened) = (2 * count, begun.elapsed());
    println!(
        "{reports} reports, {} bytes each: written in {:?} each, opened in {opened:?}",
        bytes / reports,
        written / reports as u32
    );
}
