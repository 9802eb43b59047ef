// Misdeed: names that are blank and no events. (existing test case 13)
// Expect: upload: diagnostic validation (exactly three: metadata.name, metadata.displayName, metadata.events)
module.exports = {
  metadata: { name: "  ", tag: "v1.0.0", displayName: "", events: [] },
  create: () => ({}),
};
