// Misdeed: uses one client order id for two orders.
// Expect: trade: logs `second: duplicate_client_order_id`
module.exports = {
  metadata: {
    name: "order-twice-one-id", tag: "v1.0.0", displayName: "One id, two orders", events: ["Trade"],
    config: [{ name: "dry_run", type: "bool", default: false }],
  },
  create({ helpers, runtime }) {
    let pairs = 0;
    return {
      onTrade() {
        // Counted, not timed: two trades can carry the same millisecond.
        const options = { clientOrderId: `mine-${++pairs}` };
        helpers.log("first:", runtime.submitMarketOrder(null, "buy", "0.001", options));
        try {
          helpers.log("second:", runtime.submitMarketOrder(null, "buy", "0.001", options));
        } catch (error) {
          helpers.log("second:", error.code);
        }
      },
    };
  },
};
