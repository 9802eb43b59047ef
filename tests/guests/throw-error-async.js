// Misdeed: an async handler that fails.
// Expect: trade: logs a warning that says `no mood for trades`
module.exports = {
  metadata: { name: "throw-error-async", tag: "v1.0.0", displayName: "Throws later", events: ["Trade"] },
  create: () => ({
    async onTrade() {
      await 0;
      throw new Error("no mood for trades");
    },
  }),
};
