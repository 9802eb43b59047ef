// Misdeed: a promise job without end while the module is loaded. (J21)
// Expect: upload: diagnostic execute
const again = () => Promise.resolve().then(again);
again();
module.exports = {
  metadata: { name: "job-bomb-at-top-level", tag: "v1.0.0", displayName: "Job bomb", events: ["Trade"] },
  create: () => ({}),
};
