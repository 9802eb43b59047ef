// Misdeed: subscribes to the same event 10,000 times. (J55)
// Expect: upload: diagnostic validation (at most 64 events)
const events = Array.from({ length: 10_000 }, () => "Trade");
module.exports = {
  metadata: { name: "metadata-many-events", tag: "v1.0.0", displayName: "Many events", events },
  create: () => ({}),
};
