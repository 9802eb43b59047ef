// Misdeed: a handler that cannot be called. Only `null` and `undefined` count as missing.
// Expect: launch: exception TypeError: handler onTicker is not a function
module.exports = {
  metadata: { name: "handler-not-a-function", tag: "v1.0.0", displayName: "Odd handlers", events: ["Trade", "Ticker"] },
  create: () => ({ onTrade: null, onTicker: "onTicker" }),
};
