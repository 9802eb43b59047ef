// Misdeed: answers every rejection with the same order, so that each refusal makes the next.
// Expect: trade: runs (each report is an event of its own; the risk check's kill switch ends it)
module.exports = {
  metadata: {
    name: "order-rejected-in-a-loop", tag: "v1.0.0", displayName: "Rejection loop", events: ["Trade", "ExecReport"],
    config: [{ name: "dry_run", type: "bool", default: false }],
  },
  create({ runtime }) {
    const order = () => {
      try {
        runtime.submitMarketOrder(null, "buy", "1000000");
      } catch {}
    };
    return { onTrade: order, onOrderRejected: order };
  },
};
