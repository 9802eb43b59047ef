// Well-behaved: the neighbour in every isolation test. Sends one small market order every `every` trades, buying and
// selling in turn, and counts what it hears. Same tape, same orders, whoever else is there.
// Expect: trade: runs
module.exports = {
  metadata: {
    name: "canary",
    tag: "v1.0.0",
    displayName: "Canary",
    description: "Sends a small order every so many trades: the same orders, whoever its neighbours are.",
    config: [
      { name: "every", type: "int", default: 100, description: "Trades between two orders, at least 1." },
      { name: "order_size", type: "string", default: "0.001", description: "Quantity of each order, in base currency." },
      { name: "dry_run", type: "bool", default: false, description: "Log intended orders instead of sending them." },
    ],
    events: ["Trade", "Ticker", "ExecReport"],
  },
  create({ config, helpers, runtime }) {
    const heard = { trades: 0, tickers: 0, reports: 0 };
    const report = () => void heard.reports++;
    return {
      onTrade(ctx, evt) {
        heard.trades += 1;
        if (heard.trades % config.every !== 0) return;
        const side = (heard.trades / config.every) % 2 === 1 ? "buy" : "sell";
        try {
          runtime.submitMarketOrder(evt.provider, side, config.order_size, { symbol: evt.symbol });
        } catch (error) {
          helpers.log(`refused: ${error.code}`);
        }
      },
      onTicker: () => void heard.tickers++,
      onOrderAcknowledged: report,
      onOrderPartialFill: report,
      onOrderFilled: report,
      onOrderCancelled: report,
      onOrderExpired: report,
      onOrderRejected: report,
      onStop: () => helpers.log("heard", heard),
    };
  },
};
