// Misdeed: draws its random numbers while it is loaded, so that all instances would share them.
// Expect: launch: logs early <number> late <number>: the late ones differ between instances
const early = Math.random();
module.exports = {
  metadata: { name: "random-at-top-level", tag: "v1.0.0", displayName: "Early random numbers", events: ["Trade"] },
  create({ helpers }) {
    helpers.log("early", early, "late", Math.random());
    return {};
  },
};
