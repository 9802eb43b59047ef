// Momentum, in the gateway's style: buys what has risen and sells what has fallen over the last trades.
"use strict";

const UNITS = { ns: 1e-6, us: 1e-3, "µs": 1e-3, ms: 1, s: 1000, m: 60000, h: 3600000 };
const PREFIX = "[MOMENTUM]";

const isBlank = (value) => value === undefined || value === null || (typeof value === "string" && value.trim() === "");

function field(source, ...names) {
  for (const name of names) {
    if (source && source[name] !== undefined) return source[name];
  }
  return undefined;
}

function numberOr(value, fallback) {
  const number = isBlank(value) ? NaN : Number(value);
  return Number.isFinite(number) ? number : fallback;
}

function wholeOr(value, fallback, least) {
  const whole = Math.floor(numberOr(value, NaN));
  if (!Number.isFinite(whole) || whole <= 0) return fallback;
  return Math.max(least, whole);
}

function textOr(value, fallback) {
  return isBlank(value) ? fallback : String(value).trim();
}

function millisOr(value, fallback) {
  const match = /^(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)?$/.exec(isBlank(value) ? "" : String(value).trim());
  return match ? Number(match[1]) * UNITS[match[2] || "ms"] : fallback;
}

module.exports = {
  metadata: {
    name: "momentum",
    tag: "1.0.0",
    displayName: "Momentum",
    description: "Trades in the direction of the price change over a lookback window.",
    config: [
      { name: "lookback_period", type: "int", description: "Trades to look back", default: 20, required: false },
      { name: "momentum_threshold", type: "float", description: "Percent", default: 0.5, required: false },
      { name: "order_size", type: "string", description: "Quantity", default: "1", required: false },
      { name: "cooldown", type: "duration", description: "Between trades", default: "5s", required: false },
      { name: "dry_run", type: "bool", description: "Only log", default: true, required: false },
    ],
    events: ["Trade", "ExecReport", "BalanceUpdate", "RiskControl"],
  },

  create(env) {
    const config = env.config || {};
    const log = env.helpers.log;
    // Taken out of `runtime` and called without it from here on.
    const isTradingActive = env.runtime.isTradingActive;
    const isDryRun = env.runtime.isDryRun;
    const providers = env.runtime.providers;
    const selectProvider = env.runtime.selectProvider;
    const submitMarketOrder = env.runtime.submitMarketOrder;

    const lookback = wholeOr(field(config, "lookbackPeriod", "lookback_period", "LookbackPeriod"), 20, 2);
    const threshold = numberOr(field(config, "momentumThreshold", "momentum_threshold", "MomentumThreshold"), 0.5);
    const size = textOr(field(config, "orderSize", "order_size", "OrderSize"), "1");
    const cooldown = millisOr(field(config, "cooldown", "Cooldown"), 5000);
    const configuredDryRun = typeof config.dry_run === "boolean" ? config.dry_run : true;

    let prices = [];
    let position = 0;
    let lastTradeAt = 0;

    function pickProvider() {
      let provider = "";
      try {
        provider = selectProvider(Date.now());
      } catch (error) {
        log(PREFIX + " selectProvider failed: " + error.message);
      }
      if (typeof provider === "string" && provider !== "") return provider;
      const all = providers();
      return all.length > 0 ? all[0] : "";
    }

    function trade(side, next, momentum) {
      const provider = pickProvider();
      const what = side + " on " + provider + ": momentum=" + momentum.toFixed(3) + "% size=" + size;
      if (configuredDryRun || isDryRun()) {
        log(PREFIX + " [DRY-RUN] Would " + what);
      } else {
        try {
          submitMarketOrder(provider, side, size);
          log(PREFIX + " " + what);
        } catch (error) {
          log(PREFIX + " " + side + " failed: " + error.message);
          return;
        }
      }
      position = next;
      lastTradeAt = Date.now();
    }

    return {
      wantsCrossProviderEvents: false,

      onTrade(ctx, evt, payload, price) {
        if (!isTradingActive()) return;
        const last = Number(price !== undefined ? price : field(payload, "price", "Price"));
        if (!Number.isFinite(last) || last <= 0) return;
        prices.push(last);
        if (prices.length > lookback) prices = prices.slice(prices.length - lookback);
        if (prices.length < lookback) return;
        if (Date.now() - lastTradeAt < cooldown) return;
        const momentum = ((last - prices[0]) / prices[0]) * 100;
        log(PREFIX + " Current momentum: " + momentum.toFixed(3) + "%");
        if (momentum > threshold && position <= 0) trade("BUY", 1, momentum);
        else if (momentum < -threshold && position >= 0) trade("SELL", -1, momentum);
      },

      onOrderFilled(ctx, evt, payload) {
        const side = String(field(payload, "side", "Side")).toLowerCase();
        const average = Number(field(payload, "avgFillPrice", "avg_fill_price", "AvgFillPrice"));
        const filled = field(payload, "filledQuantity", "filled_quantity", "FilledQuantity");
        log(PREFIX + " Filled " + side + " " + filled + " at " + average.toFixed(2));
      },

      onOrderRejected(ctx, evt, payload, reason) {
        log(PREFIX + " Order rejected: " + reason);
        position = 0;
      },

      onRiskControl(ctx, evt, payload) {
        log(PREFIX + " Risk: " + field(payload, "reason", "Reason"));
        position = 0;
      },

      onBalanceUpdate() {},
    };
  },
};
