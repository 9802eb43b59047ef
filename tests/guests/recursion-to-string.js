// Misdeed: a value whose text is made from its own text. (J08)
// Expect: trade: exception RangeError: Maximum call stack size exceeded
const ouroboros = { toString: () => `${ouroboros}` };
module.exports = {
  metadata: { name: "recursion-to-string", tag: "v1.0.0", displayName: "toString cycle", events: ["Trade"] },
  create: ({ helpers }) => ({ onTrade: () => helpers.log(`${ouroboros}`) }),
};
