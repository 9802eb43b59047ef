// Misdeed: poisons the prototypes that everything shares, then trades. (J27)
// Expect: trade: logs <price> <side>: as in the trade; the order is for 0.001; a neighbour sees nothing of it
module.exports = {
  metadata: {
    name: "prototype-pollution", tag: "v1.0.0", displayName: "Prototype pollution", events: ["Trade"],
    config: [{ name: "dry_run", type: "bool", default: false }],
  },
  create({ helpers, runtime }) {
    const trap = { get: () => "poisoned", set() {}, configurable: true };
    for (const key of ["price", "side", "payload", "provider"]) Object.defineProperty(Object.prototype, key, trap);
    Object.prototype.clientOrderId = "not an id";
    Object.prototype.toJSON = () => "poisoned";
    Array.prototype.push = () => 0;
    JSON.stringify = () => "{}";
    String.prototype.trim = () => "sell";
    return {
      onTrade(ctx, evt, trade) {
        helpers.log(trade.price, trade.side);
        runtime.submitMarketOrder(evt.provider, "buy", "0.001", { clientOrderId: undefined });
      },
    };
  },
};
