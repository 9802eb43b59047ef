// Misdeed: deletes or overwrites every global and freezes what is left. (J29)
// Expect: trade: logs `still here`
module.exports = {
  metadata: {
    name: "delete-globals", tag: "v1.0.0", displayName: "Deleted globals", events: ["Trade"],
    config: [{ name: "dry_run", type: "bool", default: false }],
  },
  create({ helpers, runtime }) {
    const { freeze, getOwnPropertyNames } = Object;
    const world = globalThis;
    for (const name of getOwnPropertyNames(world)) {
      try {
        world[name] = undefined;
      } catch {}
      try {
        delete world[name];
      } catch {}
    }
    freeze(world);
    return {
      onTrade() {
        runtime.submitMarketOrder(null, "buy", "0.001");
        helpers.log("still here");
      },
    };
  },
};
