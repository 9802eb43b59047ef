/**
 * Mean reversion: bets that a price far from its average comes back.
 *
 * When a trade is `deviation_threshold` percent below the average of the last `window_size` trades, the strategy bids at
 * that price; above it, it offers. Once the price is back within half the threshold, it takes the bet off: an entry
 * that still rests is cancelled, and what was filled is closed at the market.
 *
 * There is little state to go wrong: at most one order works at a time, and what is held is always asked of the host.
 */
/** How long to leave a market alone after a refused order: the next trade would only be refused again. */
const PAUSE_AFTER_REFUSAL_MS = 1_000;

module.exports = {
  metadata: {
    name: "meanreversion",
    tag: "v1.0.0",
    displayName: "Mean Reversion",
    description: "Trades against moves away from a moving average and closes when the price has come back.",
    config: [
      { name: "window_size", type: "int", default: 20, description: "Trades in the average, at least 2." },
      { name: "deviation_threshold", type: "float", default: 0.5, description: "Distance that is a signal, in percent." },
      { name: "order_size", type: "string", default: "1", description: "Quantity of each entry, in base currency." },
      { name: "dry_run", type: "bool", default: true, description: "Log intended orders instead of sending them." },
    ],
    events: ["Trade", "ExecReport", "BalanceUpdate", "RiskControl"],
  },

  create({ config, helpers, runtime }) {
    const windowSize = Math.max(2, config.window_size);
    const threshold = config.deviation_threshold;
    const size = config.order_size.trim() || "1";
    const log = (...args) => helpers.log("[MEAN_REV]", ...args);

    const markets = new Map();

    /** The state of the market of an event: its prices, and the one order that works there, if any. */
    const marketOf = ({ provider, symbol }) => {
      const key = `${provider} ${symbol}`;
      let market = markets.get(key);
      if (!market) {
        // After a restart of the guest an order of its predecessor may still rest: it is ours.
        const [left] = runtime.openOrders(provider, symbol);
        const working = left && { id: left.clientOrderId, isEntry: true };
        market = { provider, symbol, prices: [], working, quietUntil: -Infinity };
        markets.set(key, market);
      }
      return market;
    };

    /** Takes one price in; returns its distance from the average in percent, or undefined while the window fills up. */
    const observe = ({ prices }, price) => {
      prices.push(price);
      if (prices.length > windowSize) prices.shift();
      if (prices.length < windowSize) return undefined;
      const average = prices.reduce((sum, p) => sum + p, 0) / windowSize;
      return ((price - average) / average) * 100;
    };

    const announce = (intent) => log(runtime.isDryRun() ? `[DRY-RUN] Would ${intent}` : intent);

    /** Sends the one order of a market through `submit`, and remembers it by its client order id. */
    const work = (market, isEntry, submit) => {
      try {
        market.working = { id: submit(), isEntry, cancelling: false };
      } catch (error) {
        log("Order refused:", error.message);
        market.quietUntil = Date.now() + PAUSE_AFTER_REFUSAL_MS;
      }
    };

    const enter = (market, side, price, deviation) => {
      const { provider, symbol } = market;
      announce(`${side} on ${provider}: deviation=${deviation.toFixed(3)}% price=${price} size=${size}`);
      work(market, true, () => runtime.submitOrder(provider, side, size, price, { symbol }));
    };

    /** Closes what is held at the market. `held` is a signed decimal: negative is short. */
    const close = (market, held) => {
      const { provider, symbol } = market;
      const side = held.startsWith("-") ? "BUY" : "SELL";
      const quantity = held.replace("-", "");
      announce(`${side} on ${provider}: price reverted to MA, closing ${quantity}`);
      work(market, false, () => runtime.submitMarketOrder(provider, side, quantity, { symbol }));
    };

    /** Takes back an entry that still rests. Its final report frees the place; an order nobody knows has none to send. */
    const withdraw = (market) => {
      const { working } = market;
      if (!working.isEntry || working.cancelling) return;
      announce("cancel the entry: price reverted to MA");
      try {
        runtime.cancelOrder(working.id);
        working.cancelling = true;
      } catch (error) {
        if (error.code === "unknown_order") market.working = undefined;
        else log("Cancel refused:", error.message);
      }
    };

    /** An order has reached its end, whichever it was: its place is free. */
    const release = (evt, report) => {
      const market = marketOf(evt);
      if (market.working?.id === report.clientOrderId) market.working = undefined;
    };

    return {
      wantsCrossProviderEvents: false,

      onTrade(ctx, evt, trade, price) {
        if (!(price > 0)) return;
        const market = marketOf(evt);
        const deviation = observe(market, price);
        if (deviation === undefined || !runtime.isTradingActive()) return;

        const hasReverted = Math.abs(deviation) < threshold / 2;
        if (market.working) {
          if (hasReverted) withdraw(market);
          return;
        }
        if (Date.now() < market.quietUntil) return; // the event's time, not the machine's
        const held = runtime.position(market.provider, market.symbol).quantity;
        if (Number(held) !== 0) {
          if (hasReverted) close(market, held);
        } else if (deviation < -threshold) {
          enter(market, "BUY", trade.price, deviation);
        } else if (deviation > threshold) {
          enter(market, "SELL", trade.price, deviation);
        }
      },

      onOrderFilled(ctx, evt, report) {
        log(`Filled ${report.side} ${report.filledQuantity} at ${report.avgFillPrice}`);
        release(evt, report);
      },
      onOrderCancelled: (ctx, evt, report) => release(evt, report),
      onOrderExpired: (ctx, evt, report) => release(evt, report),
      onOrderRejected(ctx, evt, report, reason) {
        log("Order rejected:", reason);
        release(evt, report);
      },

      onRiskControl: (ctx, evt, risk) => log(`Risk ${risk.status}: ${risk.reason}`),
    };
  },
};
