// No-Op, in the gateway's style: every handler is there, none does anything. Written with `exports`, which is `module.exports`.
console.log("silent, as a top-level console call has to be");

exports.metadata = {
  name: "noop",
  tag: "1.0.0",
  version: "1.0.0",
  displayName: "No-Op",
  description: "Does nothing.",
  config: [{ name: "dry_run", type: "bool", description: "No effect", default: true, required: false }],
  events: ["Trade", "Ticker", "BookSnapshot", "BalanceUpdate", "RiskControl"],
};

exports.create = function () {
  return {
    wantsCrossProviderEvents: true,
    subscribedEvents: function () {
      return ["Trade", "Ticker", "BookSnapshot", "ExecReport", "KlineSummary"];
    },
    onTrade: function () {},
    onTicker: function () {},
    onBookSnapshot: function () {},
    onOrderFilled: function () {},
    onOrderRejected: function () {},
    onOrderPartialFill: function () {},
    onOrderCancelled: function () {},
    onOrderAcknowledged: function () {},
    onOrderExpired: function () {},
    onKlineSummary: function () {},
    onInstrumentUpdate: function () {},
    onBalanceUpdate: function () {},
    onRiskControl: function () {},
    onExtensionEvent: null,
  };
};
