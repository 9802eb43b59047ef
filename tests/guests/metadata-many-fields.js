// Misdeed: declares 100,000 config fields. (J52)
// Expect: upload: diagnostic validation|execute (at most 128 fields)
const config = Array.from({ length: 100_000 }, (_, i) => ({ name: `f${i}`, type: "int" }));
module.exports = {
  metadata: { name: "metadata-many-fields", tag: "v1.0.0", displayName: "Many fields", events: ["Trade"], config },
  create: () => ({}),
};
