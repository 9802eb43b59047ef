// Well-behaved: writes down every event of all nine types exactly as it arrives: the contract between host and authors.
// Expect: trade: logs onTrade [<evt>, <further arguments>] as JSON, one line per call
const HANDLERS = [
  "onTrade", "onTicker", "onBookSnapshot", "onKlineSummary", "onInstrumentUpdate", "onBalanceUpdate",
  "onOrderAcknowledged", "onOrderPartialFill", "onOrderFilled", "onOrderCancelled", "onOrderExpired", "onOrderRejected",
  "onRiskControl", "onExtensionEvent",
];
module.exports = {
  metadata: {
    name: "recorder",
    tag: "v1.0.0",
    displayName: "Recorder",
    description: "Logs every event it receives as JSON.",
    events: [
      "BookSnapshot", "Trade", "Ticker", "ExecReport", "KlineSummary", "InstrumentUpdate", "BalanceUpdate", "RiskControl",
      "Extension",
    ],
  },
  create({ helpers }) {
    // The payload is both in the event and the third argument; only what comes after it is new.
    const record = (name) => (ctx, evt, payload, ...more) =>
      helpers.log(name, JSON.stringify([evt, ...more]), new Date(evt.emitTs).getTime() === Date.now());
    return {
      wantsCrossProviderEvents: true,
      ...Object.fromEntries(HANDLERS.map((name) => [name, record(name)])),
      onStop: () => helpers.log("onStop"),
    };
  },
};
