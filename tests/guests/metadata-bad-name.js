// Misdeed: a name that would leave the catalogue's folder. (U)
// Expect: upload: diagnostic validation (metadata.name)
module.exports = {
  metadata: { name: "../../etc/passwd", tag: "v1.0.0", displayName: "Bad name", events: ["Trade"] },
  create: () => ({}),
};
