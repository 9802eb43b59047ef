// Misdeed: wants to sleep for a day. (J46)
// Expect: trade: logs slept 60000 ms (after a warning; a stop meanwhile takes effect within 100 ms)
module.exports = {
  metadata: { name: "sleep-for-a-day", tag: "v1.0.0", displayName: "Long sleep", events: ["Trade"] },
  create: ({ helpers }) => ({
    onTrade() {
      const before = Date.now();
      helpers.sleep("24h");
      helpers.log(`slept ${Date.now() - before} ms`);
    },
  }),
};
