// Misdeed: orders to providers, symbols and with options that do not exist. (J42)
// Expect: trade: logs an error code for every target: unknown_provider, invalid_symbol, invalid_client_order_id...
const TARGETS = {
  "provider nope": ["nope"],
  "provider __proto__": ["__proto__"],
  "provider of 1 MB": ["x".repeat(1_000_000)],
  "symbol nope": [null, { symbol: "NO-SUCH" }],
  "symbol of 1 MB": [null, { symbol: "x".repeat(1_000_000) }],
  "client order id with a space": [null, { clientOrderId: "a b" }],
  "client order id of 65": [null, { clientOrderId: "x".repeat(65) }],
  "time in force nope": [null, { timeInForce: "nope" }],
};
module.exports = {
  metadata: {
    name: "order-bad-targets", tag: "v1.0.0", displayName: "Bad targets", events: ["Trade"],
    config: [{ name: "dry_run", type: "bool", default: false }],
  },
  create: ({ helpers, runtime }) => ({
    onTrade() {
      for (const [name, [provider, options]] of Object.entries(TARGETS)) {
        let outcome = "accepted";
        try {
          runtime.submitMarketOrder(provider, "buy", "0.001", options);
        } catch (error) {
          outcome = error.code ?? error.name;
        }
        helpers.log(`${name} -> ${outcome}`);
      }
    },
  }),
};
