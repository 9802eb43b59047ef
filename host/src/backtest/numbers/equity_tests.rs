//! Small runs whose numbers can be computed by hand, and a long one whose memory is looked at.

use super::*;
use crate::market::{DecimalText, Fill, Liquidity, ReportState, Trade};

struct Run {
    measure: Measure,
    symbol: Symbol,
}

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

impl Run {
    fn new(capital: u32) -> Self {
        let symbol = Symbol::new("BTC-USDT").unwrap();
        let feeds = vec![(ProviderName::new("paper").unwrap(), vec![symbol.clone()])];
        let capital = BTreeMap::from([("USDT".into(), Decimal::from(capital))]);
        Self { measure: Measure::new(feeds, &capital, at(0)), symbol }
    }

    fn price(&mut self, millis: u64, price: Decimal) {
        let trade = Trade {
            trade_id: "1".into(),
            side: Side::Buy,
            price: DecimalText::new(price),
            quantity: DecimalText::new(Decimal::ONE),
            time: at(millis),
        };
        let event = Event {
            provider: ProviderName::new("paper").unwrap(),
            symbol: Some(self.symbol.clone()),
            sequence: 1,
            ingest_time: at(millis),
            emit_time: at(millis),
            payload: Payload::Trade(trade),
        };
        self.measure.heard(0, &event, at(millis));
    }

    fn fill(&mut self, millis: u64, side: Side, quantity: &str, price: &str, fee: (&str, &str)) {
        let fill = Fill {
            execution_id: "1".into(),
            price: decimal(price),
            quantity: decimal(quantity),
            fee: decimal(fee.0),
            fee_asset: fee.1.into(),
            liquidity: Liquidity::Taker,
        };
        let report = ExecutionReport {
            client_order_id: crate::market::ClientOrderId::made("play-1"),
            venue_order_id: "1".into(),
            state: ReportState::Filled,
            filled_quantity: fill.quantity,
            leaves_quantity: Decimal::ZERO,
            average_price: fill.price,
            fill: Some(fill),
            time: at(millis),
            reason: None,
        };
        self.measure.reported(0, &self.symbol, side, &report, at(millis));
    }
}

#[test]
fn a_trade_by_hand() {
    let mut run = Run::new(1_000);
    run.price(1_000, decimal("100"));
    run.fill(2_000, Side::Buy, "2", "100", ("1", "USDT"));
    run.price(3_000, decimal("110"));
    run.price(4_000, decimal("95"));
    run.fill(5_000, Side::Sell, "2", "105", ("1", "USDT"));
    run.price(6_000, decimal("500"));
    let measured = run.measure.close(at(10_000), &BTreeMap::from([(run.symbol, 2)]));
    let numbers = &measured.numbers["USDT"];
    let money = [numbers.gross, numbers.fees, numbers.net, numbers.max_drawdown, numbers.traded];
    assert_eq!(money.map(|value| value.to_string()), ["10", "2", "8", "30", "410"]);
    // From 1,019 at 3 s to 989 at 4 s.
    assert_eq!(numbers.max_drawdown_from.as_deref(), Some("1970-01-01T00:00:03.000000000Z"));
    assert_eq!(numbers.max_drawdown_to.as_deref(), Some("1970-01-01T00:00:04.000000000Z"));
    assert_eq!((numbers.ratio, numbers.exposure, numbers.turnover), (Some(0.008), Some(0.3), Some(0.41)));
    assert_eq!(numbers.max_drawdown_fraction, Some(0.029_440_628_066_7));
    assert_eq!((numbers.orders, numbers.fills, numbers.trades, numbers.open_trades), (2, 2, 1, 0));
    assert_eq!((numbers.win_rate, numbers.best_trade), (Some(1.0), Some(Decimal::from(8))));
    let grid: Vec<String> = measured.equity["USDT"].grid.equity.iter().map(ToString::to_string).collect();
    assert_eq!(grid, ["1000", "1000", "999", "1019", "989", "1008", "1008", "1008", "1008", "1008", "1008"]);
    assert!(numbers.sharpe.is_some() && numbers.sortino.is_some());
    assert_eq!(numbers.remarks.keys().collect::<Vec<_>>(), ["averageLoss", "profitFactor", "sharpe", "sortino"]);
    assert_eq!(numbers.remarks["sharpe"], "annualised from 10 seconds: says little of a year");
}

#[test]
fn what_cannot_be_given_says_why() {
    let mut run = Run::new(0);
    run.price(0, decimal("100"));
    run.fill(0, Side::Buy, "1", "100", ("0.01", "BTC"));
    run.fill(0, Side::Buy, "1", "100", ("0.5", "BNB"));
    let measured = run.measure.close(at(0), &BTreeMap::new());
    let numbers = &measured.numbers["USDT"];
    // The fee in base currency counts at the price of its fill; the one in a third currency is only told.
    assert_eq!((numbers.fees, numbers.net, numbers.open_trades), (Decimal::ONE, Decimal::NEGATIVE_ONE, 1));
    assert!(numbers.remarks["fees"].starts_with("1 fees were paid"), "{:?}", numbers.remarks);
    for (name, value) in
        [("return", numbers.ratio), ("turnover", numbers.turnover), ("sharpe", numbers.sharpe), ("exposure", numbers.exposure)]
    {
        assert!(value.is_none() && numbers.remarks.contains_key(name), "{name}: {:?}", numbers.remarks);
    }
}

#[test]
fn memory_does_not_grow_with_events() {
    let mut run = Run::new(1_000_000);
    run.price(0, decimal("50000"));
    run.fill(0, Side::Buy, "1", "50000", ("0", "USDT"));
    let (mut lowest, mut state) = (Decimal::MAX, 7_u64);
    for number in 1..300_000_u64 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let price = Decimal::new(5_000_000 + i64::try_from(state >> 45).unwrap(), 2);
        lowest = lowest.min(price);
        run.price(number * 1_000, price);
    }
    let measured = run.measure.close(at(300_000_000), &BTreeMap::new());
    let curve = &measured.equity["USDT"];
    assert!(curve.time.len() <= 2_000 && curve.time.len() > 600, "{}", curve.time.len());
    assert!(
        measured.prices[0].time.len() <= 2_000 && measured.prices[0].price.iter().min() == Some(&lowest.min(decimal("50000")))
    );
    assert_eq!((curve.grid.step_seconds, curve.grid.equity.len()), (60, 5_001));
    assert_eq!(curve.drawdown.iter().max(), Some(&measured.numbers["USDT"].max_drawdown), "the deepest fall is drawn");
}

#[test]
fn a_long_price_curve_has_two_points_for_each_bucket() {
    let mut run = Run::new(1_000);
    let mut state = 7_u64;
    for number in 0..400_000_u64 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        run.price(number * 1_000, Decimal::new(5_000_000 + i64::try_from(state >> 45).unwrap(), 2));
    }
    let measured = run.measure.close(at(400_000_000), &BTreeMap::new());
    let points = measured.prices[0].time.len();
    assert!((1_000..=2_000).contains(&points), "{points}");
}
