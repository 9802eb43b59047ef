module.exports = {
  metadata: {
    name: "first",
    tag: "v1.0.0",
    displayName: "First",
    description: "Buys a little after a large trade, and then holds still for a while.",
    config: [
      { name: "large", type: "float", default: 0.3, description: "Quantity that makes a trade large." },
      { name: "order_size", type: "string", default: "0.001", description: "Quantity of each order." },
      { name: "pause_ms", type: "int", default: 1000, description: "Shortest time between two orders." },
    ],
    events: ["Trade", "ExecReport"],
  },

  create({ config, helpers, runtime }) {
    let sentAt = 0;

    return {
      onTrade(ctx, evt, trade, price) {
        if (!runtime.isTradingActive() || Number(trade.quantity) < config.large) return;
        if (Date.now() - sentAt < config.pause_ms) return; // large trades come in bursts, and a throttle counts orders
        sentAt = Date.now();
        const id = runtime.submitMarketOrder(evt.provider, "buy", config.order_size, { symbol: evt.symbol });
        helpers.log(`${trade.quantity} traded at ${price}: sent ${id}`);
      },

      onOrderFilled(ctx, evt, report) {
        helpers.log(`bought ${report.filledQuantity} at ${report.avgFillPrice}`);
      },
    };
  },
};
