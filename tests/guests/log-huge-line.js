// Misdeed: logs one line of 256 KiB. (J33)
// Expect: trade: logs x (one line of at most 8 KiB) then: `still here`
module.exports = {
  metadata: { name: "log-huge-line", tag: "v1.0.0", displayName: "Huge line", events: ["Trade"] },
  create: ({ helpers }) => ({
    onTrade() {
      helpers.log("x".repeat(1 << 18));
      helpers.log("still here");
    },
  }),
};
