//! Profit, fees and days against an independent recomputation from the fills: exact fractions, every figure from its definition.

use proptest::prelude::*;

use super::*;
use crate::market::{Fill, Liquidity};
use crate::trading::lane::Book;
use crate::trading::prices::PriceBoard;

/// An exact fraction, in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Ratio(i128, i128);

impl Ratio {
    fn new(above: i128, below: i128) -> Self {
        let (mut a, mut b) = (above.abs(), below.abs());
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let common = a.max(1) * below.signum();
        Self(above / common, below / common)
    }

    fn plus(self, other: Self) -> Self {
        Self::new(self.0 * other.1 + other.0 * self.1, self.1 * other.1)
    }

    fn times(self, above: i128, below: i128) -> Self {
        Self::new(self.0 * above, self.1 * below)
    }

    fn is_near(self, decimal: Decimal) -> bool {
        let exact = Decimal::from_i128_with_scale(self.0, 0) / Decimal::from_i128_with_scale(self.1, 0);
        (exact - decimal).abs() < Decimal::new(1, 9)
    }
}

#[derive(Clone, Copy, Debug)]
struct Deal {
    buy: bool,
    quantity: i64,
    price: i64,
    fee: i64,
    in_base: bool,
    /// Whether it is the first of a new day.
    next_day: bool,
}

fn deals() -> impl Strategy<Value = Vec<Deal>> {
    let deal = (any::<bool>(), 1..12_i64, 1..1000_i64, 0..5_i64, any::<bool>(), prop::bool::weighted(0.2))
        .prop_map(|(buy, quantity, price, fee, in_base, next_day)| Deal { buy, quantity, price, fee, in_base, next_day });
    prop::collection::vec(deal, 1..7)
}

/// What the definitions say: held, average cost of it, realised and fees in all and today.
#[derive(Debug)]
struct Ledger {
    held: i128,
    average: Ratio,
    realised: Ratio,
    fees: i128,
    today: (Ratio, i128),
}

fn recomputed(deals: &[Deal]) -> Ledger {
    let zero = Ratio::new(0, 1);
    let mut ledger = Ledger { held: 0, average: zero, realised: zero, fees: 0, today: (zero, 0) };
    for deal in deals {
        if deal.next_day {
            ledger.today = (zero, 0);
        }
        let (price, sign) = (i128::from(deal.price), if deal.buy { 1 } else { -1 });
        // One unit at a time: what no shortcut of the real thing does.
        for _ in 0..deal.quantity {
            if ledger.held * sign < 0 {
                let earned = Ratio::new(price, 1).plus(ledger.average.times(-1, 1)).times(-sign, 1);
                ledger.realised = ledger.realised.plus(earned);
                ledger.today.0 = ledger.today.0.plus(earned);
            } else {
                let cost = ledger.average.times(ledger.held.abs(), 1).plus(Ratio::new(price, 1));
                ledger.average = cost.times(1, ledger.held.abs() + 1);
            }
            ledger.held += sign;
        }
        let fee = i128::from(deal.fee) * if deal.in_base { price } else { 1 };
        ledger.fees += fee;
        ledger.today.1 += fee;
    }
    ledger
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]
    #[test]
    fn profit_fees_and_days_are_what_the_fills_say(deals in deals(), mark in 1..1000_i64) {
        let (symbol, instance) = (Symbol::new("BTC-USDT").unwrap(), name("a"));
        let (mut book, mut board, mut day) = (Book::default(), PriceBoard::default(), 20_000_u64);
        for (n, deal) in deals.iter().enumerate() {
            day += u64::from(deal.next_day);
            let fill = Fill {
                execution_id: n.to_string().into(),
                price: deal.price.into(),
                quantity: deal.quantity.into(),
                fee: deal.fee.into(),
                fee_asset: if deal.in_base { "BTC" } else { "USDT" }.into(),
                liquidity: Liquidity::Taker,
            };
            let side = if deal.buy { Side::Buy } else { Side::Sell };
            let time = Timestamp::from_millis(day * 86_400_000 + n as u64);
            book.line_mut(&instance).holding(&symbol).apply(&symbol, side, &fill, time).unwrap();
        }
        board.observe(&Arc::new(events::trade("BTC-USDT", &mark.to_string(), 1)));
        let expected = recomputed(&deals);
        let holding = book.line_mut(&instance).holding(&symbol);
        let (position, fees) = (holding.ledger.position, holding.ledger.fees_quote);
        prop_assert_eq!((position.quantity, fees), (Decimal::from(expected.held), Decimal::from(expected.fees)));
        prop_assert!(expected.realised.is_near(position.realised_profit), "{:?} {position:?}", expected);
        let average = if expected.held == 0 { Ratio::new(0, 1) } else { expected.average };
        prop_assert!(average.is_near(position.average_price()), "{:?} {position:?}", expected);
        let unrealised = Ratio::new(mark.into(), 1).plus(average.times(-1, 1)).times(expected.held, 1);
        prop_assert!(unrealised.is_near(position.unrealised_profit(mark.into())));

        let today = book.day(&instance, "USDT", day, &board);
        prop_assert_eq!(today.fees, Decimal::from(expected.today.1));
        prop_assert!(expected.today.0.is_near(today.realised));
        let lost = if unrealised.0 < 0 { unrealised.times(-1, 1) } else { Ratio::new(0, 1) };
        let loss = Ratio::new(expected.today.1, 1).plus(expected.today.0.times(-1, 1)).plus(lost);
        prop_assert!(loss.is_near(today.loss()), "{loss:?} {today:?}");
        prop_assert_eq!(book.day(&instance, "USDT", day + 1, &board).fees, Decimal::ZERO);
        prop_assert_eq!(book.day(&instance, "EUR", day, &board).fees, Decimal::ZERO);
    }
}
