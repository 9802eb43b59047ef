//! Every rule of the risk check with its numbers.

use super::*;
use crate::base::{InstanceId, ProviderName, Timestamp};
use crate::market::{ClientOrderId, InstrumentKind, Side, Symbol, decimal};
use crate::trading::OrderTypes;
use crate::trading::prices::PriceBoard;
use crate::trading::tests::events::{book, trade};

fn dec(text: &str) -> Decimal {
    decimal::parse(text).unwrap()
}

fn limit(side: Side, quantity: &str, price: &str) -> OrderRequest {
    OrderRequest {
        client_order_id: ClientOrderId::made("new"),
        instance: InstanceId::new("a").unwrap(),
        provider: ProviderName::new("paper").unwrap(),
        symbol: Symbol::new("BTC-USDT").unwrap(),
        side,
        order_type: OrderType::Limit,
        quantity: dec(quantity),
        price: Some(dec(price)),
        time_in_force: TimeInForce::Gtc,
        requested_at: Timestamp::from_millis(1_000_000),
    }
}

fn market(side: Side, quantity: &str) -> OrderRequest {
    OrderRequest { order_type: OrderType::Market, price: None, time_in_force: TimeInForce::Ioc, ..limit(side, quantity, "1") }
}

fn instrument() -> Instrument {
    Instrument {
        symbol: Symbol::new("BTC-USDT").unwrap(),
        kind: InstrumentKind::Spot,
        venue: "test".to_owned(),
        price_increment: dec("0.01"),
        quantity_increment: dec("0.001"),
        min_notional: dec("10"),
        min_quantity: dec("0.001"),
        max_quantity: dec("100"),
    }
}

/// What stands around an order.
struct Scene {
    limits: RiskLimits,
    host: HostLimits,
    instrument: Option<Instrument>,
    board: PriceBoard,
    position: &'static str,
    open_quantity: &'static str,
    open_orders: usize,
    day: Option<DayFigures>,
    open_orders_host: usize,
    account_orders: Vec<OrderRequest>,
    throttle: Bucket,
    host_throttle: Option<Bucket>,
}

impl Scene {
    /// Default limits, an instrument, and a last trade at 100.
    fn new() -> Self {
        Self {
            limits: RiskLimits::default(),
            host: HostLimits::default(),
            instrument: Some(instrument()),
            board: seen(&[trade("BTC-USDT", "100", 1)]),
            position: "0",
            open_quantity: "0",
            open_orders: 0,
            day: None,
            open_orders_host: 0,
            account_orders: Vec::new(),
            throttle: Bucket::new(dec("5"), 3),
            host_throttle: None,
        }
    }

    fn check(&mut self, order: &OrderRequest) -> Result<(), Denial> {
        let facts = Facts {
            limits: &self.limits,
            host: &self.host,
            instrument: self.instrument.as_ref(),
            prices: self.board.of(&order.symbol),
            position: dec(self.position),
            open_quantity: dec(self.open_quantity),
            open_orders: self.open_orders,
            together: None,
            day: self.day,
            open_orders_host: self.open_orders_host,
            account_orders: self.account_orders.iter(),
            throttle: &mut self.throttle,
            host_throttle: self.host_throttle.as_mut(),
        };
        check(order.clone(), facts).map(|approved| assert_eq!(approved.into_inner(), *order)).map_err(|refused| refused.1)
    }

    /// The code of the denial, or `ok`.
    fn code(&mut self, order: &OrderRequest) -> &'static str {
        self.check(order).map_or_else(|denial| denial.code.as_str(), |()| "ok")
    }
}

fn seen(events: &[crate::market::Event]) -> PriceBoard {
    let mut board = PriceBoard::default();
    for event in events {
        board.observe(&std::sync::Arc::new(event.clone()));
    }
    board
}

#[test]
fn what_an_order_must_look_like() {
    let odd = |quantity: &str, price: &str| limit(Side::Buy, quantity, price);
    let no_price = OrderRequest { price: None, ..odd("1", "100") };
    let resting_market = OrderRequest { time_in_force: TimeInForce::Gtc, ..market(Side::Buy, "1") };
    let cases = [
        ("ok", odd("1", "100")),
        ("quantity_not_positive", odd("0", "100")),
        ("quantity_not_positive", odd("-1", "100")),
        ("quantity_precision", odd("1.0001", "100")),
        ("quantity_precision", odd("1.000000000001", "100")),
        ("quantity_out_of_range", odd("100.001", "100")),
        ("price_missing", odd("1", "0")),
        ("price_missing", odd("1", "-100")),
        ("price_missing", no_price),
        ("price_precision", odd("1", "100.001")),
        ("notional_too_small", odd("0.099", "100")),
        ("ok", odd("0.1", "100")),
        ("time_in_force_not_allowed", resting_market),
        ("ok", market(Side::Buy, "1")),
    ];
    for (code, order) in cases {
        assert_eq!(Scene::new().code(&order), code, "{order:?}");
    }
}

