// Well-behaved: trades a little and watches whether what it hears comes in order: per provider, symbol and type, and the
// reports of each order. Says at its stop what it has heard and what was wrong.
// Expect: trade: runs
const RANK = { ACK: 1, PARTIAL: 2 };
module.exports = {
  metadata: {
    name: "order-witness",
    tag: "v1.0.0",
    displayName: "Order witness",
    description: "Watches whether events and reports come in order.",
    config: [
      { name: "every_ms", type: "int", default: 1000, description: "Between two orders." },
      { name: "order_value", type: "float", default: 100, description: "Of each order, in quote currency." },
      { name: "dry_run", type: "bool", default: false },
    ],
    events: [
      "BookSnapshot", "Trade", "Ticker", "ExecReport", "KlineSummary", "InstrumentUpdate", "BalanceUpdate", "RiskControl",
      "Extension",
    ],
  },
  create({ config, helpers, runtime }) {
    const heard = {}, orders = {}, refused = {}, types = {}, wrong = [];
    const bad = (text) => wrong.length < 20 && wrong.push(text);
    const hear = (evt) => {
      const key = `${evt.provider} ${evt.symbol} ${evt.type}`;
      const last = (heard[key] ??= { count: 0, sequence: -1, time: "" });
      if (evt.seqProvider <= last.sequence && evt.seqProvider !== 0) bad(`${key} ${evt.seqProvider} after ${last.sequence}`);
      if (evt.ingestTs < last.time) bad(`${key} at ${evt.ingestTs} after ${last.time}`);
      heard[key] = { count: last.count + 1, sequence: evt.seqProvider, time: evt.ingestTs };
      if (types[evt.type]) return;
      types[evt.type] = true;
      helpers.log("first", evt.type, JSON.stringify(evt));
    };
    const report = (ctx, evt, { clientOrderId, state, filledQuantity }) => {
      hear(evt);
      const last = orders[clientOrderId] ?? { rank: 0, filled: 0 };
      const now = { rank: RANK[state] ?? 3, filled: Number(filledQuantity) };
      if (last.rank === 3 || now.rank < last.rank || now.filled < last.filled) bad(`${clientOrderId} ${state} after ${JSON.stringify(last)}`);
      orders[clientOrderId] = now;
    };

    let turn = 0;
    const order = (symbols) => {
      const { provider, symbol } = symbols[turn % symbols.length];
      const last = runtime.getLastPrice(provider, symbol);
      const open = runtime.openOrders(provider, symbol);
      turn += 1;
      if (last === 0) return;
      const quantity = (config.order_value / last).toFixed(4);
      try {
        if (open.length > 2) runtime.cancelOrder(open[0].clientOrderId);
        else if (turn % 3 === 0) runtime.submitOrder(provider, "buy", quantity, (last * 0.9999).toFixed(2), { symbol });
        else runtime.submitMarketOrder(provider, "buy", quantity, { symbol });
      } catch (error) {
        refused[error.code] = (refused[error.code] ?? 0) + 1;
      }
    };
    const symbols = [];
    setInterval(() => symbols.length > 0 && order(symbols), config.every_ms);

    const handlers = ["onTrade", "onTicker", "onBookSnapshot", "onKlineSummary", "onBalanceUpdate"];
    const reports = ["Acknowledged", "PartialFill", "Filled", "Cancelled", "Expired", "Rejected"];
    return {
      wantsCrossProviderEvents: true,
      ...Object.fromEntries(handlers.map((name) => [name, (ctx, evt) => hear(evt)])),
      ...Object.fromEntries(reports.map((name) => [`onOrder${name}`, report])),
      onInstrumentUpdate(ctx, evt) {
        hear(evt);
        const { provider, symbol } = evt;
        if (!symbols.some((known) => known.provider === provider && known.symbol === symbol)) symbols.push({ provider, symbol });
      },
      onRiskControl(ctx, evt, { status, breachType, reason }) {
        hear(evt);
        const { stale } = runtime.getMarketState(evt.provider, evt.symbol);
        helpers.log("risk", JSON.stringify({ status, breachType, reason, active: runtime.isTradingActive(), stale }));
      },
      onExtensionEvent(ctx, evt, payload) {
        hear(evt);
        helpers.log("signal", JSON.stringify({ payload, provider: evt.provider, sequence: evt.seqProvider, now: new Date().toISOString() }));
      },
      onStop() {
        const counts = Object.fromEntries(Object.entries(heard).map(([key, { count }]) => [key, count]));
        const ended = Object.values(orders).filter(({ rank }) => rank === 3).length;
        helpers.log("verdict", JSON.stringify({ wrong, counts, refused, orders: Object.keys(orders).length, ended }));
      },
    };
  },
};
