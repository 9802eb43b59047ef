// Misdeed: leaves 1,000 cycles of garbage behind at every trade. (J60)
// Expect: trade: runs (memory stays flat over a million cycles)
module.exports = {
  metadata: { name: "cyclic-garbage", tag: "v1.0.0", displayName: "Cyclic garbage", events: ["Trade"] },
  create: () => ({
    onTrade() {
      for (let i = 0; i < 1_000; i++) {
        const a = { text: "x".repeat(32) };
        const b = { a };
        a.b = b;
      }
    },
  }),
};
