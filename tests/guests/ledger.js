// Well-behaved: orders without pause, also while its venue cannot be reached, and keeps a digest of every report that it hears,
// in the order in which it hears them, so that a test can hold it against what the venue told.
// Expect: trade: runs
const EVERY = 64; // reports from one checkpoint to the next: they say about where two records part

module.exports = {
  metadata: {
    name: "ledger",
    tag: "v1.0.0",
    displayName: "Ledger",
    description: "Orders all the time and remembers what became of it.",
    config: [
      { name: "every_ms", type: "int", default: 4000, description: "Between two orders, by the market's clock." },
      { name: "order_value", type: "float", default: 100, description: "Of each order, in quote currency." },
      { name: "dry_run", type: "bool", default: false },
    ],
    events: ["Trade", "ExecReport", "RiskControl"],
  },
  create({ config, helpers, runtime }) {
    const fresh = { reports: 0, digest: 0x811c9dc5, checkpoints: [], denied: 0, backwards: 0, lost: 0, lastSequence: 0 };
    const state = helpers.load() ?? fresh;
    const note = (text) => {
      let digest = state.digest;
      for (let i = 0; i < text.length; i += 1) digest = Math.imul(digest ^ text.charCodeAt(i), 0x01000193);
      state.digest = digest >>> 0;
      state.reports += 1;
      if (state.reports % EVERY === 0) state.checkpoints.push(state.digest);
    };
    const report = (ctx, evt, { clientOrderId, state: now, filledQuantity, remainingQty, rejectReason }) => {
      if (evt.seqProvider <= state.lastSequence) state.backwards += 1;
      state.lastSequence = evt.seqProvider;
      // A denial is the host's word, not the venue's.
      if (rejectReason?.startsWith("denied:")) state.denied += 1;
      else note(`${clientOrderId} ${now} ${filledQuantity} ${remainingQty};`);
    };

    let turn = 0;
    const order = () => {
      const last = runtime.getLastPrice();
      if (last === 0) return;
      turn += 1;
      const quantity = (config.order_value / last).toFixed(4);
      const open = runtime.openOrders();
      // Whatever it holds it trades away again, so that it goes on for ever within its limits.
      const side = Number(runtime.position().quantity) > 0 ? "sell" : "buy";
      const at = (percent) => (last * (1 + (side === "buy" ? percent : -percent) / 100)).toFixed(2);
      try {
        if (open.length > 3) runtime.cancelOrder(open[turn % open.length].clientOrderId);
        else if (turn % 4 === 0) runtime.submitOrder(null, side, quantity, at(0.05));
        else if (turn % 4 === 1) runtime.submitOrder(null, side, quantity, at(-0.02));
        else if (turn % 4 === 2) runtime.submitOrder(null, side, quantity, at(-0.5), { timeInForce: "POST_ONLY" });
        else runtime.submitMarketOrder(null, side, quantity);
      } catch (error) {
        if (!error.code) throw error; // what a venue or a risk check refuses has a code; what has none is a mistake
      }
    };
    setInterval(order, config.every_ms);

    const reports = ["Acknowledged", "PartialFill", "Filled", "Cancelled", "Expired", "Rejected"];
    return {
      ...Object.fromEntries(reports.map((name) => [`onOrder${name}`, report])),
      onTrade() {},
      onRiskControl(ctx, evt, { breachType, status }) {
        if (breachType === "PROVIDER_DISCONNECTED" && status === "TRIGGERED") state.lost += 1;
      },
      onStop: () => helpers.save(state),
    };
  },
};
