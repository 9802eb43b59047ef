// Misdeed: tells a different name each time it is asked, and rewrites its metadata in `create`. (J51, T15)
// Expect: upload: accepted as metadata-liar-1, and so it stays
let asked = 0;
module.exports = {
  metadata: {
    get name() {
      return `metadata-liar-${++asked}`;
    },
    tag: "v1.0.0", displayName: "Liar", events: ["Trade"],
  },
  create() {
    module.exports.metadata = { name: "noop", tag: "latest", displayName: "Innocent", events: ["Trade"] };
    return {};
  },
};
