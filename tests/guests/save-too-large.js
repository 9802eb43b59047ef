// Misdeed: saves more than 64 KiB, and what has no JSON.
// Expect: trade: logs one error per odd value, then: `loaded {"kept":true}`
const cycle = {};
cycle.self = cycle;
const VALUES = { "64 KiB": "x".repeat(65_536), cycle, bigint: 1n, function: () => 1 };
module.exports = {
  metadata: { name: "save-too-large", tag: "v1.0.0", displayName: "Saves too much", events: ["Trade"] },
  create: ({ helpers }) => ({
    onTrade() {
      helpers.save({ kept: true });
      for (const [name, value] of Object.entries(VALUES)) {
        try {
          helpers.save(value);
          helpers.log(`${name}: saved`);
        } catch (error) {
          helpers.log(`${name}: ${error.message}`);
        }
      }
      helpers.log("loaded", helpers.load());
    },
  }),
};
