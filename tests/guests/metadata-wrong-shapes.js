// Misdeed: a text where a list belongs. (J55)
// Expect: upload: diagnostic validation metadata export invalid
module.exports = {
  metadata: { name: "metadata-wrong-shapes", tag: "v1.0.0", displayName: "Wrong shapes", events: "Trade", config: {} },
  create: () => ({}),
};
