// Misdeed: limit orders without a price that is one.
// Expect: trade: logs <value> -> invalid_price for every value, price_missing for zero and what is below
const VALUES = [null, undefined, "", "  ", "cheap", "1e3", "0x10", "-1", "0", NaN, Infinity, -5, 0];
module.exports = {
  metadata: {
    name: "order-bad-prices", tag: "v1.0.0", displayName: "Bad prices", events: ["Trade"],
    config: [{ name: "dry_run", type: "bool", default: false }],
  },
  create: ({ helpers, runtime }) => ({
    onTrade() {
      for (const value of VALUES) {
        let outcome = "accepted";
        try {
          runtime.submitOrder(null, "buy", "0.001", value);
        } catch (error) {
          outcome = error.code ?? error.name;
        }
        helpers.log(`${typeof value} ${value} -> ${outcome}`);
      }
    },
  }),
};
