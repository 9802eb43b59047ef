// Misdeed: a regular expression without end while the module is loaded. (J04)
// Expect: upload: diagnostic execute fuel_exhausted
/(x+x+)+y/.test("x".repeat(40));
module.exports = {
  metadata: { name: "regexp-catastrophe-at-top-level", tag: "v1.0.0", displayName: "Catastrophic regexp", events: ["Trade"] },
  create: () => ({}),
};
