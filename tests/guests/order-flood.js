// Misdeed: sends 100 orders at every trade and counts the answers. (J44)
// Expect: trade: logs accepted=<= 32 (the risk check's throttle allows fewer), the rest by code
module.exports = {
  metadata: {
    name: "order-flood", tag: "v1.0.0", displayName: "Order flood", events: ["Trade", "ExecReport"],
    config: [{ name: "dry_run", type: "bool", default: false }],
  },
  create: ({ helpers, runtime }) => ({
    onTrade() {
      const answers = { accepted: 0 };
      for (let i = 0; i < 100; i++) {
        try {
          runtime.submitMarketOrder(null, i % 2 ? "sell" : "buy", "0.001");
          answers.accepted += 1;
        } catch (error) {
          answers[error.code] = (answers[error.code] ?? 0) + 1;
        }
      }
      helpers.log(Object.entries(answers).map(([code, count]) => `${code}=${count}`).join(" "));
    },
  }),
};
