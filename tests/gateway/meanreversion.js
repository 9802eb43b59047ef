// Mean reversion, in the gateway's style: a limit order against a price that is far from its average. It never closes with an order.
"use strict";

const PREFIX = "[MEAN_REV]";

function field(source) {
  for (let i = 1; i < arguments.length; i++) {
    if (source && source[arguments[i]] !== undefined) return source[arguments[i]];
  }
  return undefined;
}

function number(value, fallback) {
  if (value === undefined || value === null || String(value).trim() === "") return fallback;
  const parsed = Number(value);
  return Number.isNaN(parsed) ? fallback : parsed;
}

module.exports = {
  metadata: {
    name: "meanreversion",
    tag: "1.0.0",
    displayName: "Mean Reversion",
    description: "Trades against deviations from a moving average.",
    config: [
      { name: "window_size", type: "int", description: "Trades in the average", default: 20, required: false },
      { name: "deviation_threshold", type: "float", description: "Percent", default: 0.5, required: false },
      { name: "order_size", type: "string", description: "Quantity", default: "1", required: false },
      { name: "dry_run", type: "bool", description: "Only log", default: true, required: false },
    ],
    events: ["Trade", "ExecReport", "BalanceUpdate", "RiskControl"],
  },

  create: (env) => {
    const config = env.config || {};
    const { log } = env.helpers;
    const { isTradingActive, isDryRun, providers, selectProvider, submitOrder } = env.runtime;

    let windowSize = Math.floor(number(field(config, "windowSize", "window_size", "WindowSize"), 20));
    if (windowSize <= 0) windowSize = 20;
    if (windowSize < 2) windowSize = 2;
    const threshold = number(field(config, "deviationThreshold", "deviation_threshold", "DeviationThreshold"), 0.5);
    const size = String(field(config, "orderSize", "order_size", "OrderSize") || "").trim() || "1";
    const dryRun = () => config.dry_run !== false || isDryRun();

    const prices = [];
    let hasPosition = false;

    const chooseProvider = () => {
      let chosen = null;
      try {
        chosen = selectProvider(Date.now());
      } catch (ignored) {
        chosen = null;
      }
      return chosen || providers()[0];
    };

    const enter = (side, price, deviation) => {
      const provider = chooseProvider();
      const what = `${side} on ${provider}: deviation=${deviation.toFixed(3)}% price=${price} size=${size}`;
      if (dryRun()) {
        log(`${PREFIX} [DRY-RUN] Would ${what}`);
        hasPosition = true;
        return;
      }
      try {
        submitOrder(provider, side, size, price);
        hasPosition = true;
        log(`${PREFIX} ${what}`);
      } catch (error) {
        log(`${PREFIX} ${side} failed: ${error.message}`);
      }
    };

    const forget = (ctx, evt, payload, reason) => {
      hasPosition = false;
      log(`${PREFIX} ${String(field(payload, "state", "State", "status")).toLowerCase()}${reason ? ": " + reason : ""}`);
    };

    return {
      wantsCrossProviderEvents() {
        return false;
      },

      onTrade(ctx, evt, payload, price) {
        if (!isTradingActive()) return;
        const last = Number(price);
        if (!(last > 0) || last === Infinity) return;
        prices.push(last);
        if (prices.length > windowSize) prices.shift();
        if (prices.length < windowSize) return;
        const average = prices.reduce((sum, one) => sum + one, 0) / prices.length;
        const deviation = ((last - average) / average) * 100;
        log(`${PREFIX} Deviation: ${deviation.toFixed(2)}%`);
        if (hasPosition) {
          if (Math.abs(deviation) < threshold / 2) {
            hasPosition = false;
            log(`${PREFIX} Price reverted to MA, position closed`);
          }
        } else if (deviation < -threshold) {
          enter("BUY", last, deviation);
        } else if (deviation > threshold) {
          enter("SELL", last, deviation);
        }
      },

      onOrderFilled(ctx, evt, payload) {
        log(`${PREFIX} Filled ${String(payload.side).toLowerCase()} at ${parseFloat(field(payload, "avgFillPrice", "avg_fill_price", "AvgFillPrice"))}`);
      },
      onOrderRejected: forget,
      onOrderCancelled: forget,
      onRiskControl: forget,
      onBalanceUpdate: undefined,
    };
  },
};
