module.exports = {
  metadata: {
    name: "first",
    tag: "v1.0.0",
    displayName: "First",
    description: "Buys a little after every large trade.",
    config: [
      { name: "large", type: "float", default: 1, description: "Quantity that makes a trade large." },
      { name: "order_size", type: "string", default: "0.001", description: "Quantity of each order." },
    ],
    events: ["Trade", "ExecReport"],
  },

  create({ config, helpers, runtime }) {
    return {
      onTrade(ctx, evt, trade, price) {
        if (!runtime.isTradingActive() || Number(trade.quantity) < config.large) return;
        const id = runtime.submitMarketOrder(evt.provider, "buy", config.order_size, { symbol: evt.symbol });
        helpers.log(`${trade.quantity} traded at ${price}: sent ${id}`);
      },

      onOrderFilled(ctx, evt, report) {
        helpers.log(`bought ${report.filledQuantity} at ${report.avgFillPrice}`);
      },
    };
  },
};
