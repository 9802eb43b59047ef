// Misdeed: orders quantities whose text only looks like a number. (J39, J41)
// Expect: trade: logs <text> -> invalid_quantity for every text, quantity_not_positive for -1 and the zeros
const TEXTS = [
  "", " ", "0x10", "1e3", "1e-8", " 12 ", "1_000", "+1", "-1", "01", "00", "1,5", "１", "١٢", "NaN", "Infinity",
  ".5", "5.", "1.2.3", "--1", "0", "0.0", "1\0", "1\n", "1".repeat(10_000), `0.${"1".repeat(40)}`,
];
module.exports = {
  metadata: {
    name: "order-bad-quantity-texts", tag: "v1.0.0", displayName: "Bad quantity texts", events: ["Trade"],
    config: [{ name: "dry_run", type: "bool", default: false }],
  },
  create: ({ helpers, runtime }) => ({
    onTrade() {
      for (const text of TEXTS) {
        let outcome = "accepted";
        try {
          runtime.submitMarketOrder(null, "buy", text);
        } catch (error) {
          outcome = error.code ?? error.name;
        }
        helpers.log(`${JSON.stringify(text.slice(0, 20))} -> ${outcome}`);
      }
    },
  }),
};
