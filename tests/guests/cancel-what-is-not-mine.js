// Misdeed: cancels orders that are not its own, or are none.
// Expect: trade: logs <id> -> unknown_order for every id, invalid_client_order_id for the longest
const IDS = ["canary-1", "", "../../etc", "x".repeat(10_000), null, 7, {}];
module.exports = {
  metadata: { name: "cancel-what-is-not-mine", tag: "v1.0.0", displayName: "Foreign cancels", events: ["Trade"] },
  create: ({ helpers, runtime }) => ({
    onTrade() {
      for (const id of IDS) {
        let outcome = "cancelled";
        try {
          runtime.cancelOrder(id);
        } catch (error) {
          outcome = error.code ?? error.name;
        }
        helpers.log(`${String(id).slice(0, 20)} -> ${outcome}`);
      }
    },
  }),
};
