// Misdeed: logs without end. (J32)
// Expect: trade: fault fuel_exhausted|helper_limit (at most 100 lines of the event are kept, the rest is counted)
module.exports = {
  metadata: { name: "log-endless", tag: "v1.0.0", displayName: "Endless log", events: ["Trade"] },
  create: ({ helpers }) => ({
    onTrade() {
      for (let i = 0; ; i++) helpers.log("line", i);
    },
  }),
};
