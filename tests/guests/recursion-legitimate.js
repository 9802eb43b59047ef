// No misdeed: honest recursion 1,000 deep must work. (J13)
// Expect: trade: logs `depth 1000`
const depth = (n) => (n === 0 ? 0 : 1 + depth(n - 1));
module.exports = {
  metadata: { name: "recursion-legitimate", tag: "v1.0.0", displayName: "Honest recursion", events: ["Trade"] },
  create: ({ helpers }) => ({ onTrade: () => helpers.log("depth", depth(1_000)) }),
};
