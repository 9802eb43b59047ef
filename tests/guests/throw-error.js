// Misdeed: throws in a handler.
// Expect: trade: exception Error: no mood for trades (handler onTrade, line 7; the next trade is delivered)
module.exports = {
  metadata: { name: "throw-error", tag: "v1.0.0", displayName: "Throws", events: ["Trade"] },
  create: () => ({
    onTrade() {
      throw new Error("no mood for trades");
    },
  }),
};
