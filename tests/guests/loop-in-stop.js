// Misdeed: refuses to be stopped. (X03)
// Expect: stop: fault fuel_exhausted
module.exports = {
  metadata: { name: "loop-in-stop", tag: "v1.0.0", displayName: "Loop in onStop", events: ["Trade"] },
  create: () => ({
    onStop() {
      while (true) {}
    },
  }),
};
