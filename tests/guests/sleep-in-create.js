// Misdeed: sleeps where nobody may wait. (J47)
// Expect: launch: runs (the sleep returns at once, with a warning in the log)
module.exports = {
  metadata: { name: "sleep-in-create", tag: "v1.0.0", displayName: "Sleep in create", events: ["Trade"] },
  create({ helpers }) {
    const before = Date.now();
    helpers.sleep("30s");
    helpers.log(`slept ${Date.now() - before} ms`);
    return {};
  },
};
