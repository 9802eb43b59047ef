// Misdeed: runs out of memory, catches that, and tries again for ever. (J15)
// Expect: trade: fault fuel_exhausted|memory_exhausted
module.exports = {
  metadata: { name: "allocate-caught", tag: "v1.0.0", displayName: "Caught allocation", events: ["Trade"] },
  create: () => ({
    onTrade() {
      const hoard = [];
      while (true) {
        try {
          hoard.push(new Uint8Array(1 << 20));
        } catch {}
      }
    },
  }),
};
