// Misdeed: an async handler that waits for what never comes. (J24)
// Expect: trade: runs (the event is over when no job is left; nothing leaks over 100,000 events)
module.exports = {
  metadata: { name: "job-never-settles", tag: "v1.0.0", displayName: "Never settles", events: ["Trade"] },
  create: () => ({
    async onTrade() {
      await new Promise(() => {});
    },
  }),
};
