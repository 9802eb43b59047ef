// Misdeed: says no tag; fine as long as the upload says one. (existing test case 16)
// Expect: upload: diagnostic validation (metadata.tag; none when the request carries a tag)
module.exports = {
  metadata: { name: "metadata-no-tag", displayName: "No tag", events: ["Trade"] },
  create: () => ({}),
};
