// Misdeed: orders quantities that are no quantities. (J38)
// Expect: trade: logs <value> -> invalid_quantity for every value, quantity_not_positive for -1 and the zeros
const VALUES = [
  NaN, Infinity, -Infinity, 1e309, -1, 0, -0, 5e-324, Number.MAX_VALUE, 1e21, 1e-13,
  null, undefined, true, false, [], [7], {}, () => 1,
];
module.exports = {
  metadata: {
    name: "order-bad-quantities", tag: "v1.0.0", displayName: "Bad quantities", events: ["Trade"],
    config: [{ name: "dry_run", type: "bool", default: false }],
  },
  create: ({ helpers, runtime }) => ({
    onTrade() {
      VALUES.forEach((value, i) => {
        let outcome = "accepted";
        try {
          runtime.submitMarketOrder(null, "buy", value);
        } catch (error) {
          outcome = error.code ?? error.name;
        }
        helpers.log(`${i}: ${typeof value} ${value} -> ${outcome}`);
      });
    },
  }),
};
