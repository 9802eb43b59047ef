//! Sweeps over the real tape: as many jobs as one likes, the same results as single runs.

use std::num::NonZeroUsize;
use std::sync::Arc;

use rust_decimal::Decimal;
use serde_json::json;

use super::{Axis, AxisError, Figures, Rank, Ranking, Sweep, SweepPoint, points, sweep};
use crate::backtest::tests::{Lab, MOMENTUM};
use crate::backtest::{PlayError, PlayRequest, play};
use crate::base::Digest;

fn axes(request: &PlayRequest, given: &[(&str, &str)]) -> Vec<Axis> {
    given.iter().map(|(field, text)| Axis::parse(request.program.metadata(), field, text).unwrap()).collect()
}

fn with(base: &PlayRequest, axes: Vec<Axis>, jobs: usize) -> Sweep {
    Sweep { base: base.clone(), axes, jobs: NonZeroUsize::new(jobs).unwrap(), done: Arc::default() }
}

#[tokio::test]
async fn the_results_are_those_of_single_runs_whatever_the_jobs() {
    let base = Lab::new().request(MOMENTUM, json!({ "dry_run": false, "order_size": "0.001" })).await;
    let grid = axes(&base, &[("momentum_threshold", "0.005..0.01:0.005"), ("lookback_period", "10,20,0")]);
    let one = with(&base, grid.clone(), 1);
    let alone = sweep(&one).unwrap();
    assert_eq!(alone, sweep(&with(&base, grid, 4)).unwrap());
    assert_eq!(one.done.load(std::sync::atomic::Ordering::Relaxed), 6);
    let configs: Vec<String> = alone.iter().map(|point| serde_json::to_string(&point.config).unwrap()).collect();
    assert_eq!(configs[0], r#"{"momentum_threshold":0.005,"lookback_period":10}"#);
    assert_eq!(configs[4], r#"{"momentum_threshold":0.01,"lookback_period":20}"#);

    let mut single = base;
    single.config.extend(alone[1].config.clone());
    let figures = Figures::of(&play(single).unwrap());
    assert!(figures.fills > 0, "{figures:?}");
    assert_eq!(alone[1].figures.as_ref(), Some(&figures));

    let ranking = Ranking::of(&alone, Rank::Net);
    let nets: Vec<_> = ranking.sorted(&alone).iter().map(|point| ranking.figure(point)).collect();
    assert!(nets.is_sorted_by(|left, right| left >= right), "{nets:?}");
}

#[tokio::test]
async fn a_point_that_faults_is_a_row_and_a_cancelled_sweep_ends() {
    let lab = Lab::new();
    let looper = r#"module.exports = { metadata: { name: "l", tag: "v1", displayName: "L", events: ["Trade"],
        config: [{ name: "n", type: "int", default: 1 }] },
        create: ({ config }) => { if (config.n === 3) throw new Error("three"); return { onTrade() { while (config.n === 2); } }; } };"#;
    let base = lab.request(looper, json!({})).await;
    let points = sweep(&with(&base, axes(&base, &[("n", "1..4:1")]), 2)).unwrap();
    let errors: Vec<_> = points.iter().map(|point| point.error.as_deref().unwrap_or_default()).collect();
    assert!(errors[0].is_empty() && errors[3].is_empty(), "{errors:?}");
    assert!(errors[1].contains("fuel") && errors[2].contains("three"), "{errors:?}");
    assert_eq!((points[1].figures.as_ref().unwrap().faults, points[2].figures.is_none()), (5, true));

    base.watch.cancel();
    assert!(matches!(sweep(&with(&base, axes(&base, &[("n", "1,4")]), 2)), Err(PlayError::Cancelled)));
}

#[tokio::test]
async fn values_are_exact_and_typed() {
    let base = Lab::new().request(MOMENTUM, json!({})).await;
    let metadata = base.program.metadata();
    let parse = |field: &str, text: &str| Axis::parse(metadata, field, text);
    let values = parse("momentum_threshold", "0.1..0.3:0.1").unwrap().values;
    assert_eq!(values, [json!(0.1), json!(0.2), json!(0.3)]);
    assert_eq!(parse("order_size", "0.10, 1").unwrap().values, [json!("0.10"), json!("1")], "text stays text");
    assert_eq!(parse("lookback_period", "5..7").unwrap().values, [json!(5), json!(6), json!(7)]);
    let unknown = parse("lookback", "5..7").unwrap_err().to_string();
    assert!(unknown.starts_with("lookback: is not declared by momentum; it has lookback_period, "), "{unknown}");
    for wrong in ["1..x", "a..b:1", "", "1,,2", "1..2:"] {
        assert!(matches!(parse("lookback_period", wrong), Err(AxisError::Grammar { .. })), "{wrong}");
    }
    for wrong in ["1..5:0", "5..1:1", "1..5:-1"] {
        assert!(matches!(parse("lookback_period", wrong), Err(AxisError::Step { .. })), "{wrong}");
    }
    assert!(matches!(parse("lookback_period", "0..1:0.00001"), Err(AxisError::TooMany { .. })));
    let hundred = parse("lookback_period", "1..101:1").unwrap();
    assert_eq!(points(&[hundred.clone(), hundred.clone()]), Err(AxisError::Twice("lookback_period".into())));
    let other = Axis { field: "order_size".into(), ..hundred.clone() };
    assert_eq!(points(&[hundred.clone(), other]), Err(AxisError::TooMany { points: 10_201 }));
    assert_eq!(points(&[hundred]), Ok(101));
}

#[test]
fn all_points_are_compared_in_one_currency() {
    let point = |net: &[(&str, i64)], sharpe: &[(&str, f64)]| SweepPoint {
        config: serde_json::Map::new(),
        figures: Some(Figures {
            net: net.iter().map(|(currency, net)| ((*currency).into(), Decimal::from(*net))).collect(),
            ratio: [].into(),
            sharpe: sharpe.iter().map(|(currency, sharpe)| ((*currency).into(), *sharpe)).collect(),
            max_drawdown: ["ARS", "BTC", "USDT"].map(|currency| (currency.into(), Decimal::ZERO)).into(),
            orders: 0,
            fills: 0,
            faults: 0,
            exceptions: 0,
            fuel: 0,
            results_hash: Digest::of(b""),
        }),
        error: None,
    };
    // The second traded in USDT only, the third in nothing, and what was won there is no BTC.
    let points = [
        point(&[("BTC", -1), ("USDT", 50)], &[("BTC", 0.25), ("USDT", 9.0)]),
        point(&[("USDT", 900)], &[("USDT", 30.0)]),
        point(&[], &[]),
        point(&[("BTC", 2)], &[("BTC", 0.5)]),
    ];
    let order = |rank, points: &[SweepPoint]| {
        let ranking = Ranking::of(points, rank);
        let figures: Vec<_> = ranking.sorted(points).into_iter().map(|point| ranking.figure(point)).collect();
        (ranking.currency.to_string(), figures.into_iter().map(|figure| figure.map(|it| it.to_string())).collect::<Vec<_>>())
    };
    let text = |figures: [Option<&str>; 4]| ("BTC".to_owned(), figures.map(|figure| figure.map(str::to_owned)).to_vec());
    assert_eq!(order(Rank::Net, &points), text([Some("2"), Some("0"), Some("0"), Some("-1")]));
    assert_eq!(order(Rank::Sharpe, &points), text([Some("0.5"), Some("0.25"), None, None]));
    assert_eq!(order(Rank::Net, &points[2..3]).0, "ARS", "where nothing was traded, the first of the data");
}
