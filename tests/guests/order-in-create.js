// Misdeed: orders before it runs and after it was told to stop. (J45)
// Expect: launch: logs `create: not_active`
// Expect: stop: logs `stop: not_active`
module.exports = {
  metadata: {
    name: "order-in-create", tag: "v1.0.0", displayName: "Order in create", events: ["Trade"],
    config: [{ name: "dry_run", type: "bool", default: false }],
  },
  create({ helpers, runtime }) {
    const order = (where) => {
      try {
        helpers.log(`${where}: sent`, runtime.submitMarketOrder(null, "buy", "0.001"));
      } catch (error) {
        helpers.log(`${where}: ${error.code}`);
      }
    };
    order("create");
    return { onStop: () => order("stop") };
  },
};
