//! Day budgets: what is lost and paid today, told once, reducing orders pass, midnight frees.

use super::*;
use crate::market::ReportState;
use crate::trading::RiskOverrides;

const MIDNIGHT: u64 = 86_400_000;

fn budgets(loss: Option<&str>, fees: Option<&str>) -> RiskConfig {
    let limits = RiskLimits { max_loss_per_day: loss.map(dec), max_fees_per_day: fees.map(dec), ..RiskLimits::default() };
    RiskConfig { limits, ..RiskConfig::default() }
}

impl Instance<'_> {
    fn trades(&self, side: Side, quantity: &str, price: &str) {
        let id = self.order(side, quantity, price).unwrap();
        self.house.venue.say(&id, ReportState::Filled, Some((quantity, price)));
    }

    fn risk_mail(&self) -> Vec<String> {
        self.mail().into_iter().filter(|line| line.contains("DAILY")).collect()
    }
}

#[tokio::test]
async fn a_realised_loss_stops_what_increases_exposure_until_midnight() {
    let house = House::with(budgets(Some("2"), None), None, true).await;
    let a = house.instance("a");
    a.trades(Side::Buy, "3", "100");
    a.trades(Side::Sell, "2", "99");
    // Lost: 2 realised, 0.02 of fees, and nothing on the one that is left, valued at 100.
    assert_eq!(a.risk_mail(), ["#1 Triggered DAILY_LOSS kill=false breaker=false"]);
    let denied = a.order(Side::Buy, "1", "100").unwrap_err();
    assert_eq!(denied.code, "daily_loss_limit");
    assert!(denied.message.contains("2.02 USDT, maxLossPerDay = 2"), "{}", denied.message);
    assert_eq!(a.order(Side::Sell, "2", "100").unwrap_err().code, "daily_loss_limit", "through zero is no reduction");
    a.trades(Side::Sell, "1", "100");
    assert_eq!(a.order(Side::Sell, "1", "100").unwrap_err().code, "daily_loss_limit");
    assert!(a.risk_mail().is_empty(), "told once");
    let day = &house.desk.risk_state(&a.id).day[0];
    assert_eq!((day.loss, day.loss_reached, day.fees), (dec("2.03"), true, dec("0.03")));
    assert_eq!(house.desk.risk_state(&a.id).breaches, 0, "no misdeed");

    house.venue.clock.advance_to(Timestamp::from_millis(MIDNIGHT));
    house.venue.outlet().publish(events::trade("BTC-USDT", "100", MIDNIGHT));
    assert_eq!(a.risk_mail(), ["#2 Cleared DAILY_LOSS kill=false breaker=false"]);
    let tomorrow = OrderDraft { requested_at: Timestamp::from_millis(MIDNIGHT), ..a.draft(Side::Buy, "1", Some("100")) };
    house.desk.submit(tomorrow).unwrap();
}

#[tokio::test]
async fn what_is_open_counts_at_the_price_of_the_moment_gains_do_not() {
    let house = House::with(budgets(Some("5"), None), None, true).await;
    let a = house.instance("a");
    a.trades(Side::Buy, "10", "100");
    house.venue.outlet().publish(events::trade("BTC-USDT", "130", 1_002_000));
    let order = |price| a.order(Side::Buy, "1", price).map(drop).map_err(|error| error.code);
    assert_eq!(order("130"), Ok(()));
    house.venue.outlet().publish(events::trade("BTC-USDT", "99.4", 1_003_000));
    assert_eq!(order("99.4"), Err("daily_loss_limit"));
    // Used up is used up, also when the price comes back.
    house.venue.outlet().publish(events::trade("BTC-USDT", "120", 1_004_000));
    assert_eq!(order("120"), Err("daily_loss_limit"));
    assert_eq!(a.risk_mail(), ["#1 Triggered DAILY_LOSS kill=false breaker=false"]);
    // Another limit is asked anew.
    drop(house.desk.set_risk(budgets(Some("50"), None)));
    assert_eq!(order("120"), Ok(()));
}

#[tokio::test]
async fn fees_have_a_budget_of_their_own_and_each_instance_one_of_its_own() {
    let house = House::new().await;
    let (a, b) = (house.instance("a"), house.instance("b"));
    let own = RiskOverrides { max_fees_per_day: Some(dec("0.02")), ..RiskOverrides::default() };
    drop(house.desk.set_instance_limits(&a.id, Some(own)));
    for instance in [&a, &b] {
        instance.trades(Side::Buy, "1", "100");
        instance.trades(Side::Buy, "1", "100");
    }
    let denied = a.order(Side::Buy, "1", "100").unwrap_err();
    assert_eq!((denied.code, denied.message.contains("0.02 USDT, maxFeesPerDay = 0.02")), ("daily_fee_limit", true));
    assert!(a.order(Side::Sell, "1", "100").is_ok());
    assert!(b.order(Side::Buy, "1", "100").is_ok());
    drop(house.desk.set_instance_limits(&a.id, None));
    assert!(a.order(Side::Buy, "0.5", "99.5").is_ok());
}

#[tokio::test]
async fn a_short_may_be_closed_to_the_last_piece() {
    let house = House::with(budgets(None, Some("0.01")), None, true).await;
    let a = house.instance("a");
    a.trades(Side::Sell, "2", "100");
    assert_eq!(a.order(Side::Sell, "1", "100").unwrap_err().code, "daily_fee_limit");
    a.trades(Side::Buy, "2", "100");
    assert_eq!(house.desk.position(&a.id, None, None).unwrap().quantity, Decimal::ZERO);
}
