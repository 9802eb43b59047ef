// Misdeed: a description of 200 KB and a name of 10 KB. (J52)
// Expect: upload: diagnostic validation
module.exports = {
  metadata: {
    name: "n".repeat(10_000), tag: "v1.0.0", displayName: "Long texts", description: "d".repeat(200_000), events: ["Trade"],
  },
  create: () => ({}),
};
