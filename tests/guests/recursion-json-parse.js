// Misdeed: parses JSON that is nested 50,000 deep. (J10)
// Expect: trade: exception
module.exports = {
  metadata: { name: "recursion-json-parse", tag: "v1.0.0", displayName: "Nested JSON.parse", events: ["Trade"] },
  create: () => ({ onTrade: () => JSON.parse("[".repeat(50_000)) }),
};
