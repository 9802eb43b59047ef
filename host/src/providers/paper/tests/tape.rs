//! On the real recordings: fills lie inside the venue's book of their moment, which this file keeps by its own, simpler
//! means; and the same input gives the same output.

use std::collections::BTreeMap;

use super::*;
use crate::market::{Liquidity, VenueOrderId};
use crate::providers::paper::PaperSession;
use crate::providers::tape::Tape;

/// The book as one map per side, joined from the records without the venue's code: the newest statement about a price holds.
#[derive(Default)]
struct PlainBook {
    /// Price to quantity and update id; a removed price stays with quantity 0.
    sides: [BTreeMap<i64, (i64, u64)>; 2],
}

impl PlainBook {
    fn take_in(&mut self, record: &Record) {
        match record.body {
            Body::Snapshot { update_id } => {
                self.sides = Default::default();
                self.levels(record, update_id);
            }
            Body::Depth { last_id, .. } => self.levels(record, last_id),
            Body::Best { update_id, bid, ask } => {
                for (side, best, beyond) in [(0, bid, bid.price + 1..i64::MAX), (1, ask, 0..ask.price)] {
                    for (_, known) in self.sides[side].range_mut(beyond) {
                        if known.1 < update_id {
                            *known = (0, update_id);
                        }
                    }
                    self.set(side, best, update_id);
                }
            }
            Body::Trade { .. } => {}
        }
    }

    fn levels(&mut self, record: &Record, update_id: u64) {
        for (side, levels) in [(0, &record.bids), (1, &record.asks)] {
            for level in levels {
                self.set(side, *level, update_id);
            }
        }
    }

    fn set(&mut self, side: usize, level: LevelChange, update_id: u64) {
        let known = self.sides[side].entry(level.price).or_default();
        if known.1 <= update_id {
            *known = (level.quantity, update_id);
        }
    }

    fn best_bid(&self) -> Option<i64> {
        self.sides[0].iter().rev().find(|(_, known)| known.0 > 0).map(|(price, _)| *price)
    }

    fn best_ask(&self) -> Option<i64> {
        self.sides[1].iter().find(|(_, known)| known.0 > 0).map(|(price, _)| *price)
    }
}

fn setup_for(kinds: KindSet) -> VenueSetup {
    VenueSetup { balances: BTreeMap::from([("USDT".into(), dec("1000000")), ("BTC".into(), dec("100"))]), ..setup(kinds) }
}

/// Every 50th record something is ordered: all kinds, on both sides, near the touch and away from it.
fn script(number: u32, touch: (i64, i64), now: Timestamp) -> OrderRequest {
    let side = if number.is_multiple_of(2) { Side::Buy } else { Side::Sell };
    // A third of them at the touch, where the queue counts.
    let offset = if number.is_multiple_of(3) { 0 } else { i64::from(number * 37 % 400) - 100 };
    let price = if side == Side::Buy { touch.0 - offset } else { touch.1 + offset };
    let time_in_force =
        [TimeInForce::Gtc, TimeInForce::Ioc, TimeInForce::Gtc, TimeInForce::PostOnly, TimeInForce::Fok][number as usize % 5];
    let market = number.is_multiple_of(7);
    OrderRequest {
        client_order_id: ClientOrderId::made(format!("o{number}")),
        instance: "test".parse().unwrap(),
        provider: "paper".parse().unwrap(),
        symbol: Symbol::new("BTC-USDT").unwrap(),
        side,
        order_type: if market { OrderType::Market } else { OrderType::Limit },
        quantity: Decimal::new(i64::from(number % 11 * 9000 + 50), 5),
        price: (!market).then(|| Decimal::new(price, 2)),
        time_in_force: if market { TimeInForce::Ioc } else { time_in_force },
        requested_at: now,
    }
}

/// What the fills of the script were, counted by how they came about.
#[derive(Debug, Default)]
struct Seen {
    taken: usize,
    at_trade: usize,
    through_trade: usize,
    at_quote: usize,
    fill_quantity: Decimal,
}

