// Misdeed: orders without end, deaf to every refusal. (J44)
// Expect: trade: fault helper_limit|fuel_exhausted (at most 32 orders of the event reach the risk check)
module.exports = {
  metadata: {
    name: "order-endless", tag: "v1.0.0", displayName: "Endless orders", events: ["Trade"],
    config: [{ name: "dry_run", type: "bool", default: false }],
  },
  create: ({ runtime }) => ({
    onTrade() {
      while (true) {
        try {
          runtime.submitMarketOrder(null, "buy", "0.001");
        } catch {}
      }
    },
  }),
};
