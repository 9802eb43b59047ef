//! Scenarios over a recording: the same run as a backtest, and steps that go on from its end.

use super::*;
use crate::backtest::tests::MOMENTUM;
use crate::backtest::{PlayReport, PlayRequest, PlayVenue, play as backtest};
use crate::base::InstanceId;
use crate::providers::tape::Tape;

const TAPE: &str = "btcusdt-20240808";

fn tapes() -> Vec<PlayVenue> {
    vec![PlayVenue::of_tapes(PlayRequest::usual_provider(), vec![Tape::open(TAPE).unwrap()])]
}

fn over(program: &Arc<Program>, document: Value) -> Result<ScenarioAnswer, ScenarioError> {
    run(&read(document), Cast { program: Arc::clone(program), tapes: tapes() })
}

fn same(scenario: &ScenarioAnswer, backtest: &PlayReport) {
    let json = |report: &PlayReport| serde_json::to_value(report).unwrap();
    let (scenario, backtest) = (json(&scenario.report), json(backtest));
    for part in ["orders", "fills", "fuel", "log", "balances", "events"] {
        assert_eq!(scenario[part], backtest[part], "{part}");
    }
    assert_eq!(scenario, backtest, "down to the last byte");
}

#[tokio::test]
async fn a_tape_is_played_exactly_as_a_backtest_plays_it() {
    let config = json!({ "dry_run": false, "momentum_threshold": 0.005, "order_size": "0.001" });
    let request = Lab::new().request(MOMENTUM, config.clone()).await;
    let request = PlayRequest { instance: InstanceId::new("test").unwrap(), venues: tapes(), ..request };
    let played = backtest(request.clone()).unwrap();
    assert!(played.orders.len() >= 10 && played.fills.len() >= 10, "something happens");
    let document = json!({ "tape": TAPE, "config": config, "expect": { "orderCount": played.orders.len() } });
    let answer = over(&request.program, document.clone()).unwrap();
    assert_eq!(failures(&answer), []);
    same(&answer, &played);
    let calls: u64 = played.fuel.values().map(|fuel| fuel.count).sum();
    assert_eq!(answer.calls.len() as u64, calls.min(10_000), "create, events, onStop: one by one");

    // With trouble, other rules and another name of the instance.
    let chaos = "seed=7,rejectPpm=300000,partialPpm=300000,moreLatencyMs=400,outageEvery=60s,outageFor=5s,restartAt=1000";
    let mut venues = tapes();
    let rules = json!({ "latencyMs": 120, "takerFeeBps": 7, "slippageBps": 3, "balances": { "USDT": "5000" } });
    venues[0].configure(rules.as_object().unwrap()).unwrap();
    let instance = InstanceId::new("other").unwrap();
    let troubled = PlayRequest { venues, instance, seed: Some(5), chaos: chaos.parse().unwrap(), ..request.clone() };
    let troubled = backtest(troubled).unwrap();
    assert!(
        troubled.orders.iter().any(|order| order.reason.as_deref().is_some_and(|reason| reason.starts_with("the venue is busy"))),
        "{:?}",
        troubled.orders
    );
    let mut with = document;
    with["chaos"] = chaos.into();
    with["providers"] = json!({ "paper": rules });
    (with["instance"], with["seed"]) = ("other".into(), 5.into());
    with["expect"] = json!({});
    same(&over(&request.program, with).unwrap(), &troubled);
}

#[tokio::test]
async fn steps_go_on_where_the_tape_has_ended() {
    let probe = probe().await;
    let document = json!({
        "tape": [TAPE],
        "steps": [
            { "expect": { "orderCount": 0 } },
            { "book": { "bids": [["60000", "1"]], "asks": [["60001", "1"]] } },
            { "extension": { "order": { "quantity": "0.5" } } },
            { "expect": { "orders": [{ "state": "PENDING" }] } },
            { "advance": "1s" },
        ],
        "expect": { "orders": [{ "state": "FILLED", "averagePrice": "60001" }], "position": { "BTC-USDT": "0.5" } },
    });
    let answer = over(&probe, document).unwrap();
    assert_eq!(failures(&answer), []);
    let tape = Tape::open(TAPE).unwrap();
    assert!(answer.report.orders[0].placed_at.as_str() > "2024-08-08", "{:?} {tape:?}", answer.report.orders);
}

#[tokio::test]
async fn a_tape_keeps_its_own_market() {
    let probe = probe().await;
    let told =
        |providers: Value| over(&probe, json!({ "tape": TAPE, "providers": providers })).map(|_| ()).unwrap_err().to_string();
    let other = told(json!({ "binance": {} }));
    assert!(other.starts_with("providers.binance: the tape is played at paper"), "{other}");
    let symbols = told(json!({ "paper": { "symbols": ["BTC-USDT"] } }));
    assert!(symbols.starts_with("providers.paper: a tape has symbols"), "{symbols}");
    let fee = told(json!({ "paper": { "takerFeeBps": 1001 } }));
    assert!(fee.starts_with("providers.paper: ") && fee.contains("0 to 1000"), "{fee}");
}
