// Misdeed: never returns from `create`. (J01)
// Expect: launch: fault fuel_exhausted
module.exports = {
  metadata: { name: "loop-in-create", tag: "v1.0.0", displayName: "Loop in create", events: ["Trade"] },
  create() {
    while (true) {}
  },
};
