// Misdeed: its name never ends. (T15)
// Expect: upload: diagnostic execute fuel_exhausted
module.exports = {
  metadata: {
    get name() {
      while (true) {}
    },
    tag: "v1.0.0", displayName: "Getter bomb", events: ["Trade"],
  },
  create: () => ({}),
};
