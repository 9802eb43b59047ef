// Misdeed: the object that `create` returns never says which handlers it has.
// Expect: launch: fault fuel_exhausted
module.exports = {
  metadata: { name: "loop-in-handler-getter", tag: "v1.0.0", displayName: "Loop in a getter", events: ["Trade"] },
  create: () => ({
    get onTrade() {
      while (true) {}
    },
  }),
};
