// Misdeed: recurses without end. (J06)
// Expect: trade: exception RangeError: Maximum call stack size exceeded
const deeper = () => 1 + deeper();
module.exports = {
  metadata: { name: "recursion-uncaught", tag: "v1.0.0", displayName: "Endless recursion", events: ["Trade"] },
  create: () => ({ onTrade: () => deeper() }),
};
