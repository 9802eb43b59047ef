//! What reports mean for an order.

use super::*;
use crate::base::{InstanceId, ProviderName};
use crate::market::{Liquidity, OrderType, Side, Symbol, TimeInForce};

fn order() -> OrderRecord {
    OrderRecord::new(OrderRequest {
        client_order_id: ClientOrderId::made("o"),
        instance: InstanceId::new("a").unwrap(),
        provider: ProviderName::new("paper").unwrap(),
        symbol: Symbol::new("BTC-USDT").unwrap(),
        side: Side::Buy,
        order_type: OrderType::Limit,
        quantity: Decimal::TEN,
        price: Some(Decimal::ONE_HUNDRED),
        time_in_force: TimeInForce::Gtc,
        requested_at: Timestamp::ZERO,
    })
}

fn report(state: ReportState, fill: Option<(&str, i64, i64)>) -> ExecutionReport {
    ExecutionReport {
        client_order_id: ClientOrderId::made("o"),
        venue_order_id: "v1".into(),
        state,
        filled_quantity: Decimal::ZERO,
        leaves_quantity: Decimal::ZERO,
        average_price: Decimal::ZERO,
        fill: fill.map(|(id, quantity, price)| Fill {
            execution_id: id.into(),
            price: price.into(),
            quantity: quantity.into(),
            fee: Decimal::ZERO,
            fee_asset: "USDT".into(),
            liquidity: Liquidity::Maker,
        }),
        time: Timestamp::from_millis(5),
        reason: None,
    }
}

fn take(record: &mut OrderRecord, report: &ExecutionReport) -> Step {
    let step = record.step(report);
    match &step {
        Step::Regular(next, fill) => record.advance(report, *next, fill.as_ref()),
        Step::LateFill(fill) => record.advance(report, record.state, Some(fill)),
        Step::Repeated | Step::Illegal(_) => {}
    }
    step
}

#[test]
fn a_whole_life() {
    let mut order = order();
    for (report, state, filled) in [
        (report(ReportState::Ack, None), OrderState::Acknowledged, 0),
        (report(ReportState::Partial, Some(("e1", 4, 100))), OrderState::Partial, 4),
        (report(ReportState::Filled, Some(("e2", 6, 90))), OrderState::Filled, 10),
    ] {
        assert!(matches!(take(&mut order, &report), Step::Regular(next, _) if next == state));
        assert_eq!((order.state, order.filled_quantity), (state, filled.into()));
    }
    assert_eq!(
        (order.average_price(), order.leaves(), order.completed_at),
        (Decimal::from(94), Decimal::ZERO, Some(Timestamp::from_millis(5)))
    );
    assert_eq!(order.venue_order_id.as_deref(), Some("v1"));
}

#[test]
fn a_fill_counts_once() {
    let mut order = order();
    take(&mut order, &report(ReportState::Partial, Some(("e1", 4, 100))));
    assert_eq!(take(&mut order, &report(ReportState::Partial, Some(("e1", 4, 100)))), Step::Repeated);
    assert_eq!(order.filled_quantity, Decimal::from(4));
}

#[test]
fn two_halves_are_written_like_one_whole() {
    let mut order = order();
    for id in ["e1", "e2"] {
        let mut half = report(ReportState::Partial, Some((id, 0, 100)));
        half.fill.as_mut().unwrap().quantity = "0.00005".parse().unwrap();
        take(&mut order, &half);
    }
    assert_eq!(order.filled_quantity.to_string(), "0.0001");
}

#[test]
fn a_fill_after_the_cancel_is_not_lost_and_does_not_reopen_the_order() {
    let mut order = order();
    take(&mut order, &report(ReportState::Cancelled, None));
    assert!(matches!(take(&mut order, &report(ReportState::Partial, Some(("e1", 4, 100)))), Step::LateFill(_)));
    assert_eq!((order.state, order.filled_quantity, order.leaves()), (OrderState::Cancelled, Decimal::from(4), Decimal::ZERO));
    assert_eq!(take(&mut order, &report(ReportState::Partial, Some(("e1", 4, 100)))), Step::Repeated);
}

#[test]
fn an_acknowledgement_after_the_end_is_illegal() {
    let mut order = order();
    take(&mut order, &report(ReportState::Filled, Some(("e1", 10, 100))));
    let before = order.clone();
    for state in [ReportState::Ack, ReportState::Cancelled, ReportState::Rejected, ReportState::Expired] {
        assert!(matches!(take(&mut order, &report(state, None)), Step::Illegal(_)));
    }
    assert_eq!(order, before);
}

#[test]
fn memory_of_ended_orders_and_chosen_ids_is_bounded() {
    let mut orders = Orders::default();
    for n in 0..REMEMBERED + 10 {
        let mut record = order();
        record.request.client_order_id = ClientOrderId::made(n.to_string());
        record.state = OrderState::Filled;
        orders.insert(record, true);
        orders.ended(&ClientOrderId::made(n.to_string()));
    }
    assert_eq!((orders.entries.len(), orders.ended.len()), (REMEMBERED, REMEMBERED));
    assert!(!orders.knows(&ClientOrderId::made("9")) && orders.knows(&ClientOrderId::made("10")));
    for n in 0..CHOSEN + 1 {
        orders.remember_chosen(&ClientOrderId::made(format!("c{n}")));
    }
    assert_eq!((orders.chosen.len(), orders.chosen_order.len()), (CHOSEN, CHOSEN));
    assert!(!orders.knows(&ClientOrderId::made("c0")) && orders.knows(&ClientOrderId::made("c1")));
}
