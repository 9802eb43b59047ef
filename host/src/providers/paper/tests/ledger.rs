//! Whatever is ordered against whatever market: the money adds up to the last digit.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::market::{Liquidity, OrderState};

#[derive(Clone, Debug)]
enum Step {
    Order { buy: bool, price: Option<i64>, lots: i64, tif: u8 },
    Cancel(u32),
    Trade { sell: bool, price: i64, lots: i64 },
    Depth { bids: Vec<(i64, i64)>, asks: Vec<(i64, i64)> },
    Best { bid: i64, spread: i64, lots: (i64, i64) },
    Wait(u64),
}

/// Around 100, where the book begins.
fn price() -> impl Strategy<Value = i64> {
    9980_i64..10_120
}

fn changes() -> impl Strategy<Value = Vec<(i64, i64)>> {
    proptest::collection::vec((price(), prop_oneof![Just(0), 1_i64..300_000]), 0..4)
}

fn step() -> impl Strategy<Value = Step> {
    let lots = || 1_i64..300_000;
    prop_oneof![
        4 => (any::<bool>(), proptest::option::weighted(0.8, price()), lots(), 0_u8..4)
            .prop_map(|(buy, price, lots, tif)| Step::Order { buy, price, lots, tif }),
        1 => (1_u32..40).prop_map(Step::Cancel),
        3 => (any::<bool>(), price(), lots()).prop_map(|(sell, price, lots)| Step::Trade { sell, price, lots }),
        2 => (changes(), changes()).prop_map(|(bids, asks)| Step::Depth { bids, asks }),
        2 => (price(), 1_i64..50, (lots(), lots())).prop_map(|(bid, spread, lots)| Step::Best { bid, spread, lots }),
        3 => (1_u64..60).prop_map(Step::Wait),
    ]
}

fn play(desk: &mut Desk, step: &Step) {
    let side = |first: bool| if first { Side::Buy } else { Side::Sell };
    let decimal = |count: i64, scale| Decimal::new(count, scale).to_string();
    match step {
        Step::Order { buy, price, lots, tif } => {
            let tif = [TimeInForce::Gtc, TimeInForce::Ioc, TimeInForce::Fok, TimeInForce::PostOnly][usize::from(*tif)];
            desk.order(side(*buy), price.map(|price| decimal(price, 2)).as_deref(), &decimal(*lots, 5), tif);
        }
        Step::Cancel(number) => {
            desk.venue.cancel(ClientOrderId::made(format!("o{number}")), Timestamp::from_millis(desk.millis));
        }
        Step::Trade { sell, price, lots } => desk.trade(side(!sell), *price, *lots),
        Step::Depth { bids, asks } => {
            let sorted = |mut levels: Vec<(i64, i64)>| {
                levels.sort_unstable();
                levels
            };
            desk.depth(&sorted(bids.clone()), &sorted(asks.clone()));
        }
        Step::Best { bid, spread, lots } => {
            desk.update_id += 1;
            let (bid, ask) = (level(*bid, lots.0), level(bid + spread, lots.1));
            desk.record(Body::Best { update_id: desk.update_id, bid, ask }, &[], &[]);
        }
        Step::Wait(millis) => desk.wait(*millis),
    }
}

/// What the reports alone say of each order and of the money.
#[derive(Default)]
struct Books {
    orders: HashMap<String, (OrderState, Decimal, Decimal)>,
    money: HashMap<&'static str, Decimal>,
}

