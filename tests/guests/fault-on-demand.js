// Well-behaved until the tenth trade of each life, then loops: for restart, backoff and quarantine.
// Expect: trade: fault fuel_exhausted (with the tenth trade; saved state survives it, the trade is not delivered again)
module.exports = {
  metadata: {
    name: "fault-on-demand", tag: "v1.0.0", displayName: "Fault on demand", events: ["Trade"],
    config: [{ name: "after", type: "int", default: 10, description: "Trades of a life before the fault." }],
  },
  create({ config, helpers }) {
    const life = (helpers.load()?.life ?? 0) + 1;
    helpers.save({ life });
    helpers.log("life", life);
    let trades = 0;
    return {
      onTrade() {
        trades += 1;
        while (trades === config.after) {}
      },
    };
  },
};
