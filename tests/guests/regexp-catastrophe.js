// Misdeed: a regular expression that backtracks 2^32 times. (J03)
// Expect: trade: fault fuel_exhausted
module.exports = {
  metadata: { name: "regexp-catastrophe", tag: "v1.0.0", displayName: "Catastrophic regexp", events: ["Trade"] },
  create: () => ({ onTrade: () => /^(a+)+$/.test("a".repeat(32) + "b") }),
};
