// No misdeed: quantities of other types that have one exact meaning, and one that has none. (J40)
// Expect: trade: logs 0.001 -> accepted, 0.001 number -> accepted, 1 bigint -> accepted, symbol -> TypeError
const VALUES = [["0.001", "0.001"], ["0.001 number", 0.001], ["1 bigint", 1n], ["symbol", Symbol("1")]];
module.exports = {
  metadata: {
    name: "order-odd-quantities", tag: "v1.0.0", displayName: "Odd quantities", events: ["Trade"],
    config: [{ name: "dry_run", type: "bool", default: true }],
  },
  create: ({ helpers, runtime }) => ({
    onTrade() {
      for (const [name, value] of VALUES) {
        let outcome = "accepted";
        try {
          runtime.submitMarketOrder(null, "buy", value);
        } catch (error) {
          outcome = error.code ?? error.name;
        }
        helpers.log(`${name} -> ${outcome}`);
      }
    },
  }),
};
