// Misdeed: leaks 256 KiB per trade: harmless each time, too much after some hundred trades.
// Expect: trade: exception|fault memory_exhausted (not with the first trade)
const hoard = [];
module.exports = {
  metadata: { name: "allocate-little-by-little", tag: "v1.0.0", displayName: "Slow leak", events: ["Trade"] },
  create: () => ({ onTrade: () => hoard.push(new Uint8Array(1 << 18)) }),
};
