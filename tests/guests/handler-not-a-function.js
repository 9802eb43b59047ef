// Misdeed: handlers that cannot be called. They count as missing.
// Expect: trade: runs
module.exports = {
  metadata: { name: "handler-not-a-function", tag: "v1.0.0", displayName: "Odd handlers", events: ["Trade", "Ticker"] },
  create: () => ({ onTrade: 5, onTicker: "onTicker", onStop: null }),
};
