// Well-behaved: takes an order through its life, one step per report: a resting buy that is cancelled, a market buy that
// fills, a fill-or-kill that cannot fill, and a market sell that brings the position back to flat.
// Expect: trade: logs 1 resting ACK, 1 resting CANCELLED, 2 bought FILLED, 3 killed ..., 4 sold FILLED, then: `done flat`
module.exports = {
  metadata: {
    name: "order-lifecycle", tag: "v1.0.0", displayName: "Order lifecycle", events: ["Trade", "ExecReport"],
    config: [
      { name: "order_size", type: "string", default: "0.001", description: "Quantity of each order, in base currency." },
      { name: "price_decimals", type: "int", default: 2, description: "Decimals of the instrument's tick." },
      { name: "dry_run", type: "bool", default: false, description: "Log intended orders instead of sending them." },
    ],
  },
  create({ config, helpers, runtime }) {
    const size = config.order_size;
    const near = (factor) => (runtime.getLastPrice() * factor).toFixed(config.price_decimals);
    const steps = [
      ["1 resting", () => runtime.submitOrder(null, "buy", size, near(0.995), { timeInForce: "POST_ONLY" })],
      ["2 bought", () => runtime.submitMarketOrder(null, "buy", size)],
      ["3 killed", () => runtime.submitOrder(null, "sell", size, near(1.005), { timeInForce: "FOK" })],
      ["4 sold", () => runtime.submitMarketOrder(null, "sell", size)],
    ];
    let current;

    const next = () => {
      if (steps.length === 0) {
        const { quantity, averagePrice } = runtime.position();
        helpers.log("done", quantity === "0" ? "flat" : `holding ${quantity} at ${averagePrice}`, runtime.openOrders().length);
        return;
      }
      const [name, submit] = steps.shift();
      current = { name, id: submit() };
    };
    const report = (isFinal) => (ctx, evt, { clientOrderId, state, filledQuantity }, reason) => {
      helpers.log(current.name, state, clientOrderId === current.id, filledQuantity, reason ?? "");
      // A pace that the risk check's throttle allows.
      if (isFinal) setTimeout(next, 300);
    };

    return {
      onTrade() {
        if (!current && runtime.isTradingActive()) next();
      },
      onOrderAcknowledged(ctx, evt, payload) {
        report(false)(ctx, evt, payload);
        if (current.name !== "1 resting") return;
        const [resting] = runtime.openOrders();
        helpers.log("open", resting.side, resting.quantity, resting.state);
        runtime.cancelOrder(resting.clientOrderId);
      },
      onOrderPartialFill: report(false),
      onOrderFilled: report(true),
      onOrderCancelled: report(true),
      onOrderExpired: report(true),
      onOrderRejected: report(true),
    };
  },
};
