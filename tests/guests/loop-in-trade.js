// Misdeed: never returns from a handler. (J01)
// Expect: trade: fault fuel_exhausted
module.exports = {
  metadata: { name: "loop-in-trade", tag: "v1.0.0", displayName: "Loop in onTrade", events: ["Trade"] },
  create: () => ({
    onTrade() {
      while (true) {}
    },
  }),
};
