// Misdeed: runs out of fuel inside try, and would carry on in catch and finally.
// Expect: trade: fault fuel_exhausted
module.exports = {
  metadata: { name: "loop-caught", tag: "v1.0.0", displayName: "Loop in try", events: ["Trade"] },
  create: ({ helpers }) => ({
    onTrade() {
      try {
        while (true) {}
      } catch {
        helpers.log("caught: must never be seen");
      } finally {
        helpers.log("finally: must never be seen");
      }
    },
  }),
};
