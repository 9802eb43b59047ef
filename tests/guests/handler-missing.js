// No misdeed: subscribes to trades and has no handler for them. A missing handler is a no-op.
// Expect: trade: runs (nothing is called, nothing is logged)
module.exports = {
  metadata: { name: "handler-missing", tag: "v1.0.0", displayName: "Missing handler", events: ["Trade", "Ticker"] },
  create: () => ({ onTicker() {} }),
};
