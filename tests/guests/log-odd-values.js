// Misdeed: logs values that have no text, or an evil one. (J34)
// Expect: trade: logs text or an error's name for each; none is a fault
const cycle = {};
cycle.self = cycle;
const VALUES = {
  cycle,
  symbol: Symbol("s"),
  bigint: 10n,
  function: () => 1,
  nullPrototype: Object.create(null),
  throwing: { toString() { throw new Error("toString"); }, toJSON() { throw new Error("toJSON"); } },
  loneSurrogate: "\ud800",
  revoked: (() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy; })(),
};
module.exports = {
  metadata: { name: "log-odd-values", tag: "v1.0.0", displayName: "Odd log values", events: ["Trade"] },
  create: ({ helpers }) => ({
    onTrade() {
      for (const [name, value] of Object.entries(VALUES)) {
        try {
          helpers.log(`${name}:`, value);
        } catch (error) {
          helpers.log(`${name}: ${error.name}`);
        }
      }
    },
  }),
};