impl Books {
    fn enter(&mut self, report: &ExecutionReport, sent: &HashMap<String, (Side, Decimal, Option<Decimal>)>) {
        let id = report.client_order_id.as_str();
        let (side, quantity, limit) = &sent[id];
        let (state, filled, cost) = self.orders.entry(id.into()).or_insert((OrderState::Pending, Decimal::ZERO, Decimal::ZERO));
        *state = state.after(report.state).unwrap();
        if let Some(fill) = &report.fill {
            *filled += fill.quantity;
            *cost += fill.quantity * fill.price;
            assert!(limit.is_none_or(|limit| side.signed(limit - fill.price) >= Decimal::ZERO), "at the limit or better");
            assert!(fill.liquidity == Liquidity::Taker || *limit == Some(fill.price), "a maker is filled at its limit");
            let (base, quote, bps) =
                (fill.quantity, fill.quantity * fill.price, if fill.liquidity == Liquidity::Maker { 10 } else { 20 });
            let received = if *side == Side::Buy { base } else { quote };
            assert_eq!(fill.fee, (received * Decimal::new(bps, 4)).round_dp(8), "banker's rounding is the default of round_dp");
            assert_eq!(fill.fee_asset, if *side == Side::Buy { "BTC" } else { "USDT" });
            *self.money.entry("BTC").or_default() +=
                side.signed(base) - if *side == Side::Buy { fill.fee } else { Decimal::ZERO };
            *self.money.entry("USDT").or_default() -=
                side.signed(quote) + if *side == Side::Buy { Decimal::ZERO } else { fill.fee };
        }
        assert_eq!(report.filled_quantity, *filled);
        let open = !state.is_final();
        assert_eq!(
            report.leaves_quantity,
            if open { quantity - *filled } else { Decimal::ZERO },
            "filled and leaves make the order"
        );
        assert_eq!(report.fill.is_some(), matches!(report.state, ReportState::Partial | ReportState::Filled));
        assert_eq!(*state == OrderState::Filled, filled == quantity);
        if !filled.is_zero() {
            assert_eq!(report.average_price, (*cost / *filled).round_dp(12));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn money_adds_up(steps in proptest::collection::vec(step(), 1..120)) {
        let mut desk = Desk::new();
        let mut sent = HashMap::new();
        let mut books = Books::default();
        for step in &steps {
            play(&mut desk, step);
            if let Step::Order { buy, price, lots, .. } = step {
                let side = if *buy { Side::Buy } else { Side::Sell };
                sent.insert(format!("o{}", desk.orders), (side, Decimal::new(*lots, 5), price.map(|price| Decimal::new(price, 2))));
            }
            for report in desk.reports() {
                books.enter(&report, &sent);
            }
            for (currency, start) in [("USDT", dec("1000000")), ("BTC", dec("10"))] {
                let (total, available) = desk.balance(currency);
                prop_assert_eq!(total, start + books.money.get(currency).copied().unwrap_or_default());
                prop_assert!(Decimal::ZERO <= available && available <= total, "{} {} {}", currency, available, total);
            }
        }
        desk.venue.close(&mut desk.out);
        for report in desk.reports() {
            books.enter(&report, &sent);
        }
        prop_assert_eq!(books.orders.len(), sent.len(), "every order was answered");
        prop_assert!(books.orders.values().all(|(state, ..)| state.is_final()));
        for currency in ["USDT", "BTC"] {
            let (total, available) = desk.balance(currency);
            prop_assert_eq!(total, available, "nothing is held when nothing is open");
        }
    }

    /// Of two own orders at one price the later is not filled before the earlier is done.
    #[test]
    fn first_come_first_filled(steps in proptest::collection::vec(step(), 1..80), gap in 0_usize..40) {
        let mut desk = Desk::new();
        desk.order(Side::Buy, Some("100"), "1", TimeInForce::PostOnly);
        let mut first = ReportState::Ack;
        for (place, step) in steps.iter().enumerate() {
            if place == gap {
                desk.wait(1);
                desk.order(Side::Buy, Some("100"), "1", TimeInForce::PostOnly);
            }
            // No other orders: these two compete for the market alone.
            if !matches!(step, Step::Order { .. } | Step::Cancel(_)) {
                play(&mut desk, step);
            }
            for report in desk.reports() {
                if report.client_order_id.as_str() == "o1" {
                    first = report.state;
                } else if report.fill.is_some() {
                    prop_assert!(matches!(first, ReportState::Filled | ReportState::Rejected), "{:?}", first);
                }
            }
        }
    }
}
