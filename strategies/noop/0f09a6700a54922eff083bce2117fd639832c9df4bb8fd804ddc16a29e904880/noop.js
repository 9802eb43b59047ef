/**
 * No-op: hears everything, does nothing.
 *
 * A handler that does not exist is not called at all, so these are written out on purpose: what remains is the bare
 * price of bringing an event to a strategy, which is what benchmarks and isolation tests want to measure.
 */
module.exports = {
  metadata: {
    name: "noop",
    tag: "v1.0.0",
    displayName: "No-Op",
    description: "Receives market data and does nothing: for benchmarks, tests and as a starting point.",
    config: [
      { name: "dry_run", type: "bool", default: true, description: "Has no effect: this strategy sends no orders." },
    ],
    events: ["Trade", "Ticker", "BookSnapshot", "BalanceUpdate", "RiskControl"],
  },

  create: () => ({
    wantsCrossProviderEvents: true,
    onTrade() {},
    onTicker() {},
    onBookSnapshot() {},
    onBalanceUpdate() {},
    onRiskControl() {},
  }),
};
