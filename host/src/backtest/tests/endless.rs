//! Strategies that would never come to an end.

use std::time::Duration;

use super::*;
use crate::backtest::{DataSpec, PlayError, data};
use crate::base::Timestamp;
use crate::market::OrderState;
use crate::providers::csv::Increments;

/// Answers every fill with the opposite order.
const ANSWERER: &str = r#"
module.exports = {
  metadata: { name: "answerer", tag: "v1", displayName: "Answerer", events: ["Trade", "ExecReport"] },
  create({ runtime }) {
    let begun = false;
    return {
      onTrade(ctx, evt) {
        if (!begun) runtime.submitMarketOrder(evt.provider, "BUY", "0.001");
        begun = true;
      },
      onOrderFilled(ctx, evt, report) {
        runtime.submitMarketOrder(evt.provider, report.side === "Buy" ? "SELL" : "BUY", "0.001");
      },
    };
  },
};
"#;

/// A timer for every millisecond.
const TICKING: &str = r#"
module.exports = {
  metadata: { name: "ticking", tag: "v1", displayName: "Ticking", events: ["Trade"] },
  create() {
    let ticks = 0;
    setInterval(() => { ticks += 1; }, 1);
    return { onTrade() {} };
  },
};
"#;

#[tokio::test]
async fn who_answers_every_fill_ends_a_minute_after_the_market() {
    let mut request = Lab::new().request(ANSWERER, json!({ "dry_run": false })).await;
    request.venues[0].paper.latency_ms = 250;
    let end = request.venues[0].market.origins()[0].end;
    let report = play(request).unwrap();
    let last = Timestamp::from_rfc3339(&report.orders.last().unwrap().placed_at).unwrap();
    assert!(last > end && last.since(end) <= Duration::from_secs(60), "{last} after {end}");
    assert_eq!(report.orders.last().unwrap().state, OrderState::Expired, "it was on its way");
}

/// Plays it, and asks for its end a moment later.
fn cancelled(request: PlayRequest) -> Result<PlayReport, PlayError> {
    let watch = Arc::clone(&request.watch);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            std::thread::sleep(Duration::from_millis(300));
            watch.cancel();
        });
        play(request)
    })
}

#[tokio::test]
async fn a_run_ends_when_it_is_asked_to_between_two_records_too() {
    let lab = Lab::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("days.csv");
    // Two days between two candles: two hundred million ticks.
    let rows = "timestamp,open,high,low,close,volume\n2024-08-01T00:00:00Z,1,2,1,2,9\n2024-08-02T00:00:00Z,2,3,2,3,9\n2024-08-04T00:00:00Z,2,3,2,3,9\n";
    std::fs::write(&path, rows).unwrap();
    let spec: DataSpec = format!("BTC-USDT={}", path.display()).parse().unwrap();
    let mut request = lab.request(TICKING, json!({ "dry_run": false })).await;
    request.venues = data::open(&[spec], &Increments::default()).unwrap();
    let ended = cancelled(request).map(|report| (report.to, report.fuel));
    assert!(matches!(ended, Err(PlayError::Cancelled)), "{ended:?}");
}
