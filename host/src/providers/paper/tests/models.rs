//! How orders are filled where that is a setting: slippage, the place in the queue, parts; and in a market without a book.

use super::*;
use crate::providers::paper::Conduct;

use TimeInForce as T;

/// A market that shows trades only; nothing has traded.
fn bookless(queue: QueuePlace, slippage_bps: u32) -> Desk {
    let setup = VenueSetup { queue, slippage_bps, ..setup(KindSet::EMPTY) };
    let venue = PaperVenue::new(setup, [&header().instrument]).unwrap();
    Desk { venue, millis: 1000, update_id: 1, orders: 0, out: Vec::new() }
}

#[test]
fn without_a_book_takers_get_the_last_price() {
    let mut desk = bookless(QueuePlace::Back, 0);
    let nothing = "nothing has traded here yet: there is no price to trade at";
    assert_eq!(told(&desk.send(Side::Buy, None, "1", T::Ioc)), [format!("REJECTED o1 {nothing}")]);
    assert_eq!(told(&desk.send(Side::Buy, Some("100"), "1", T::Fok)), [format!("REJECTED o2 {nothing}")]);
    desk.trade(Side::Buy, 10_000, 5);
    assert_eq!(told(&desk.send(Side::Buy, None, "2.5", T::Ioc)), ["ACK o3", "FILLED o3 100 x 2.5 taker, 0 left"]);
    assert_eq!(told(&desk.send(Side::Sell, Some("99"), "1", T::Gtc)), ["ACK o4", "FILLED o4 100 x 1 taker, 0 left"]);
    assert_eq!(told(&desk.send(Side::Buy, Some("99"), "1", T::Ioc)), ["ACK o5", "CANCELLED o5 IOC remainder cancelled"]);
    assert_eq!(told(&desk.send(Side::Buy, Some("99"), "1", T::Fok)), ["REJECTED o6 FOK insufficient liquidity"]);
    assert_eq!(told(&desk.send(Side::Buy, Some("100"), "1", T::PostOnly)), ["REJECTED o7 post-only order would cross the book"]);
    // What it costs must be there: 1,000,000 less what was spent.
    assert_eq!(told(&desk.send(Side::Buy, None, "9000", T::Ioc)).len(), 2);
    assert_eq!(told(&desk.send(Side::Buy, None, "8999", T::Ioc)), ["REJECTED o9 insufficient balance"]);
}

#[test]
fn without_a_book_trades_beyond_the_price_fill_and_at_it_only_from_the_front() {
    for (queue, at_the_price) in [(QueuePlace::Back, 0), (QueuePlace::Front, 1)] {
        let mut desk = bookless(queue, 0);
        desk.trade(Side::Buy, 10_000, 100_000);
        assert_eq!(told(&desk.send(Side::Buy, Some("99"), "2", T::Gtc)), ["ACK o1"]);
        // The side of such a trade does not matter.
        desk.wait(1);
        desk.trade(Side::Buy, 9_900, 50_000);
        assert_eq!(desk.reports().len(), at_the_price, "{queue:?}");
        desk.wait(1);
        desk.trade(Side::Buy, 9_899, 50_000);
        let beyond = desk.reports();
        assert!(told(&beyond)[0].starts_with("PARTIAL o1 99 x 0.5 maker"), "{:?}", told(&beyond));
        desk.wait(1);
        desk.trade(Side::Sell, 9_000, 500_000);
        assert_eq!(told(&desk.reports()).len(), 1, "all that is left, and no more");
    }
}

#[test]
fn at_the_front_of_the_queue_the_first_trade_fills() {
    let front = VenueSetup { queue: QueuePlace::Front, ..setup(KindSet::EMPTY) };
    for (setup, filled) in [(setup(KindSet::EMPTY), 0), (front, 1)] {
        let mut desk = Desk::with(setup);
        assert_eq!(told(&desk.send(Side::Buy, Some("100"), "0.5", T::Gtc)), ["ACK o1"]);
        desk.trade(Side::Sell, 10_000, 50_000);
        assert_eq!(desk.reports().len(), filled);
    }
}

#[test]
fn slippage_makes_takers_worse_but_never_beyond_their_limit() {
    let with = |slippage_bps| Desk::with(VenueSetup { slippage_bps, ..setup(KindSet::EMPTY) });
    // 101.00 and 102.00 are shown; 25 bps are 0.2525 and 0.255, rounded up to the tick.
    let mut desk = with(25);
    let reports = told(&desk.send(Side::Buy, None, "2", T::Ioc));
    assert_eq!(reports, ["ACK o1", "PARTIAL o1 101.26 x 1 taker, 1 left", "FILLED o1 102.26 x 1 taker, 0 left"]);
    assert_eq!(told(&desk.send(Side::Sell, None, "1", T::Ioc))[1], "FILLED o2 99.75 x 1 taker, 0 left");
    let mut desk = with(25);
    assert_eq!(told(&desk.send(Side::Buy, Some("101.25"), "1", T::Ioc)), ["ACK o1", "CANCELLED o1 IOC remainder cancelled"]);
    assert_eq!(told(&desk.send(Side::Buy, Some("101.25"), "1", T::Fok)), ["REJECTED o2 FOK insufficient liquidity"]);
    assert_eq!(told(&desk.send(Side::Buy, Some("101.26"), "1", T::Fok))[1], "FILLED o3 101.26 x 1 taker, 0 left");
    let mut desk = bookless(QueuePlace::Back, 25);
    desk.trade(Side::Buy, 10_000, 5);
    assert_eq!(told(&desk.send(Side::Buy, None, "1", T::Ioc))[1], "FILLED o1 100.25 x 1 taker, 0 left");
    assert_eq!(told(&desk.send(Side::Sell, None, "1", T::Ioc))[1], "FILLED o2 99.75 x 1 taker, 0 left");
    // Makers are not touched by it.
    assert_eq!(told(&desk.send(Side::Buy, Some("100.24"), "1", T::Gtc)), ["ACK o3"]);
    desk.trade(Side::Sell, 9_000, 100_000);
    assert_eq!(told(&desk.reports()), ["FILLED o3 100.24 x 1 maker, 0 left"]);
}

#[test]
fn a_part_is_filled_and_the_rest_does_as_its_time_in_force_says() {
    let mut desk = Desk::new();
    desk.venue = desk.venue.with_conduct(Some(Conduct::new([7; 32], Duration::ZERO, 0).with_partial(1_000_000)));
    let ioc = desk.send(Side::Buy, None, "1", T::Ioc);
    assert_eq!(states(&ioc), [ReportState::Ack, ReportState::Partial, ReportState::Cancelled]);
    assert_eq!(states(&desk.send(Side::Sell, Some("99.5"), "0.5", T::Gtc)), [ReportState::Ack, ReportState::Partial]);
    let fok = desk.send(Side::Buy, None, "1", T::Fok);
    assert_eq!(states(&fok).last(), Some(&ReportState::Filled), "all or nothing stays all or nothing");
}
