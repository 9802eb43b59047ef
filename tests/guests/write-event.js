// Misdeed: writes into the events it receives; they are its own copies.
// Expect: trade: runs (another instance sees the true price)
module.exports = {
  metadata: { name: "write-event", tag: "v1.0.0", displayName: "Writes events", events: ["Trade"] },
  create: () => ({
    onTrade(ctx, evt, trade) {
      for (const target of [ctx, evt, trade, evt.payload]) {
        try {
          Object.assign(target, { price: "1", provider: "elsewhere", payload: null });
        } catch {}
      }
    },
  }),
};
