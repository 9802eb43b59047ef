// Well-behaved: logs all that `runtime` tells of the market, per symbol, with every ticker; values for an unknown place too.
// Expect: trade: logs view <symbol> <JSON>
module.exports = {
  metadata: { name: "market-view", tag: "v1.0.0", displayName: "Market view", events: ["Trade", "Ticker", "BookSnapshot"] },
  create({ helpers, runtime }) {
    helpers.log("create", runtime.isTradingActive(), runtime.getLastPrice(), runtime.getMarketState());
    return {
      wantsCrossProviderEvents: true,
      onTicker(ctx, { provider, symbol }) {
        const view = {
          active: runtime.isTradingActive(),
          dryRun: runtime.isDryRun(),
          providers: runtime.providers(),
          selected: [0, 1, -7, "2.9"].map((seed) => runtime.selectProvider(seed)),
          prices: [runtime.getLastPrice, runtime.getBidPrice, runtime.getAskPrice].map((get) => get(provider, symbol)),
          state: runtime.getMarketState(provider, symbol),
          unknown: runtime.getMarketState("nope", "NO-SUCH"),
        };
        helpers.log("view", symbol, JSON.stringify(view));
      },
    };
  },
};
