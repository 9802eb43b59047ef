// Misdeed: throws nothing at all. (J15: an engine out of memory does the same)
// Expect: trade: exception Uncaught null
module.exports = {
  metadata: { name: "throw-null", tag: "v1.0.0", displayName: "Throws null", events: ["Trade"] },
  create: () => ({
    onTrade() {
      throw null;
    },
  }),
};
