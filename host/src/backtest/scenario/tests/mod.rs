//! Scenarios on the real guest, desk and paper venue: every step, every expectation both ways, and every mistake with its place.

#![expect(clippy::needless_pass_by_value, reason = "documents are written where they are passed")]

mod documents;
mod expectations;
mod life;
mod market;
mod orders;
mod tape;

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Cast, Scenario, ScenarioAnswer, ScenarioError, run};
use crate::backtest::tests::Lab;
use crate::sandbox::Program;

/// Says what it hears, and does what an extension event tells it.
const PROBE: &str = r#"
module.exports = {
  metadata: {
    name: "probe", tag: "v1", displayName: "Probe",
    events: ["Trade", "Ticker", "BookSnapshot", "KlineSummary", "BalanceUpdate", "ExecReport", "RiskControl", "Extension"],
    config: [{ name: "word", type: "string", default: "none" }],
  },
  create({ config, runtime, helpers }) {
    const say = helpers.log;
    const report = (word) => (ctx, evt, report, reason) =>
      say(word, report.side, report.symbol, report.filledQuantity, report.avgFillPrice, report.remainingQty, reason ?? report.rejectReason ?? "");
    if (helpers.load() !== null) say("remembers", helpers.load());
    return {
      wantsCrossProviderEvents: true,
      onTrade: (ctx, evt, trade) => say("trade", evt.provider, evt.symbol, trade.side, trade.price, trade.quantity, "at", Date.now() % 3_600_000),
      onTicker: (ctx, evt, ticker) => say("ticker", evt.symbol, ticker.bidPrice, ticker.askPrice, ticker.lastPrice),
      onBookSnapshot: (ctx, evt, book) => say("book", book.bids, book.asks),
      onKlineSummary: (ctx, evt, bar) => say("bar", bar.openPrice, bar.highPrice, bar.lowPrice, bar.closePrice, bar.volume, bar.openTime, bar.closeTime),
      onBalanceUpdate: (ctx, evt, balance) => { if (evt.seqProvider > 0) say("balance", balance.currency, balance.total, balance.available); },
      onRiskControl: (ctx, evt, risk) => say("risk", evt.provider, evt.symbol, risk.status, risk.breachType, risk.reason, runtime.isTradingActive()),
      onOrderAcknowledged: report("acknowledged"),
      onOrderPartialFill: report("part"),
      onOrderFilled: report("filled"),
      onOrderCancelled: report("cancelled"),
      onOrderExpired: report("expired"),
      onOrderRejected: report("rejected"),
      onExtensionEvent(ctx, evt, wish) {
        const { provider, symbol, side = "BUY", quantity = "1" } = wish?.order ?? {};
        if (wish?.order?.price) runtime.submitOrder(provider, side, quantity, wish.order.price, { symbol, clientOrderId: wish.order.id });
        else if (wish?.order) runtime.submitMarketOrder(provider, side, quantity, { symbol, clientOrderId: wish.order.id });
        else if (wish?.cancel) runtime.cancelOrder(wish.cancel);
        else if (wish?.save !== undefined) helpers.save(wish.save);
        else if (wish?.every) setInterval(() => say("tick at", Date.now() % 3_600_000), wish.every);
        else if (wish?.throw) throw new Error(wish.throw);
        else if (wish?.loop) for (;;) {}
        else if (wish?.prices) say("prices", runtime.getMarketState(undefined, symbol));
        else say("told", wish, config.word);
      },
      onStop: () => say("stops"),
    };
  },
};
"#;

/// The probe, compiled.
async fn probe() -> Arc<Program> {
    Lab::new().request(PROBE, json!({})).await.program
}

fn read(document: Value) -> Scenario {
    Scenario::of(document, "").unwrap_or_else(|error| panic!("{error}"))
}

fn attempt(program: &Arc<Program>, document: Value) -> Result<ScenarioAnswer, ScenarioError> {
    run(&read(document), Cast { program: Arc::clone(program), tapes: Vec::new() })
}

/// What became of a document.
#[track_caller]
fn play(program: &Arc<Program>, document: Value) -> ScenarioAnswer {
    attempt(program, document).unwrap_or_else(|error| panic!("{error}"))
}

/// What became of one in which nothing fails: these steps.
#[track_caller]
fn well(program: &Arc<Program>, steps: Value) -> ScenarioAnswer {
    let answer = play(program, json!({ "steps": steps }));
    assert!(answer.ok && answer.failures.is_empty(), "{:#?}", answer.failures);
    answer
}

/// Everything that was logged, apart from the farewell.
fn log(answer: &ScenarioAnswer) -> Vec<&str> {
    answer.report.log.iter().map(|line| line.text.as_str()).filter(|text| *text != "stops").collect()
}

/// Place and words of each failure.
fn failures(answer: &ScenarioAnswer) -> Vec<(&str, &str)> {
    assert_eq!(answer.ok, answer.failures.is_empty());
    answer.failures.iter().map(|failing| (failing.at.as_str(), failing.message.as_str())).collect()
}

/// The one failure of these steps.
#[track_caller]
fn stumbles(program: &Arc<Program>, steps: Value) -> (String, String) {
    let answer = play(program, json!({ "steps": steps }));
    let [failing] = answer.failures.as_slice() else { panic!("{:#?}", answer.failures) };
    (failing.at.clone(), failing.message.clone())
}
