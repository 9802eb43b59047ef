// Misdeed: a tag that looks like a hash. (U)
// Expect: upload: diagnostic validation (metadata.tag)
module.exports = {
  metadata: { name: "metadata-bad-tag", tag: "a".repeat(64), displayName: "Bad tag", events: ["Trade"] },
  create: () => ({}),
};
