/**
 * Market making: offers to buy a little below the middle of the market and to sell a little above it.
 *
 * Both quotes stand `spread_bps` away from the mid price (so the full width is twice that), at most `max_open_orders` on
 * each side. A quote from which the market has moved away, by more than half a spread, is stale: it is cancelled, and
 * its place is free as soon as the venue has said so; until then it may still fill, and counts as open. A quote that the
 * market comes closer to stays where it is: that is how it gets filled.
 */
const SIDES = ["BUY", "SELL"];
const MS_PER_UNIT = { ns: 1e-6, us: 1e-3, "µs": 1e-3, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Milliseconds in a duration such as "5s" or "1m30s"; a number without a unit counts milliseconds. */
const toMs = (duration) =>
  [...String(duration).matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)?/g)]
    .reduce((sum, [, amount, unit = "ms"]) => sum + Number(amount) * MS_PER_UNIT[unit], 0);

module.exports = {
  metadata: {
    name: "marketmaking",
    tag: "v1.0.0",
    displayName: "Market Making",
    description: "Quotes both sides around the mid price and cancels quotes that the market has left behind.",
    config: [
      { name: "spread_bps", type: "float", default: 25, description: "Distance of a quote from the mid price, in 0.01 %." },
      { name: "order_size", type: "string", default: "1", description: "Quantity of each quote, in base currency." },
      { name: "max_open_orders", type: "int", default: 2, description: "Open quotes per side; 0 never quotes." },
      { name: "price_decimals", type: "int", default: 2, description: "Decimals of the instrument's tick: 2 for 0.01." },
      { name: "quote_interval", type: "duration", default: "500ms", description: "Shortest time between rounds of new quotes." },
      { name: "dry_run", type: "bool", default: true, description: "Log intended orders instead of sending them." },
    ],
    events: ["Trade", "Ticker", "ExecReport", "BalanceUpdate", "RiskControl"],
  },

  create({ config, helpers, runtime }) {
    const halfWidth = config.spread_bps / 10_000;
    const size = config.order_size.trim() || "1";
    const quoteIntervalMs = toMs(config.quote_interval);
    const log = (...args) => helpers.log("[MM]", ...args);

    /** The quotes that the host says are open, by client order id: also those from before a restart. */
    const openQuotes = ({ provider, symbol }) =>
      new Map(runtime.openOrders(provider, symbol).map((order) => [
        order.clientOrderId,
        { side: order.side.toUpperCase(), price: Number(order.price), cancelling: false },
      ]));

    const markets = new Map();

    /** The state of the market of an event. An instance may follow several, and each is quoted on its own. */
    const marketOf = ({ provider, symbol }) => {
      const key = `${provider} ${symbol}`;
      let market = markets.get(key);
      if (!market) {
        market = { provider, symbol, quotes: openQuotes({ provider, symbol }), lastMid: 0, quotedAt: -Infinity };
        markets.set(key, market);
      }
      return market;
    };

    const countOf = ({ quotes }, side) => [...quotes.values()].filter((quote) => quote.side === side).length;

    const place = (market, side, price) => {
      const limit = price.toFixed(config.price_decimals);
      const intent = `${side} on ${market.provider}: price=${limit} size=${size}`;
      log(runtime.isDryRun() ? `[DRY-RUN] Would ${intent}` : intent);
      try {
        const id = runtime.submitOrder(market.provider, side, size, limit, { symbol: market.symbol });
        market.quotes.set(id, { side, price: Number(limit), cancelling: false });
      } catch (error) {
        log(`${side} at ${limit} failed:`, error.message);
      }
    };

    /** Asks the venue to cancel. The quote stays counted until its final report, unless nobody knows it. */
    const cancel = (market, id, quote) => {
      log(`Cancelling the stale ${quote.side} at ${quote.price}`);
      try {
        runtime.cancelOrder(id);
        quote.cancelling = true;
      } catch (error) {
        if (error.code === "unknown_order") market.quotes.delete(id);
        else log("Cancel failed:", error.message);
      }
    };

    /** Has the market moved away from this quote? A buy is left behind below its target, a sell above it. */
    const isStale = ({ side, price }, target) =>
      (side === "BUY" ? target - price : price - target) / target > halfWidth / 2;

    const cancelStale = (market, targets) => {
      for (const [id, quote] of market.quotes) {
        if (!quote.cancelling && isStale(quote, targets[quote.side])) cancel(market, id, quote);
      }
    };

    const requote = (market) => {
      const { bid, ask } = runtime.getMarketState(market.provider, market.symbol);
      if (!(bid > 0 && ask > 0)) return;
      const mid = (bid + ask) / 2;
      const targets = { BUY: mid * (1 - halfWidth), SELL: mid * (1 + halfWidth) };
      cancelStale(market, targets);

      if (Date.now() - market.quotedAt < quoteIntervalMs) return; // the event's time, not the machine's
      const sides = SIDES.filter((side) => countOf(market, side) < config.max_open_orders);
      if (sides.length === 0) return;
      market.quotedAt = Date.now();
      market.lastMid = mid;
      for (const side of sides) place(market, side, targets[side]);
    };

    /** Has the price left the last mid by more than half a spread? True before the first quote. */
    const hasMoved = ({ lastMid }, price) => lastMid === 0 || Math.abs(price - lastMid) / lastMid > halfWidth / 2;

    /** A quote has reached its end, whichever it was: its place is free. */
    const release = (evt, report) => marketOf(evt).quotes.delete(report.clientOrderId);

    return {
      wantsCrossProviderEvents: false,

      onTicker(ctx, evt) {
        if (runtime.isTradingActive()) requote(marketOf(evt));
      },

      onTrade(ctx, evt, trade, price) {
        if (!(price > 0) || !runtime.isTradingActive()) return;
        const market = marketOf(evt);
        if (hasMoved(market, price)) requote(market);
      },

      onOrderFilled(ctx, evt, report) {
        release(evt, report);
        const { quantity } = runtime.position(evt.provider, evt.symbol);
        log(`Filled ${report.side} ${report.filledQuantity} at ${report.avgFillPrice}, position ${quantity}`);
      },
      onOrderCancelled: (ctx, evt, report) => release(evt, report),
      onOrderExpired: (ctx, evt, report) => release(evt, report),
      onOrderRejected(ctx, evt, report, reason) {
        release(evt, report);
        log(`Rejected ${report.side} at ${report.price}:`, reason);
      },

      onRiskControl(ctx, evt, risk) {
        log(`Risk ${risk.status}: ${risk.reason}`);
        for (const market of markets.values()) market.quotes = openQuotes(market); // the host may have cancelled some
      },
    };
  },
};
