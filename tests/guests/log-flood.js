// Misdeed: logs 1,000 lines per trade, within its fuel. (J32)
// Expect: trade: runs (at most 100 lines of the event are kept, the rest is counted)
module.exports = {
  metadata: { name: "log-flood", tag: "v1.0.0", displayName: "Log flood", events: ["Trade"] },
  create: ({ helpers }) => ({
    onTrade() {
      for (let i = 0; i < 1_000; i++) helpers.log("line", i);
    },
  }),
};
