/**
 * Grid: a ladder of limit orders around a base price, that earns one spacing per round trip.
 *
 * At the first trade it places `grid_levels` buys below the base and as many sells above it, `grid_spacing` percent of
 * the base apart. When a buy fills, it offers what it bought one spacing higher; when a sell fills, it bids one spacing
 * lower. The base is saved: after a restart the ladder that still rests at the venue is taken up again, not doubled.
 *
 * Mind the host's limits: rungs outside its price band are denied, and so are orders beyond its number of open orders.
 */
const MS_PER_UNIT = { ns: 1e-6, us: 1e-3, "µs": 1e-3, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Milliseconds in a duration such as "5s" or "1m30s"; a number without a unit counts milliseconds. */
const toMs = (duration) =>
  [...String(duration).matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)?/g)]
    .reduce((sum, [, amount, unit = "ms"]) => sum + Number(amount) * MS_PER_UNIT[unit], 0);

module.exports = {
  metadata: {
    name: "grid",
    tag: "v1.0.0",
    displayName: "Grid",
    description: "Keeps a ladder of limit orders around a base price and trades back and forth between its rungs.",
    config: [
      { name: "grid_levels", type: "int", default: 3, description: "Rungs on each side of the base, at least 1." },
      { name: "grid_spacing", type: "float", default: 0.5, description: "Distance between rungs, in percent of the base." },
      { name: "order_size", type: "string", default: "1", description: "Quantity of each rung, in base currency." },
      { name: "base_price", type: "float", default: 0, description: "Middle of the ladder; 0 takes the first trade's price." },
      { name: "price_decimals", type: "int", default: 2, description: "Decimals of the instrument's tick: 2 for 0.01." },
      { name: "order_interval", type: "duration", default: "250ms", description: "Pause between orders, for the throttle." },
      { name: "dry_run", type: "bool", default: true, description: "Log intended orders instead of sending them." },
    ],
    events: ["Trade", "ExecReport", "BalanceUpdate", "RiskControl"],
  },

  create({ config, helpers, runtime }) {
    const levels = Math.max(1, config.grid_levels);
    const size = config.order_size.trim() || "1";
    const orderIntervalMs = toMs(config.order_interval);
    const log = (...args) => helpers.log("[GRID]", ...args);

    /** The base price of each market, by key; survives restarts. */
    const bases = helpers.load() ?? {};
    /** The markets whose ladder stands. Not saved: whether it still does is asked of the host. */
    const laid = new Set();

    const keyOf = ({ provider, symbol }) => `${provider} ${symbol}`;
    const stepOf = (base) => (base * config.grid_spacing) / 100;

    const place = ({ provider, symbol }, side, price, quantity) => {
      const limit = price.toFixed(config.price_decimals);
      const intent = `${side} on ${provider}: price=${limit} size=${quantity}`;
      log(runtime.isDryRun() ? `[DRY-RUN] Would ${intent}` : intent);
      try {
        runtime.submitOrder(provider, side, quantity, limit, { symbol });
      } catch (error) {
        log(`${side} at ${limit} failed:`, error.message);
      }
    };

    /** Places all rungs, the nearest first, buys before sells. One that fails is left out; the others still stand. */
    const layLadder = (evt, base) => {
      const step = stepOf(base);
      const offsets = Array.from({ length: levels }, (_, i) => (i + 1) * step);
      const rungs = [
        ...offsets.map((offset) => ({ side: "BUY", price: base - offset })),
        ...offsets.map((offset) => ({ side: "SELL", price: base + offset })),
      ];
      rungs.forEach(({ side, price }, i) => {
        if (i > 0) helpers.sleep(orderIntervalMs);
        place(evt, side, price, size);
      });
    };

    /** Sees to it that the ladder of this market stands: takes up the one that is there, or places a new one. */
    const ensureLadder = (evt, price) => {
      const key = keyOf(evt);
      if (laid.has(key)) return;
      laid.add(key);

      const isStanding = runtime.openOrders(evt.provider, evt.symbol).length > 0;
      if (!isStanding || !bases[key]) {
        bases[key] = config.base_price > 0 ? config.base_price : price;
        helpers.save(bases);
      }
      log(`${isStanding ? "Resuming" : "Placing"} the ladder around ${bases[key]}`);
      if (!isStanding) layLadder(evt, bases[key]);
    };

    return {
      wantsCrossProviderEvents: true,

      onTrade(ctx, evt, trade, price) {
        if (price > 0 && runtime.isTradingActive()) ensureLadder(evt, price);
      },

      onOrderFilled(ctx, evt, report) {
        log(`Filled ${report.side} ${report.filledQuantity} at ${report.avgFillPrice}`);
        // From the order's own price, which the fill can only better: so the rungs keep their places.
        const filledAt = Number(report.price);
        const step = stepOf(bases[keyOf(evt)] ?? filledAt);
        if (report.side === "Buy") place(evt, "SELL", filledAt + step, report.quantity);
        else place(evt, "BUY", filledAt - step, report.quantity);
      },

      onOrderCancelled: (ctx, evt, report) => log(`Cancelled ${report.side} at ${report.price}: the rung stays empty`),
      onOrderExpired: (ctx, evt, report) => log(`Expired ${report.side} at ${report.price}: the rung stays empty`),
      onOrderRejected: (ctx, evt, report, reason) => log(`Rejected ${report.side} at ${report.price}:`, reason),

      onRiskControl(ctx, evt, risk) {
        log(`Risk ${risk.status}: ${risk.reason}`);
        // All clear: look at every market again, and place the ladder anew where nothing is left of it.
        if (risk.status === "CLEARED") laid.clear();
      },
    };
  },
};
