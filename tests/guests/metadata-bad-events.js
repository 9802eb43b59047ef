// Misdeed: subscribes to an event that does not exist. (J55)
// Expect: upload: diagnostic validation unsupported event type "Nope" (hint metadata.events[1])
module.exports = {
  metadata: { name: "metadata-bad-events", tag: "v1.0.0", displayName: "Bad events", events: ["Trade", "Nope"] },
  create: () => ({}),
};
