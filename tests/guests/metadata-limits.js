// Asks for more than the host gives by itself: that is shown, not granted.
// Expect: upload: accepted
// Expect: trade: fault fuel_exhausted
module.exports = {
  metadata: {
    name: "metadata-limits",
    tag: "v1.0.0",
    displayName: "Limits",
    events: ["Trade"],
    limits: { fuelPerEvent: 10_000_000_000, deadlineMs: 60_000 },
  },
  create: () => ({
    onTrade() {
      for (;;);
    },
  }),
};
