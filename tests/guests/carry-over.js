// Well-behaved: counts trades across restarts of the guest, of the host, and moves to another revision.
// Expect: launch: logs resumed at <count>: 0 for the first life, the number of all trades so far later
module.exports = {
  metadata: { name: "carry-over", tag: "v1.0.0", displayName: "Carry over", events: ["Trade"] },
  create({ helpers }) {
    const state = { trades: 0, ...helpers.load() };
    helpers.log("resumed at", state.trades);
    return {
      onTrade() {
        state.trades += 1;
        helpers.save(state);
      },
      onStop: () => helpers.log("stopped at", state.trades),
    };
  },
};
