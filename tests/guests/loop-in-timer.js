// Misdeed: never returns from a timer.
// Expect: timer: fault fuel_exhausted
module.exports = {
  metadata: { name: "loop-in-timer", tag: "v1.0.0", displayName: "Loop in a timer", events: ["Trade"] },
  create() {
    setTimeout(() => {
      while (true) {}
    }, 10);
    return {};
  },
};