#[test]
fn the_largest_numbers_of_the_grammar_are_denied_and_do_not_overflow() {
    let huge = "9999999999999999.999999999999";
    let mut scene = Scene { instrument: None, board: PriceBoard::default(), ..Scene::new() };
    scene.limits.max_position_size = dec(huge);
    assert_eq!(scene.code(&limit(Side::Buy, huge, huge)), "notional_limit");
    scene.position = "9999999999999999.999999999999";
    scene.open_quantity = "9999999999999999.999999999999";
    assert_eq!(scene.code(&limit(Side::Buy, huge, huge)), "position_limit");
    let mut banded = Scene { instrument: None, board: seen(&[trade("BTC-USDT", huge, 1)]), ..Scene::new() };
    banded.limits.price_band_percent = dec(huge);
    assert_eq!(banded.code(&limit(Side::Buy, "1", huge)), "notional_limit");
}

#[test]
fn the_band_is_one_percent_around_the_reference_price() {
    for (price, code) in [("99", "ok"), ("101", "ok"), ("98.99", "price_outside_band"), ("101.01", "price_outside_band")] {
        assert_eq!(Scene::new().code(&limit(Side::Buy, "1", price)), code, "{price}");
    }
    let denial = Scene::new().check(&limit(Side::Sell, "1", "150")).unwrap_err();
    assert_eq!(denial.code.breach_type(), Some("PRICE_BAND"));
    let numbers = ["referencePrice", "bandLower", "bandUpper", "bandPercent", "price"].map(|name| denial.metrics[name].as_str());
    assert_eq!(numbers, ["100", "99", "101", "1", "150"]);

    let mut off = Scene::new();
    off.limits.price_band_percent = Decimal::ZERO;
    assert_eq!(off.code(&limit(Side::Buy, "1", "300")), "ok");
}

#[test]
fn the_reference_is_the_newest_of_trade_ticker_and_book_middle() {
    let mut scene = Scene {
        board: seen(&[trade("BTC-USDT", "100", 1), book("BTC-USDT", &[("199", "5")], &[("201", "5")], 2)]),
        ..Scene::new()
    };
    assert_eq!(scene.code(&limit(Side::Buy, "1", "200")), "ok");
    assert_eq!(scene.code(&limit(Side::Buy, "1", "100")), "price_outside_band");
    let mut other = Scene { board: seen(&[trade("ETH-USDT", "100", 1)]), ..Scene::new() };
    assert_eq!(other.code(&limit(Side::Buy, "1", "500")), "ok", "a price of another symbol is none");
}

#[test]
fn without_any_price_a_limit_order_passes_and_a_market_order_does_not() {
    let mut scene = Scene { board: PriceBoard::default(), ..Scene::new() };
    assert_eq!(scene.code(&limit(Side::Buy, "1", "100")), "ok");
    assert_eq!(scene.code(&market(Side::Buy, "1")), "price_unavailable");
}

#[test]
fn positions_are_limited_with_everything_open_filled() {
    // (position, open of the side, order, outcome), at most 250 either way, price 100 so that 500 would be the notional limit
    let cases = [
        ("0", "0", limit(Side::Buy, "100", "100"), "ok"),
        ("151", "0", limit(Side::Buy, "100", "100"), "position_limit"),
        ("150", "0", limit(Side::Buy, "100", "100"), "ok"),
        ("100", "50.001", limit(Side::Buy, "100", "100"), "position_limit"),
        ("-150", "0", limit(Side::Sell, "100", "100"), "ok"),
        ("-150.001", "0", limit(Side::Sell, "100", "100"), "position_limit"),
        // A lowered limit does not lock a position in, but does not let it through zero to the other side either.
        ("400", "0", limit(Side::Sell, "100", "100"), "ok"),
        ("400", "0", limit(Side::Buy, "0.1", "100"), "position_limit"),
        ("400", "580", limit(Side::Sell, "80", "100"), "position_limit"),
    ];
    for (position, open_quantity, order, code) in cases {
        let mut scene = Scene { position, open_quantity, ..Scene::new() };
        assert_eq!(scene.code(&order), code, "{position} {open_quantity} {order:?}");
    }
    let denial = Scene { position: "200", ..Scene::new() }.check(&limit(Side::Buy, "60", "100")).unwrap_err();
    assert_eq!((denial.metrics["projectedPosition"].as_str(), denial.metrics["maxPosition"].as_str()), ("260", "250"));
}

