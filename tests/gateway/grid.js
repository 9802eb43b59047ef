// Grid, in the gateway's style: a ladder of limit orders, and at every fill the opposite order at the very price of the fill.
var PREFIX = "[GRID]";

function field(source, names) {
  for (var i = 0; source && i < names.length; i++) {
    if (source[names[i]] !== undefined && source[names[i]] !== null) {
      return source[names[i]];
    }
  }
  return undefined;
}

function toNumber(value, fallback) {
  if (value === undefined || (typeof value === "string" && !value.trim())) {
    return fallback;
  }
  var n = Number(value);
  return isFinite(n) ? n : fallback;
}

module.exports = {
  metadata: {
    name: "grid",
    tag: "1.0.0",
    displayName: "Grid",
    description: "Places buy and sell orders at fixed distances from a base price.",
    config: [
      { name: "grid_levels", type: "int", description: "Levels per side", default: 3, required: false },
      { name: "grid_spacing", type: "float", description: "Percent", default: 0.5, required: false },
      { name: "order_size", type: "string", description: "Quantity", default: "1", required: false },
      { name: "base_price", type: "float", description: "0: the first trade", default: 0, required: false },
      { name: "dry_run", type: "bool", description: "Only log", default: true, required: false },
    ],
    events: ["Trade", "ExecReport", "BalanceUpdate", "RiskControl"],
  },

  create: function (env) {
    var config = env.config || {};
    var runtime = env.runtime;
    var log = env.helpers.log;
    var submitOrder = runtime.submitOrder;
    var selectProvider = runtime.selectProvider;
    var listProviders = runtime.providers;
    var isTradingActive = runtime.isTradingActive;
    var runtimeIsDry = runtime.isDryRun;

    var levels = Math.max(1, Math.floor(toNumber(field(config, ["gridLevels", "grid_levels", "GridLevels"]), 3)));
    var spacing = toNumber(field(config, ["gridSpacing", "grid_spacing", "GridSpacing"]), 0.5) / 100;
    var size = String(field(config, ["orderSize", "order_size", "OrderSize"]) || "1").trim() || "1";
    var base = toNumber(field(config, ["basePrice", "base_price", "BasePrice"]), 0);
    var dryConfigured = typeof config.dry_run === "boolean" ? config.dry_run : true;

    var initialized = false;
    var active = {};

    function provider() {
      var name;
      try {
        name = selectProvider(Date.now());
      } catch (e) {
        name = "";
      }
      if (!name) {
        var all = listProviders() || [];
        name = all.length ? all[0] : "";
      }
      return name;
    }

    function place(where, side, price) {
      if (dryConfigured || runtimeIsDry()) {
        log(PREFIX + " [DRY-RUN] Would " + side + " on " + where + ": price=" + price + " size=" + size);
        active[String(price)] = side;
        return;
      }
      try {
        submitOrder(where, side, size, price);
        active[String(price)] = side;
        log(PREFIX + " " + side + " on " + where + " at " + price);
      } catch (e) {
        log(PREFIX + " " + side + " at " + price + " failed: " + e.message);
      }
    }

    return {
      wantsCrossProviderEvents: function () {
        return true;
      },

      onTrade: function (ctx, evt, payload, price) {
        if (!isTradingActive() || initialized) {
          return;
        }
        if (!isFinite(price) || price <= 0) {
          return;
        }
        if (!(base > 0)) {
          base = price;
        }
        for (var i = 1; i <= levels; i++) {
          place(provider(), "BUY", base * (1 - spacing * i));
        }
        for (var j = 1; j <= levels; j++) {
          place(provider(), "SELL", base * (1 + spacing * j));
        }
        initialized = true;
        log(PREFIX + " initialized around " + base);
      },

      onOrderFilled: function (ctx, evt, payload) {
        var price = parseFloat(field(payload, ["avgFillPrice", "avg_fill_price", "AvgFillPrice"]));
        if (!isFinite(price)) {
          return;
        }
        delete active[String(price)];
        var side = String(field(payload, ["side", "Side"])).toLowerCase();
        place(field(evt, ["provider", "Provider"]), side === "buy" ? "SELL" : "BUY", price);
      },

      onOrderRejected: function (ctx, evt, payload, reason) {
        log(PREFIX + " rejected: " + reason);
      },
      onBalanceUpdate: function () {},
      onRiskControl: function (ctx, evt, payload) {
        log(PREFIX + " risk: " + payload.reason);
      },
    };
  },
};
