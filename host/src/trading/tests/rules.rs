//! Every rule of the risk check at the desk: its code and its numbers, one line each.

use super::*;
use crate::market::{ReportState, TimeInForce};
use crate::trading::{Denial, HostLimits, OrderTypes};

/// What stands before the order, and the order: side, quantity, limit price or none.
struct Case {
    code: &'static str,
    numbers: &'static [(&'static str, &'static str)],
    set: fn(&mut RiskConfig),
    before: fn(&Instance<'_>),
    order: (Side, &'static str, Option<&'static str>),
    time_in_force: Option<TimeInForce>,
}

const fn case(
    code: &'static str,
    numbers: &'static [(&'static str, &'static str)],
    order: (Side, &'static str, Option<&'static str>),
) -> Case {
    Case { code, numbers, set: |_| {}, before: |_| {}, order, time_in_force: None }
}

fn filled(a: &Instance<'_>, side: Side, quantity: &str) {
    let id = a.order(side, quantity, "100").unwrap();
    a.house.venue.say(&id, ReportState::Filled, Some((quantity, "100")));
}

fn at_once(a: &Instance<'_>, orders: u32) {
    for nth in 0..orders {
        let draft =
            OrderDraft { requested_at: Timestamp::from_millis(1_000_000), nth: nth + 1, ..a.draft(Side::Buy, "1", Some("100")) };
        a.house.desk.submit(draft).unwrap();
    }
}

/// How much may be held and sent.
fn amounts() -> Vec<Case> {
    use Side::Buy;
    vec![
        // Case 38 of the gateway: maxPositionSize 10, 8 filled, buy 3.
        Case {
            set: |risk| risk.limits.max_position_size = dec("10"),
            before: |a| filled(a, Buy, "8"),
            ..case(
                "position_limit",
                &[("projectedPosition", "11"), ("maxPosition", "10"), ("position", "8")],
                (Buy, "3", Some("100")),
            )
        },
        // Open orders count, market orders among them.
        Case {
            set: |risk| risk.limits.max_position_size = dec("10"),
            before: |a| drop(a.house.desk.submit(a.draft(Buy, "8", None)).unwrap()),
            ..case("position_limit", &[("projectedPosition", "11"), ("maxPosition", "10"), ("position", "0")], (Buy, "3", None))
        },
        Case {
            set: |risk| risk.limits.max_notional_value = dec("500"),
            before: |a| drop(a.buy("2", "100")),
            ..case("notional_limit", &[("projectedNotional", "600"), ("maxNotional", "500")], (Buy, "4", None))
        },
        Case {
            before: |a| at_once(a, 3),
            ..case("rate_limited", &[("ratePerSecond", "5"), ("burst", "3"), ("waitMs", "200")], (Buy, "1", Some("100")))
        },
        Case {
            set: |risk| risk.host = HostLimits { order_throttle: Some(2), ..HostLimits::default() },
            before: |a| at_once(a, 2),
            ..case("rate_limited", &[("ratePerSecond", "2"), ("waitMs", "500")], (Buy, "1", Some("100")))
        },
        Case {
            set: |risk| risk.limits.max_concurrent_orders = 1,
            before: |a| drop(a.buy("1", "99.5")),
            ..case("too_many_open_orders", &[("openOrders", "1"), ("maxConcurrentOrders", "1")], (Buy, "1", Some("100")))
        },
        Case {
            set: |risk| risk.host = HostLimits { max_concurrent_orders: Some(1), ..HostLimits::default() },
            before: |a| drop(a.buy("1", "99.5")),
            ..case("too_many_open_orders", &[("openOrders", "1"), ("maxConcurrentOrders", "1")], (Buy, "1", Some("100")))
        },
        Case {
            set: |risk| risk.host = HostLimits { max_position_size: Some(dec("5")), ..HostLimits::default() },
            before: |a| drop(a.house.instance("b").buy("3", "100")),
            ..case("position_limit", &[("projectedPosition", "6"), ("maxPosition", "5")], (Buy, "3", Some("100")))
        },
        Case {
            set: |risk| risk.host = HostLimits { max_notional_value: Some(dec("500")), ..HostLimits::default() },
            before: |a| filled(&a.house.instance("b"), Buy, "3"),
            ..case("notional_limit", &[("projectedNotional", "600"), ("maxNotional", "500")], (Buy, "3", Some("100")))
        },
    ]
}

/// What an order must look like, and who may send one at all.
fn shapes() -> Vec<Case> {
    use Side::{Buy, Sell};
    vec![
        case(
            "price_outside_band",
            &[("price", "101.01"), ("bandUpper", "101"), ("bandLower", "99"), ("referencePrice", "100")],
            (Sell, "1", Some("101.01")),
        ),
        Case {
            set: |risk| risk.limits.allowed_order_types = OrderTypes::from([OrderType::Limit]),
            ..case("order_type_not_allowed", &[("orderType", "Market"), ("allowed", "Limit")], (Buy, "1", None))
        },
        Case {
            time_in_force: Some(TimeInForce::Gtc),
            ..case("time_in_force_not_allowed", &[("timeInForce", "GTC")], (Buy, "1", None))
        },
        case("quantity_not_positive", &[("quantity", "0")], (Buy, "0", Some("100"))),
        case("quantity_precision", &[("quantity", "1.0001"), ("quantityIncrement", "0.001")], (Buy, "1.0001", Some("100"))),
        case("quantity_out_of_range", &[("quantity", "1001"), ("maxQuantity", "1000")], (Buy, "1001", Some("100"))),
        case("price_missing", &[("price", "0")], (Buy, "1", Some("0"))),
        case("price_precision", &[("price", "100.001"), ("priceIncrement", "0.01")], (Buy, "1", Some("100.001"))),
        case("notional_too_small", &[("notional", "0.1"), ("minNotional", "1")], (Buy, "0.001", Some("100"))),
        Case {
            set: |risk| risk.limits.max_loss_per_day = Some(dec("0.01")),
            before: |a| filled(a, Buy, "1"),
            ..case(
                "daily_loss_limit",
                &[("dailyLoss", "0.01"), ("maxLossPerDay", "0.01"), ("feesToday", "0.01")],
                (Buy, "1", Some("100")),
            )
        },
        Case {
            set: |risk| risk.limits.max_fees_per_day = Some(dec("0.01")),
            before: |a| filled(a, Sell, "1"),
            ..case(
                "daily_fee_limit",
                &[("dailyFees", "0.01"), ("maxFeesPerDay", "0.01"), ("currency", "USDT")],
                (Sell, "1", None),
            )
        },
        Case { before: |a| drop(a.buy("1", "100")), ..case("self_trade", &[("restingPrice", "100")], (Sell, "1", Some("100"))) },
        Case {
            before: |a| drop(a.house.desk.stop(&a.id, switch(StopVerb::Stop, "odd")).unwrap()),
            ..case("kill_switch_engaged", &[], (Buy, "1", Some("100")))
        },
    ]
}

#[tokio::test]
async fn every_rule_says_its_code_and_its_numbers() {
    for case in amounts().into_iter().chain(shapes()) {
        let mut config = RiskConfig::default();
        (case.set)(&mut config);
        let house = House::with(config, None, true).await;
        let a = house.instance("a");
        let told: Arc<std::sync::Mutex<Vec<Denial>>> = Arc::default();
        let log = Arc::clone(&told);
        house.desk.on_denial(Box::new(move |_, denial| log.lock().unwrap().push(denial.clone())));
        (case.before)(&a);
        let (side, quantity, price) = case.order;
        let requested_at =
            if case.code == "rate_limited" { Timestamp::from_millis(1_000_000) } else { Timestamp::from_millis(1_090_000) };
        let draft = OrderDraft { requested_at, time_in_force: case.time_in_force, ..a.draft(side, quantity, price) };
        let refused = house.desk.submit(draft).unwrap_err();
        assert_eq!(refused.code, case.code, "{}", refused.message);
        let denial = told.lock().unwrap().pop().unwrap();
        for (name, value) in case.numbers {
            assert_eq!(denial.metrics.get(*name).map(String::as_str), Some(*value), "{name} of {denial:?}");
        }
        let counted = format!("sandpit_denials_total{{code=\"{}\"}}", case.code);
        assert_eq!(house.metric(&counted), "1", "{}", case.code);
        let mail = a.mail();
        let told = mail.iter().filter(|line| line.contains(&format!("REJECTED 0 0 denied: {}: ", case.code)));
        assert_eq!(told.count(), 1, "{mail:?}");
    }
}
