// Misdeed: sides that are no sides. (J42)
// Expect: trade: logs <side> -> invalid trade side for every side
const SIDES = ["hold", "", "BUY\0", "b\u00fcy", "buysell", {}, [], null, undefined, true];
module.exports = {
  metadata: {
    name: "order-bad-sides", tag: "v1.0.0", displayName: "Bad sides", events: ["Trade"],
    config: [{ name: "dry_run", type: "bool", default: false }],
  },
  create: ({ helpers, runtime }) => ({
    onTrade() {
      for (const side of SIDES) {
        let outcome = "accepted";
        try {
          runtime.submitMarketOrder(null, side, "0.001");
        } catch (error) {
          outcome = error.message;
        }
        helpers.log(`${typeof side} ${JSON.stringify(side)} -> ${outcome}`);
      }
    },
  }),
};