#[test]
fn every_fill_lies_inside_the_real_book_of_its_moment() {
    let tape = Tape::open("btcusdt-20240808").unwrap();
    let mut venue = PaperVenue::new(setup_for(KindSet::EMPTY), [&tape.header().instrument]).unwrap();
    let (mut reader, mut record, mut out) = (tape.reader().unwrap(), Record::default(), Vec::new());
    let (mut book, mut seen) = (PlainBook::default(), Seen::default());
    let mut requests: BTreeMap<String, OrderRequest> = BTreeMap::new();
    // What one level gave us since the tape last changed it: side, price, quantity it showed, quantity taken.
    let mut venue_ids: BTreeMap<VenueOrderId, String> = BTreeMap::new();
    let mut count: u32 = 0;
    while reader.read(&mut record).unwrap() {
        while venue.next_arrival().is_some_and(|at| at <= record.received_at) {
            venue.arrive(&mut out);
            let mut offered: Vec<_> =
                book.sides.iter().map(|side| side.iter().map(|(p, q)| (*p, q.0)).collect::<BTreeMap<_, _>>()).collect();
            for report in reports(&mut out) {
                venue_ids.insert(report.venue_order_id.clone(), report.client_order_id.to_string());
                let Some(fill) = &report.fill else { continue };
                let order = &requests[report.client_order_id.as_str()];
                assert_eq!(fill.liquidity, Liquidity::Taker, "an arriving order takes");
                // The level must be shown by the venue, and give no more than it shows.
                let shown = offered[usize::from(order.side == Side::Buy)].get_mut(&ticks(fill.price)).unwrap();
                *shown -= lots(fill.quantity);
                assert!(*shown >= 0, "{report:?}");
                let better = if order.side == Side::Buy { book.best_ask() } else { book.best_bid() };
                assert!(
                    order.side.signed(fill.price - price(better.unwrap())) >= Decimal::ZERO,
                    "not better than the best: {report:?}"
                );
                seen.taken += 1;
                seen.fill_quantity += fill.quantity;
            }
        }
        book.take_in(&record);
        venue.feed(0, &record, 0, &mut out);
        let mut traded = 0;
        for report in reports(&mut out) {
            let (fill, order) = (report.fill.as_ref().unwrap(), &requests[report.client_order_id.as_str()]);
            assert_eq!((fill.liquidity, Some(fill.price)), (Liquidity::Maker, order.price));
            if let Body::Trade { price, quantity, aggressor, .. } = record.body {
                assert_eq!(aggressor, order.side.opposite());
                let through = order.side.signed(fill.price - self::price(price));
                assert!(through >= Decimal::ZERO, "the trade reached our price: {report:?}");
                traded += lots(fill.quantity);
                assert!(traded <= quantity, "own orders share what was traded");
                seen.at_trade += usize::from(through.is_zero());
                seen.through_trade += usize::from(!through.is_zero());
            } else {
                let quote = if order.side == Side::Buy { book.best_ask() } else { book.best_bid() };
                assert!(
                    order.side.signed(fill.price - price(quote.unwrap())) >= Decimal::ZERO,
                    "a quote reached our price: {report:?}"
                );
                seen.at_quote += 1;
            }
            seen.fill_quantity += fill.quantity;
        }
        count += 1;
        if let (Some(bid), Some(ask), true) = (book.best_bid(), book.best_ask(), count.is_multiple_of(50)) {
            let order = script(count / 50, (bid, ask), record.received_at);
            requests.insert(order.client_order_id.to_string(), order.clone());
            venue.submit(order);
            if count.is_multiple_of(200) {
                venue.cancel(ClientOrderId::made(format!("o{}", count / 50 - 3)), record.received_at);
            }
        }
    }
    assert!(venue_ids.len() > 500 && seen.taken > 100 && seen.at_trade > 5 && seen.through_trade > 100, "{seen:?}");
}

fn reports(out: &mut Vec<Output>) -> Vec<ExecutionReport> {
    out.drain(..).filter_map(|output| if let Output::Report(report) = output { Some(*report) } else { None }).collect()
}

fn ticks(price: Decimal) -> i64 {
    i64::try_from((price * dec("100")).trunc().mantissa()).unwrap()
}

fn lots(quantity: Decimal) -> i64 {
    i64::try_from((quantity * dec("100000")).trunc().mantissa()).unwrap()
}

fn price(ticks: i64) -> Decimal {
    Decimal::new(ticks, 2)
}

fn session(tapes: &[&str], looping: bool, begin: Option<Timestamp>) -> PaperSession {
    let tapes: Vec<_> = tapes.iter().map(|tape| Tape::open(tape).unwrap()).collect();
    PaperSession::new(setup_for(KindSet::PUBLIC), &tapes, looping, begin).unwrap()
}

/// Plays up to `steps` steps and orders on the way; everything that came out.
fn play(session: &mut PaperSession, steps: u32) -> Vec<Output> {
    let mut out = Vec::new();
    for number in 1..=steps {
        if number.is_multiple_of(100) {
            let now = session.next_time().unwrap();
            session.submit(script(number / 100, (6_183_763, 6_183_764), now));
        }
        if !session.step(&mut out).unwrap() {
            break;
        }
    }
    out
}

#[test]
fn the_same_input_gives_the_same_output() {
    let tapes = ["btcusdt-20240808", "ethusdt-20240808"];
    let [first, second] = [(); 2].map(|()| play(&mut session(&tapes, false, None), 20_000));
    assert!(first.len() > 5000);
    assert!(first == second);
}

#[test]
fn time_goes_on_from_round_to_round() {
    let begin = Timestamp::from_millis(1_800_000_000_000);
    let tapes = ["ethusdt-20240808", "btcusdt-20240808"];
    let mut session = session(&tapes, true, Some(begin));
    let (mut now, mut emitted) = (begin, Timestamp::ZERO);
    let mut out = Vec::new();
    assert_eq!(session.next_time(), Some(begin));
    // Two rounds of both, and some.
    for _ in 0..160_000 {
        let next = session.next_time().unwrap();
        assert!(next >= now && next.since(now) < Duration::from_secs(1), "{now} {next}");
        now = next;
        assert!(session.step(&mut out).unwrap());
        for output in out.drain(..) {
            if let Output::Event(event) = output {
                assert_eq!(event.ingest_time, now);
                assert!(event.emit_time >= emitted, "an instance's time does not go back");
                emitted = event.emit_time;
            }
        }
    }
    assert!(now.since(begin) > Duration::from_secs(700));
}

#[test]
fn tapes_end_without_a_loop() {
    let mut session = session(&["ethusdt-20240808"], false, None);
    let mut out = Vec::new();
    let mut steps = 0;
    while session.step(&mut out).unwrap() {
        steps += 1;
        out.clear();
    }
    let records = Tape::open("ethusdt-20240808").unwrap().header().records.total();
    assert_eq!((steps, session.next_time()), (records, None));
}
