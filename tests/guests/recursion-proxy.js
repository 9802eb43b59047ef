// Misdeed: a proxy whose prototype is itself, so that no lookup ever ends.
// Expect: trade: exception
const loop = new Proxy({}, { get: (target, key, receiver) => receiver[key] });
module.exports = {
  metadata: { name: "recursion-proxy", tag: "v1.0.0", displayName: "Proxy cycle", events: ["Trade"] },
  create: () => ({ onTrade: () => loop.anything }),
};
