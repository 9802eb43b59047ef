//! Tapes come back as they were written; damaged ones are refused and never panic.

use proptest::prelude::*;

use super::header::BodyDigest;
use super::*;
use crate::base::Timestamp;
use crate::market::{Book, Instrument, LevelChange, Side, Symbol};

fn instrument() -> Instrument {
    ImportOptions::binance_spot(Symbol::new("BTC-USDT").unwrap())
}

fn header(end: Timestamp) -> TapeHeader {
    TapeHeader {
        format: header::FORMAT,
        name: "test".into(),
        venue: "BINANCE".into(),
        source: "a test".into(),
        instrument: instrument(),
        start: Timestamp::from_millis(1_723_161_254_000),
        end,
        time_step_nanos: 1000,
        clock_correction_nanos: 1_272_339_202,
        thinned: None,
        records: RecordCounts::default(),
        body: BodyDigest { bytes: 0, digest: Digest::of(&[]) },
    }
}

fn levels() -> impl Strategy<Value = Vec<LevelChange>> {
    let level = (1..=1_i64 << 53, 0..=1_i64 << 53).prop_map(|(price, quantity)| LevelChange { price, quantity });
    proptest::collection::vec(level, 0..6)
}

fn body() -> impl Strategy<Value = (Body, Vec<LevelChange>, Vec<LevelChange>)> {
    let level = || (1..=1_i64 << 53, 0..=1_i64 << 53).prop_map(|(price, quantity)| LevelChange { price, quantity });
    prop_oneof![
        (any::<u64>(), levels(), levels()).prop_map(|(update_id, bids, asks)| (Body::Snapshot { update_id }, bids, asks)),
        (any::<u64>(), 0_u64..100, levels(), levels()).prop_map(|(last_id, span, bids, asks)| {
            (Body::Depth { first_id: last_id.saturating_sub(span), last_id }, bids, asks)
        }),
        (any::<u64>(), level(), level()).prop_map(|(update_id, bid, ask)| (Body::Best { update_id, bid, ask }, vec![], vec![])),
        (any::<u64>(), 0_u64..100_000, level(), any::<bool>()).prop_map(|(trade_id, millis, level, sells)| {
            let body = Body::Trade {
                trade_id,
                matched_at: Timestamp::from_millis(1_723_161_200_000 + millis),
                price: level.price,
                quantity: level.quantity + 1 - i64::from(level.quantity == 1 << 53),
                aggressor: if sells { Side::Sell } else { Side::Buy },
            };
            (body, vec![], vec![])
        }),
    ]
}

fn records() -> impl Strategy<Value = Vec<Record>> {
    let record = (0_u64..10_000_000, 0_u64..4000, body());
    proptest::collection::vec(record, 1..60).prop_map(|parts| {
        let mut received = 1_723_161_254_000_000_000;
        let record = |(elapsed, millis, (body, bids, asks)): (u64, u64, _)| {
            received += elapsed / 1000 * 1000;
            let received_at = Timestamp::from_nanos(received);
            let venue_at = match body {
                Body::Depth { .. } | Body::Trade { .. } => Timestamp::from_millis(1_723_161_254_000 + millis),
                _ => received_at,
            };
            Record { received_at, venue_at, body, bids, asks }
        };
        parts.into_iter().map(record).collect()
    })
}

fn written(records: &[Record]) -> Vec<u8> {
    let mut writer = TapeWriter::at_level(header(records.last().unwrap().received_at), 1).unwrap();
    for record in records {
        writer.push(record).unwrap();
    }
    let mut bytes = Vec::new();
    writer.finish(&mut bytes).unwrap();
    bytes
}

fn opened(bytes: Vec<u8>) -> Result<Tape, TapeError> {
    Tape::check(TapeSource::Embedded(bytes.leak()))
}

fn read_all(tape: &Tape) -> Result<Vec<Record>, TapeError> {
    let (mut reader, mut record, mut records) = (tape.reader()?, Record::default(), Vec::new());
    while reader.read(&mut record)? {
        records.push(record.clone());
    }
    Ok(records)
}

/// Where the header begins and ends.
fn header_range(bytes: &[u8]) -> std::ops::Range<usize> {
    let length = u32::from_le_bytes(bytes[8..12].try_into().unwrap());
    12..12 + usize::try_from(length).unwrap()
}

/// A tape with other records, or another header, whose checksums are right: what an attacker would make.
fn forged(header: &TapeHeader, body: &[u8]) -> Vec<u8> {
    let mut header = header.clone();
    header.body = BodyDigest { bytes: body.len() as u64, digest: Digest::of(body) };
    let json = serde_json::to_vec(&header).unwrap();
    let length = u32::try_from(json.len()).unwrap().to_le_bytes();
    let digest = Digest::of(&json);
    [&MAGIC[..], &length, &json, digest.as_bytes(), body].concat()
}

