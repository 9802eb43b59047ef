// Misdeed: sleeps a million times in one handler. (J48)
// Expect: trade: fault helper_limit|fuel_exhausted
module.exports = {
  metadata: { name: "sleep-endless", tag: "v1.0.0", displayName: "Endless sleeps", events: ["Trade"] },
  create: ({ helpers }) => ({
    onTrade() {
      for (let i = 0; i < 1_000_000; i++) helpers.sleep(1);
    },
  }),
};