#[test]
fn the_value_of_a_position_is_limited() {
    let mut scene = Scene { board: seen(&[trade("BTC-USDT", "60000", 1)]), ..Scene::new() };
    scene.limits.order_burst = 100;
    scene.throttle = Bucket::new(dec("5"), 100);
    for (order, code) in [
        (limit(Side::Buy, "0.833", "60000"), "ok"),
        (limit(Side::Buy, "0.834", "60000"), "notional_limit"),
        (market(Side::Sell, "0.833"), "ok"),
        (market(Side::Sell, "0.834"), "notional_limit"),
    ] {
        assert_eq!(scene.code(&order), code, "{order:?}");
    }
    scene.position = "0.5";
    assert_eq!(scene.code(&market(Side::Buy, "0.334")), "notional_limit");
    assert_eq!(scene.code(&market(Side::Sell, "0.9")), "ok", "0.4 short is worth 24000");
}

#[test]
fn open_orders_are_limited_per_symbol_and_per_host() {
    for (open, most, code) in [(5, 6, "ok"), (6, 6, "too_many_open_orders"), (6, 0, "ok")] {
        let mut scene = Scene { open_orders: open, ..Scene::new() };
        scene.limits.max_concurrent_orders = most;
        assert_eq!(scene.code(&limit(Side::Buy, "1", "100")), code, "{open} of {most}");
    }
    let mut host = Scene { open_orders_host: 40, ..Scene::new() };
    assert_eq!(host.code(&limit(Side::Buy, "1", "100")), "ok");
    host.host.max_concurrent_orders = Some(40);
    assert_eq!(host.code(&limit(Side::Buy, "1", "100")), "too_many_open_orders");
}

#[test]
fn the_throttle_denies_instead_of_waiting_and_counts_refused_orders_too() {
    let mut scene = Scene::new();
    let wrong = limit(Side::Buy, "1", "300");
    assert_eq!(
        [(); 4].map(|()| scene.code(&wrong)),
        ["price_outside_band", "price_outside_band", "price_outside_band", "rate_limited"]
    );
    let later = OrderRequest { requested_at: Timestamp::from_millis(1_000_200), ..limit(Side::Buy, "1", "100") };
    assert_eq!([(); 2].map(|()| scene.code(&later)), ["ok", "rate_limited"]);
}

#[test]
fn what_an_instance_may_not_send_takes_nothing_from_the_throttle_of_all() {
    let mut scene = Scene { host_throttle: Some(Bucket::new(dec("1"), 1)), ..Scene::new() };
    scene.host.order_throttle = Some(1);
    assert_eq!(scene.code(&limit(Side::Buy, "1", "300")), "price_outside_band");
    assert_eq!(scene.code(&limit(Side::Buy, "1", "100")), "ok");
    assert_eq!(scene.code(&limit(Side::Buy, "1", "100")), "rate_limited");
}

#[test]
fn order_types_can_be_forbidden() {
    let mut scene = Scene::new();
    scene.limits.allowed_order_types = OrderTypes::from([OrderType::Limit]);
    assert_eq!(scene.code(&market(Side::Buy, "1")), "order_type_not_allowed");
    assert_eq!(scene.code(&limit(Side::Buy, "1", "100")), "ok");
}

#[test]
fn no_order_matches_another_of_the_same_account() {
    let ladder = || seen(&[book("BTC-USDT", &[("99.9", "1"), ("99.5", "1")], &[("100.1", "1"), ("100.5", "1")], 1)]);
    let sell_at = |price: &str| limit(Side::Sell, "1", price);
    let buy_at = |price: &str| limit(Side::Buy, "1", price);
    let cases = [
        (buy_at("100.4"), sell_at("100.4"), "self_trade"),
        (buy_at("100.4"), sell_at("100.41"), "ok"),
        (sell_at("100"), buy_at("100"), "self_trade"),
        (sell_at("100"), buy_at("99.99"), "ok"),
        (buy_at("100.4"), buy_at("100.4"), "ok"),
        // A market order of 1 reaches the first level, of 2 the second, of 3 any price.
        (market(Side::Buy, "1"), sell_at("100.1"), "self_trade"),
        (market(Side::Buy, "1"), sell_at("100.2"), "ok"),
        (market(Side::Buy, "2"), sell_at("100.2"), "self_trade"),
        (market(Side::Buy, "2"), sell_at("100.51"), "ok"),
        (market(Side::Buy, "3"), sell_at("100.51"), "self_trade"),
        (market(Side::Sell, "1"), buy_at("99.9"), "self_trade"),
        (market(Side::Sell, "1"), buy_at("99.8"), "ok"),
        // A market order on its way does not rest.
        (buy_at("100"), market(Side::Sell, "1"), "ok"),
    ];
    for (order, open, code) in cases {
        let mut scene = Scene { board: ladder(), account_orders: vec![open.clone()], ..Scene::new() };
        assert_eq!(scene.code(&order), code, "{order:?} against {open:?}");
    }
}