proptest! {
    #[test]
    fn records_come_back(records in records()) {
        let tape = opened(written(&records)).unwrap();
        prop_assert_eq!(tape.header().records.total(), records.len() as u64);
        prop_assert_eq!(read_all(&tape).unwrap(), records);
    }

    #[test]
    fn noise_in_the_columns_is_refused_without_panic(records in records(), noise in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..8)) {
        let bytes = written(&records);
        let header = opened(bytes.clone()).unwrap().header().clone();
        let frame = &bytes[header_range(&bytes).end + DIGEST_BYTES..];
        let mut plain = zstd::decode_all(frame).unwrap();
        for (place, byte) in noise {
            let length = plain.len();
            plain[place % length] ^= byte;
        }
        let tape = opened(forged(&header, &zstd::encode_all(&plain[..], 1).unwrap())).unwrap();
        // It may even be a valid tape; what counts is that it is read or refused.
        if let Ok(read) = read_all(&tape) {
            prop_assert_eq!(read.len(), records.len());
        }
    }
}

#[test]
fn a_damaged_tape_is_refused() {
    let bytes = written(&[Record { received_at: Timestamp::from_millis(1_723_161_254_001), ..Record::default() }]);
    assert!(opened(bytes.clone()).is_ok());
    for cut in 0..bytes.len() {
        assert!(opened(bytes[..cut].to_vec()).is_err(), "cut at {cut}");
    }
    for place in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[place] ^= 1;
        assert!(opened(damaged).is_err(), "flipped at {place}");
    }
    assert!(opened([bytes, vec![0]].concat()).is_err(), "more than the header promises");
}

#[test]
fn a_header_that_lies_is_refused() {
    let bytes = written(&[Record { received_at: Timestamp::from_millis(1_723_161_254_001), ..Record::default() }]);
    let honest = opened(bytes.clone()).unwrap().header().clone();
    let body = bytes[header_range(&bytes).end + DIGEST_BYTES..].to_vec();
    let lies: [fn(&mut TapeHeader); 6] = [
        |header| header.time_step_nanos = 0,
        |header| header.start = Timestamp::ZERO,
        |header| header.clock_correction_nanos = i64::MIN,
        |header| header.instrument.price_increment = "0".parse().unwrap(),
        |header| header.records = RecordCounts::default(),
        |header| header.records.trades = u64::MAX,
    ];
    for (place, lie) in lies.into_iter().enumerate() {
        let mut header = honest.clone();
        lie(&mut header);
        assert!(matches!(opened(forged(&header, &body)), Err(TapeError::Corrupt(_))), "lie {place}");
    }
    let mut more = honest.clone();
    more.records.trades += 1;
    let tape = opened(forged(&more, &body)).unwrap();
    assert!(matches!(read_all(&tape), Err(TapeError::Corrupt("records that end too early"))));
    let mut later = honest;
    later.format += 1;
    assert!(matches!(opened(forged(&later, &body)), Err(TapeError::Format { found: 2 })));
}

#[test]
fn a_block_that_claims_too_much_is_refused_before_memory_is_taken() {
    let bytes = written(&[Record { received_at: Timestamp::from_millis(1_723_161_254_001), ..Record::default() }]);
    let header = opened(bytes).unwrap().header().clone();
    let mut plain = 1_u32.to_le_bytes().to_vec();
    plain.extend([0xff; 4 * codec::COLUMNS]);
    let tape = opened(forged(&header, &zstd::encode_all(&plain[..], 1).unwrap())).unwrap();
    assert!(matches!(read_all(&tape), Err(TapeError::Corrupt("the head of a block"))));
}

/// The built-in recordings are whole, and the book joined from them never crosses and always agrees with the venue's own
/// best bid and ask.
#[test]
fn the_embedded_tapes_tell_the_venues_book() {
    for (name, trades, bests) in [("btcusdt-20240808", 9756, 28_037), ("ethusdt-20240808", 6106, 24_074)] {
        let tape = Tape::open(name).unwrap();
        assert_eq!((tape.header().records.trades, tape.header().records.bests), (trades, bests), "{name}");
        let (mut book, mut stale, mut checked) = (Book::default(), 0, 0);
        for record in read_all(&tape).unwrap() {
            match record.body {
                Body::Snapshot { update_id } => book.replace(update_id, &record.bids, &record.asks),
                Body::Depth { last_id, .. } => book.apply(last_id, &record.bids, &record.asks),
                Body::Best { update_id, bid, ask } => {
                    let newest = book.update_id();
                    book.set_best(update_id, bid, ask);
                    for (side, told) in [(Side::Buy, bid), (Side::Sell, ask)] {
                        let best = book.side(side).best().unwrap();
                        if update_id >= newest {
                            assert_eq!((best.price, best.quantity), (told.price, told.quantity), "{name} {update_id}");
                            checked += 1;
                        } else {
                            stale += 1;
                        }
                    }
                }
                Body::Trade { .. } => {}
            }
            let touch = [Side::Buy, Side::Sell].map(|side| book.side(side).best().unwrap().price);
            assert!(touch[0] < touch[1], "{name}: {touch:?}");
        }
        assert!(checked > 50 * stale, "{name}: {checked} checked, {stale} overtaken by depth updates");
    }
    assert!(matches!(Tape::open("dogeusdt"), Err(TapeError::NotFound { .. })));
}
