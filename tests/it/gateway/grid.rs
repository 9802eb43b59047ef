//! What the old `grid` does.

use super::*;

fn two() -> Value {
    json!({ "grid_levels": 2, "grid_spacing": 1, "dry_run": false })
}

const LADDER: [&str; 4] = ["Buy Limit 1 at 99", "Buy Limit 1 at 98", "Sell Limit 1 at 101", "Sell Limit 1 at 102"];

fn lines(rungs: &[&str], state: &str) -> Vec<String> {
    rungs.iter().map(|rung| format!("{rung} {state}")).collect()
}

/// Case 43.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_43_places_two_rungs_a_side_and_quotes_again_at_the_price_of_the_fill() {
    let quiet = Script::new().book("98.95", "100.1").bought("100").bought("100.02");
    let played = Old::new("grid").config(two()).play(quiet).await.quietly();
    assert_eq!(played.orders, lines(&LADDER, "EXPIRED"), "they rest until the venue closes, and no second ladder comes");

    let fill = Script::new().book("98.95", "100.1").bought("100").bought("100.02").sold("98.98").bought("98.99");
    let played = Old::new("grid").config(two()).play(fill).await.quietly();
    assert_eq!(played.orders[0], "Buy Limit 1 at 99 FILLED");
    assert_eq!(played.orders[1..4], lines(&LADDER[1..], "EXPIRED"));
    assert_eq!(played.orders[4..], ["Sell Limit 1 at 99 EXPIRED"], "no spacing: no profit");
    assert_eq!(played.after("[GRID] SELL on alpha at "), ["101", "102", "99"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sale_is_bought_back_at_the_same_price() {
    let fill = Script::new().book("99.9", "101.05").bought("100").bought("100.02").bought("101.02").bought("101.01");
    let played = Old::new("grid").config(two()).play(fill).await.quietly();
    assert_eq!(played.orders[2], "Sell Limit 1 at 101 FILLED");
    assert_eq!(played.orders[4..], ["Buy Limit 1 at 101 EXPIRED"]);
}

/// The rungs go where the time says, what answers a fill goes where the fill was: at an odd millisecond the time says `beta`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fill_is_answered_at_its_own_provider() {
    for pace_ms in [1_000, 1_001] {
        let market = Script::new().every_ms(1_000).book("98.95", "100.1").bought("100");
        let market = market.every_ms(pace_ms).sold("98.98").bought("98.99");
        let played = Old::new("grid").config(two()).beside("beta").play(market).await.quietly();
        assert_eq!(played.orders[0], "Buy Limit 1 at 99 FILLED", "{played:#?}");
        assert!(played.orders[4].starts_with("Sell Limit 1 at 99 ") && played.providers == ["alpha"; 5], "{played:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_base_price_is_configured_or_that_of_the_first_trade() {
    let market = || Script::new().book("99.9", "100.1").bought("100");
    let with = |base: i32| json!({ "grid_levels": 1, "grid_spacing": 1, "base_price": base, "dry_run": false });
    let based = Old::new("grid").config(with(110)).play(market()).await.quietly();
    assert_eq!(based.orders[1], "Sell Limit 1 at 111.1 EXPIRED");
    assert_eq!(based.after("[GRID] initialized around "), ["110"]);
    let negative = Old::new("grid").config(with(-1)).play(market()).await.quietly();
    assert_eq!(negative.orders, ["Buy Limit 1 at 99 EXPIRED", "Sell Limit 1 at 101 EXPIRED"]);
}

/// Each failure is logged, the others go out, and a ladder that failed as a whole is not tried again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rung_that_fails_is_logged_and_the_ladder_is_never_laid_again() {
    let market = || Script::new().book("99.9", "100.1").bought("100").bought("100.02").bought("100.04");
    let limits = json!({ "priceBandPercent": 1.5, "maxRiskBreaches": 100 });
    let played = Old::new("grid").config(two()).limits(limits).play(market()).await.quietly();
    let states = ["EXPIRED", "DENIED", "EXPIRED", "DENIED"];
    let expected: Vec<_> = LADDER.iter().zip(states).map(|(rung, state)| format!("{rung} {state}")).collect();
    assert_eq!(played.orders, expected);
    let failed: Vec<_> = played.said.iter().filter(|line| line.contains(" failed: submit order: denied: price ")).collect();
    assert_eq!(failed.len(), 2, "{played:#?}");

    let limits = json!({ "priceBandPercent": 0.5, "maxRiskBreaches": 100 });
    let played = Old::new("grid").config(two()).limits(limits).play(market()).await.quietly();
    assert_eq!(played.orders, lines(&LADDER, "DENIED"), "and no second ladder at the next trades");
}

/// Decision 25: the throttle denies where the gateway's let the strategy wait. So a ladder of six needs `orderBurst` for six.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_default_throttle_lets_three_of_six_rungs_through() {
    let config = json!({ "grid_spacing": 1, "dry_run": false });
    let market = || Script::new().book("99.9", "100.1").bought("100");
    let throttle = json!({ "orderThrottle": "5", "orderBurst": 3, "maxRiskBreaches": 100 });
    let played = Old::new("grid").config(config.clone()).limits(throttle).play(market()).await.quietly();
    let states: Vec<_> = played.orders.iter().map(|line| line.rsplit(' ').next().unwrap()).collect();
    assert_eq!(states, ["EXPIRED", "EXPIRED", "EXPIRED", "DENIED", "DENIED", "DENIED"]);
    assert_eq!(
        played.said.iter().filter(|line| line.contains("denied: rate_limited")).count(),
        6,
        "thrown and reported: {played:#?}"
    );
    let burst = json!({ "orderThrottle": "5", "orderBurst": 6 });
    let played = Old::new("grid").config(config).limits(burst).play(market()).await.quietly();
    assert!(played.orders.len() == 6 && played.orders.iter().all(|line| line.ends_with("EXPIRED")), "{played:#?}");
}

/// A price off the tick is refused, as every exchange refuses it, and so is one with more than twelve digits after the point; the
/// gateway passed both on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_price_between_two_ticks_is_refused_and_logged() {
    let limits = json!({ "maxRiskBreaches": 100 });
    let market = Script::new().book("99.9", "100.1").bought("100.01");
    let played = Old::new("grid").config(two()).limits(limits).play(market).await.quietly();
    assert_eq!(played.orders[0], "Buy Limit 1 at 99.0099 DENIED");
    let failed = |why: &str| played.said.iter().filter(|line| line.contains(" failed: ") && line.contains(why)).count();
    assert_eq!(failed("is not a multiple of 0.01, the tick of BTC-USDT"), 2, "{played:#?}");
    assert_eq!(failed("price `101.01010000000001` is not a decimal"), 1, "{played:#?}");
}
