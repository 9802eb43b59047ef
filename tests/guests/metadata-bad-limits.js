// Misdeed: asks for a limit that does not exist, and for more memory than any host gives.
// Expect: upload: diagnostic validation unknown limit: use one of memoryBytes, fuelPerLoad
// Expect: upload: diagnostic validation limits.memoryBytes is 1099511627776: it must be 4194304 to 67108864
module.exports = {
  metadata: {
    name: "metadata-bad-limits",
    tag: "v1.0.0",
    displayName: "Bad limits",
    events: ["Trade"],
    limits: { fuel: 1, memoryBytes: 2 ** 40 },
  },
  create: () => ({}),
};
