// Misdeed: computes with nearly all fuel of every event it can get, for ever, and never exceeds it: nothing ever stops it.
// Expect: trade: runs (and loses its priority)
const burn = () => {
  let x = 0;
  for (let i = 0; i < 60_000; i++) x += i;
  return x;
};
module.exports = {
  metadata: { name: "burn", tag: "v1.0.0", displayName: "Burn", events: ["Trade", "Ticker", "BookSnapshot"] },
  create: () => ({ onTrade: burn, onTicker: burn, onBookSnapshot: burn }),
};
