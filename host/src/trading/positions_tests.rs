//! Positions by hand and against a model.

use proptest::prelude::*;

use super::*;
use crate::market::{Liquidity, decimal};

fn dec(text: &str) -> Decimal {
    decimal::parse(text).unwrap()
}

#[test]
fn a_position_by_hand() {
    let mut position = Position::default();
    // (side, quantity, price, then: quantity, average price, realised profit)
    let steps = [
        (Side::Buy, "1", "100", "1", "100", "0"),
        (Side::Buy, "3", "104", "4", "103", "0"),
        (Side::Sell, "1", "110", "3", "103", "7"),
        (Side::Sell, "5", "100", "-2", "100", "-2"),
        (Side::Sell, "2", "90", "-4", "95", "-2"),
        (Side::Buy, "3", "80", "-1", "95", "43"),
        (Side::Buy, "1", "96", "0", "0", "42"),
    ];
    for (side, quantity, price, after, average, realised) in steps {
        position.apply(side, dec(quantity), dec(price)).unwrap();
        assert_eq!(
            (position.quantity, position.average_price(), position.realised_profit),
            (dec(after), dec(average), dec(realised))
        );
    }
    assert_eq!(position.cost, Decimal::ZERO);
}

#[test]
fn what_no_decimal_can_hold_changes_nothing() {
    let mut position = Position::default();
    let huge = dec("9999999999999999.999999999999");
    assert_eq!(position.apply(Side::Buy, huge, huge), Err(TooLarge));
    assert_eq!(position, Position::default());
}

#[test]
fn fees_are_kept_by_currency_and_valued_at_their_fill() {
    let symbol = Symbol::new("BTC-USDT").unwrap();
    let fill = |fee: &str, asset: &str, price: &str| Fill {
        execution_id: "x".into(),
        price: dec(price),
        quantity: dec("1"),
        fee: dec(fee),
        fee_asset: asset.into(),
        liquidity: Liquidity::Taker,
    };
    let mut ledger = Ledger::default();
    for fill in [fill("0.001", "BTC", "60000"), fill("0.002", "BTC", "50000"), fill("7.5", "USDT", "1"), fill("3", "BNB", "1")] {
        ledger.apply(&symbol, Side::Buy, &fill).unwrap();
    }
    assert_eq!(ledger.fees_quote, dec("167.5"));
    let charged: Vec<_> = ledger.fees.iter().map(|(asset, fee)| format!("{asset} {fee}")).collect();
    assert_eq!(charged, ["BNB 3", "BTC 0.003", "USDT 7.5"]);
}

/// Quantities of 8 decimals, prices of 2: finer than any instrument of the tapes.
fn fills() -> impl Strategy<Value = Vec<(bool, u32, u32)>> {
    prop::collection::vec((any::<bool>(), 1_u32..2_000_000_000, 1_u32..20_000_000), 1..60)
}

proptest! {
    /// The money that moved, and what is left of it in profit and stock, agree to the last digit, whatever is rounded.
    #[test]
    fn not_a_digit_is_lost(fills in fills(), mark in 1_u32..20_000_000) {
        let (mut position, mut money, mut stock) = (Position::default(), Decimal::ZERO, Decimal::ZERO);
        for (buy, quantity, price) in fills {
            let side = if buy { Side::Buy } else { Side::Sell };
            let (quantity, price) = (Decimal::new(quantity.into(), 8), Decimal::new(price.into(), 2));
            position.apply(side, quantity, price).unwrap();
            money -= side.signed(quantity * price);
            stock += side.signed(quantity);
            prop_assert_eq!(position.quantity, stock);
            prop_assert_eq!(position.realised_profit - position.cost, money);
            prop_assert!(position.quantity.is_zero() || position.cost.is_sign_negative() == stock.is_sign_negative());
            if stock.is_zero() {
                prop_assert_eq!((position.cost, position.realised_profit), (Decimal::ZERO, money));
            }
        }
        let mark = Decimal::new(mark.into(), 2);
        prop_assert_eq!(position.realised_profit + position.unrealised_profit(mark), money + stock * mark);
    }

    /// One fill or the same in two parts: the same position.
    #[test]
    fn parts_add_up(first in 1_u32..1_000_000, second in 1_u32..1_000_000, price in 1_u32..10_000_000, start in -1_000_000_i64..1_000_000) {
        let begin = Position { quantity: Decimal::new(start, 4), cost: Decimal::new(start * 50, 4), realised_profit: Decimal::ZERO };
        let (first, second, price) = (Decimal::new(first.into(), 4), Decimal::new(second.into(), 4), Decimal::new(price.into(), 2));
        let (mut whole, mut parts) = (begin, begin);
        whole.apply(Side::Sell, first + second, price).unwrap();
        parts.apply(Side::Sell, first, price).unwrap();
        parts.apply(Side::Sell, second, price).unwrap();
        prop_assert_eq!(whole.quantity, parts.quantity);
        prop_assert_eq!(whole.realised_profit - whole.cost, parts.realised_profit - parts.cost);
        prop_assert!((whole.realised_profit - parts.realised_profit).abs() <= Decimal::new(2, 12));
    }
}
