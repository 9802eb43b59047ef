/**
 * Momentum: goes with the market once it has moved far enough.
 *
 * Momentum is the change, in percent, from the oldest to the newest of the last `lookback_period` trades. Above
 * `momentum_threshold` the strategy buys, below its negative it sells, always `order_size` at the market, and then
 * holds still for `cooldown`. The size does not grow on a turn: selling after a buy brings the position back to flat.
 */
const MS_PER_UNIT = { ns: 1e-6, us: 1e-3, "µs": 1e-3, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Milliseconds in a duration such as "5s" or "1m30s"; a number without a unit counts milliseconds. */
const toMs = (duration) =>
  [...String(duration).matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)?/g)]
    .reduce((sum, [, amount, unit = "ms"]) => sum + Number(amount) * MS_PER_UNIT[unit], 0);

module.exports = {
  metadata: {
    name: "momentum",
    tag: "v1.1.0",
    displayName: "Momentum",
    description: "Buys after the price has risen and sells after it has fallen, over a window of trades.",
    config: [
      { name: "lookback_period", type: "int", default: 20, description: "Trades in the window, at least 2." },
      { name: "momentum_threshold", type: "float", default: 0.5, description: "Change that is a signal, in percent." },
      { name: "order_size", type: "string", default: "1", description: "Quantity of each order, in base currency." },
      { name: "cooldown", type: "duration", default: "5s", description: "Shortest time between two orders in a market." },
      { name: "dry_run", type: "bool", default: true, description: "Log intended orders instead of sending them." },
    ],
    events: ["Trade", "ExecReport", "BalanceUpdate", "RiskControl"],
  },

  create({ config, helpers, runtime }) {
    const span = Math.max(2, config.lookback_period) - 1; // the prices of the window before the newest
    const threshold = config.momentum_threshold;
    const size = config.order_size.trim() || "1";
    const cooldownMs = toMs(config.cooldown);
    const log = (...args) => helpers.log("[MOMENTUM]", ...args);

    /** 1 long, -1 short, 0 flat: what the host knows that this instance holds. */
    const heldStance = ({ provider, symbol }) => Math.sign(Number(runtime.position(provider, symbol).quantity));

    const markets = [];
    let recent; // the market of the event before: nearly always that of the next one

    /** The state of the market of an event. An instance may follow several, and their prices must not mix. */
    const marketOf = ({ provider, symbol }) => {
      if (recent?.symbol === symbol && recent.provider === provider) return recent;
      recent = markets.find((market) => market.symbol === symbol && market.provider === provider);
      if (!recent) {
        recent = { provider, symbol, prices: [], place: 0, stance: 0, actedAt: -Infinity };
        recent.stance = heldStance(recent); // not flat when the guest was restarted while holding
        markets.push(recent);
      }
      return recent;
    };

    /** Takes one price in; returns the momentum in percent, NaN while the window fills up. */
    const observe = (market, price) => {
      const { prices, place } = market; // a ring: the oldest price stands where the newest goes
      const oldest = prices[place];
      prices[place] = price;
      market.place = (place + 1) % span;
      return ((price - oldest) / oldest) * 100;
    };

    const act = (market, side, momentum) => {
      const intent = `${side} on ${market.provider}: momentum=${momentum.toFixed(3)}% size=${size}`;
      log(runtime.isDryRun() ? `[DRY-RUN] Would ${intent}` : intent);
      market.actedAt = Date.now(); // also when it fails: a refused order must not be repeated at every trade
      try {
        runtime.submitMarketOrder(market.provider, side, size, { symbol: market.symbol });
        market.stance = side === "BUY" ? 1 : -1;
      } catch (error) {
        log(`${side} failed:`, error.message);
      }
    };

    return {
      wantsCrossProviderEvents: false,

      onTrade(ctx, evt, trade, price) {
        if (!(price > 0)) return;
        const market = marketOf(evt);
        const momentum = observe(market, price); // also while trading is off, so that the window has no hole
        let side;
        if (momentum > threshold && market.stance <= 0) side = "BUY";
        else if (momentum < -threshold && market.stance >= 0) side = "SELL";
        else return; // most trades: nothing has to be asked of the host

        if (!runtime.isTradingActive()) return;
        if (Date.now() - market.actedAt < cooldownMs) return; // the event's time, not the machine's
        act(market, side, momentum);
      },

      onOrderFilled(ctx, evt, report) {
        log(`Filled ${report.side} ${report.filledQuantity} at ${report.avgFillPrice}`);
      },

      onOrderRejected(ctx, evt, report, reason) {
        log("Order rejected:", reason);
        const market = marketOf(evt);
        market.stance = heldStance(market);
      },

      onRiskControl(ctx, evt, risk) {
        log(`Risk ${risk.status}: ${risk.reason}`);
        for (const market of markets) market.stance = heldStance(market);
      },
    };
  },
};
