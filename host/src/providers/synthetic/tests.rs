//! A synthetic market is the same for its seed, and always a market.

use proptest::prelude::*;
use sha2::Digest as _;

use super::*;
use crate::market::{Book, Grid, Side};
use crate::providers::paper::{Blueprint, Market as _, PaperConfigError};
use crate::providers::tape::{Body, Record};

fn config(json: serde_json::Value) -> SyntheticConfig {
    serde_json::from_value(json).unwrap()
}

fn blueprint(config: &SyntheticConfig) -> Result<Blueprint, PaperConfigError> {
    config.blueprint("p".parse().unwrap())
}

/// The first records of one instrument, as text.
fn records(config: &SyntheticConfig, place: usize, count: usize) -> Vec<Record> {
    let market = SyntheticMarket::new(config).unwrap();
    let mut source = market.open(None).unwrap().remove(place);
    let next = |_| {
        let mut record = Record::default();
        assert!(source.read(&mut record).unwrap(), "it never ends");
        record
    };
    (0..count).map(next).collect()
}

/// Numbers only, so that no change of a `Debug` text changes it.
fn fingerprint(records: &[Record]) -> String {
    let mut hasher = sha2::Sha256::new();
    let mut put = |number: u64| hasher.update(number.to_le_bytes());
    for record in records {
        put(record.received_at.as_nanos());
        put(record.venue_at.as_nanos());
        match record.body {
            Body::Snapshot { update_id } => put(update_id),
            Body::Depth { first_id, last_id } => [first_id, last_id].into_iter().for_each(&mut put),
            Body::Best { .. } => unreachable!("there is none"),
            Body::Trade { trade_id, price, quantity, aggressor, .. } => {
                [trade_id, price.unsigned_abs(), quantity.unsigned_abs(), u64::from(aggressor == Side::Buy)]
                    .into_iter()
                    .for_each(&mut put);
            }
        }
        for level in record.bids.iter().chain(&record.asks) {
            put(level.price.unsigned_abs());
            put(level.quantity.unsigned_abs());
        }
    }
    hasher.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Changes only when the model is changed on purpose: whoever kept a result then finds another market.
#[test]
fn the_market_of_a_seed_is_the_same_everywhere() {
    let settings = SyntheticConfig::default();
    let markets: Vec<String> = (0..3).map(|place| fingerprint(&records(&settings, place, 20_000))).collect();
    assert_eq!(markets, GOLDEN);
    assert_eq!(fingerprint(&records(&settings, 1, 20_000)), markets[1], "again");
    let other = SyntheticConfig { seed: 2, ..settings };
    assert_ne!(fingerprint(&records(&other, 0, 20_000)), markets[0]);
}

const GOLDEN: [&str; 3] = ["8b02ffc13de0c8ec", "cee1a0a346aef3c3", "98403d2afac16f2d"];

/// Lowest, highest and last price of the trades in the first hour or so, in ticks.
fn prices(settings: &SyntheticConfig) -> (i64, i64, i64) {
    let trade = |record: Record| match record.body {
        Body::Trade { price, .. } => Some(price),
        _ => None,
    };
    let trades: Vec<i64> = records(settings, 0, 60_000).into_iter().filter_map(trade).collect();
    (*trades.iter().min().unwrap(), *trades.iter().max().unwrap(), *trades.last().unwrap())
}

#[test]
fn trend_volatility_and_shocks_show() {
    // The price is 10,000 ticks; the book reaches 11 of them to either side.
    let quiet = config(serde_json::json!({ "volatilityPpm": 0, "shockEvery": "0", "symbols": { "A-B": {} } }));
    let (lowest, highest, _) = prices(&quiet);
    assert!(lowest >= 9_989 && highest <= 10_011, "nothing moves: {lowest} to {highest}");
    let (lowest, _, last) = prices(&SyntheticConfig { trend_ppm: 1_000, ..quiet.clone() });
    assert!(last > 10_300 && lowest >= 9_989, "it rises: {lowest}, at last {last}");
    let (lowest, highest, _) = prices(&SyntheticConfig { shock_every: "10s".into(), shock_ppm: 10_000, ..quiet.clone() });
    assert!(highest - lowest > 300, "it jumps: {lowest} to {highest}");
    let (lowest, highest, _) = prices(&SyntheticConfig { volatility_ppm: 5_000, ..quiet });
    assert!(highest - lowest > 100, "it wanders: {lowest} to {highest}");
}

#[test]
fn what_cannot_be_is_named() {
    let wrong = [
        (serde_json::json!({ "symbols": {} }), "symbols"),
        (serde_json::json!({ "symbols": { "A-B": { "basePrice": "0.05" } } }), "symbols"),
        (serde_json::json!({ "symbols": { "A-B": { "basePrice": "1.005" } } }), "symbols"),
        (serde_json::json!({ "symbols": { "A-B": { "lot": "0" } } }), "symbols"),
        (serde_json::json!({ "symbols": { "A-B": { "tradeMin": "2" } } }), "symbols"),
        (serde_json::json!({ "latencyMinMs": 30, "latencyMaxMs": 29 }), "latencyMaxMs"),
        (serde_json::json!({ "volatilityPpm": 100_001 }), "volatilityPpm"),
        (serde_json::json!({ "shockEvery": "31d" }), "shockEvery"),
        (serde_json::json!({ "outageEvery": "1000h" }), "outageEvery"),
        (serde_json::json!({ "klineInterval": "1ms" }), "klineInterval"),
    ];
    for (json, field) in wrong {
        assert_eq!(blueprint(&config(json.clone())).map(drop).unwrap_err().field, field, "{json}");
    }
    blueprint(&SyntheticConfig::default()).map(drop).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever the settings: prices are above zero, quantities are not below, the book is never crossed and never empty on a side,
    /// trades happen at its touch, and time does not go back.
    #[test]
    fn it_is_always_a_market(
        seed in any::<u32>(),
        step_ms in 10_u64..5_000,
        trend_ppm in -10_000_i64..=10_000,
        volatility_ppm in 0_i64..=100_000,
        shock_ppm in 0_i64..=200_000,
        trades_per_second in 0_i64..=200,
        levels in 2_i64..=40,
        level_ticks in 1_i64..=50,
        spread_ticks in 1_i64..=50,
        base in 4_200_i64..1_000_000_000,
    ) {
        let price = rust_decimal::Decimal::new(base, 2);
        let settings = config(serde_json::json!({
            "symbols": { "A-B": { "basePrice": price.to_string() } }, "seed": seed, "stepMs": step_ms, "trendPpm": trend_ppm,
            "volatilityPpm": volatility_ppm, "shockEvery": "10s", "shockPpm": shock_ppm, "tradesPerSecond": trades_per_second,
            "levels": levels, "levelTicks": level_ticks, "spreadTicks": spread_ticks,
        }));
        prop_assume!(blueprint(&settings).is_ok());
        let instrument = SyntheticMarket::new(&settings).unwrap().instruments().remove(0);
        let grid = Grid::of(&instrument).unwrap();
        let mut book = Book::default();
        let mut before = crate::base::Timestamp::ZERO;
        for record in records(&settings, 0, 3_000) {
            prop_assert!(record.received_at >= before);
            before = record.received_at;
            for level in record.bids.iter().chain(&record.asks) {
                prop_assert!(level.price > 0 && level.quantity >= 0, "{:?}", level);
                prop_assert_eq!(grid.tick.count(grid.tick.value(level.price)), Some(level.price));
            }
            match record.body {
                Body::Snapshot { update_id } => book.replace(update_id, &record.bids, &record.asks),
                Body::Depth { last_id, .. } => {
                    // Nothing is left to `Book` to mend.
                    let crossed = record.bids.iter().filter(|bid| bid.quantity > 0)
                        .any(|bid| record.asks.iter().any(|ask| ask.quantity > 0 && ask.price <= bid.price));
                    prop_assert!(!crossed);
                    book.apply(last_id, &record.bids, &record.asks);
                }
                Body::Best { .. } => prop_assert!(false, "there is none"),
                Body::Trade { price, quantity, aggressor, .. } => {
                    let met = book.side(aggressor.opposite());
                    prop_assert!(quantity > 0 && met.at(price).is_some(), "{price} is not in the book");
                }
            }
            let (bid, ask) = (book.side(Side::Buy).best().unwrap(), book.side(Side::Sell).best().unwrap());
            prop_assert!(bid.price < ask.price && ask.price - bid.price == spread_ticks, "{} {}", bid.price, ask.price);
            prop_assert_eq!(book.side(Side::Buy).iter().len(), usize::try_from(levels).unwrap());
        }
    }
}
