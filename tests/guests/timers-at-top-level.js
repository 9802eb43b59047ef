// Misdeed: sets a timer while it is loaded, when there is no instance that it could belong to.
// Expect: upload: diagnostic execute setTimeout is not available while the module loads
setTimeout(() => {}, 1_000);
module.exports = {
  metadata: { name: "timers-at-top-level", tag: "v1.0.0", displayName: "Early timer", events: ["Trade"] },
  create: () => ({}),
};
