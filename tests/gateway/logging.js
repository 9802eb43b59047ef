// Logging, in the gateway's style: every handler writes what it was given, market data below a banner.
var BANNER = "========== JavaScript version ==========";
var LEVELS_SHOWN = 5;

function field(source, camel, snake, pascal) {
  if (!source) {
    return undefined;
  }
  if (source[camel] !== undefined) {
    return source[camel];
  }
  return source[snake] !== undefined ? source[snake] : source[pascal];
}

function text(value) {
  return value === undefined || value === null ? "" : String(value);
}

module.exports = {
  metadata: {
    name: "logging",
    tag: "1.0.0",
    displayName: "Logging",
    description: "Writes every event to the log.",
    config: [
      { name: "logger_prefix", type: "string", description: "In front of every line", default: "[Logging] ", required: false },
      { name: "dry_run", type: "bool", description: "No effect", default: true, required: false },
    ],
    events: [
      "Trade", "Ticker", "BookSnapshot", "ExecReport", "KlineSummary", "InstrumentUpdate", "BalanceUpdate", "RiskControl",
    ],
  },

  create: function (env) {
    var log = env.helpers.log;
    var configured = field(env.config || {}, "loggerPrefix", "logger_prefix", "LoggerPrefix");
    var prefix = text(configured === undefined ? "[Logging] " : configured).trim();

    function banner() {
      log(BANNER);
    }

    function line(name, evt, parts) {
      log([prefix, name, text(evt && evt.provider), text(evt && evt.symbol)].concat(parts).join(" "));
    }

    function levels(name, side) {
      for (var i = 0; i < side.length && i < LEVELS_SHOWN; i++) {
        log(prefix + " " + name + "[" + i + "] " + field(side[i], "price", "price", "Price") + " x " + field(side[i], "quantity", "quantity", "Quantity"));
      }
    }

    function report(name) {
      return function (ctx, evt, payload, reason) {
        line(name, evt, [
          "order=" + text(field(payload, "clientOrderId", "client_order_id", "ClientOrderID")),
          "side=" + text(field(payload, "side", "side", "Side")).toLowerCase(),
          "state=" + text(field(payload, "state", "state", "State")).toUpperCase(),
          "filled=" + text(field(payload, "filledQuantity", "filled_quantity", "FilledQuantity")),
          "avg=" + text(field(payload, "avgFillPrice", "avg_fill_price", "AvgFillPrice")),
        ].concat(reason ? ["reason=" + reason] : []));
      };
    }

    return {
      crossProvider: true,
      wantsCrossProviderEvents: function () {
        return this.crossProvider;
      },

      onTrade: function (ctx, evt, payload, price) {
        banner();
        line("Trade", evt, [text(payload.side).toLowerCase(), "price=" + Number(price).toFixed(2), "quantity=" + payload.quantity]);
      },
      onTicker: function (ctx, evt, payload) {
        banner();
        line("Ticker", evt, [
          "last=" + field(payload, "lastPrice", "last_price", "LastPrice"),
          "bid=" + field(payload, "bidPrice", "bid_price", "BidPrice"),
          "ask=" + field(payload, "askPrice", "ask_price", "AskPrice"),
        ]);
      },
      onBookSnapshot: function (ctx, evt, payload) {
        var bids = payload.bids || [];
        var asks = payload.asks || [];
        banner();
        line("BookSnapshot", evt, ["bids=" + bids.length, "asks=" + asks.length]);
        levels("BID", bids);
        levels("ASK", asks);
      },
      onKlineSummary: function (ctx, evt, payload) {
        line("KlineSummary", evt, ["open=" + payload.openPrice, "close=" + payload.closePrice, "volume=" + payload.volume]);
      },
      onInstrumentUpdate: function (ctx, evt, payload) {
        line("InstrumentUpdate", evt, [text(field(payload.instrument, "symbol", "symbol", "Symbol")), text(payload.instrument.type)]);
      },
      onBalanceUpdate: function (ctx, evt, payload) {
        line("BalanceUpdate", evt, [payload.currency, "total=" + payload.total, "available=" + payload.available]);
      },
      onRiskControl: function (ctx, evt, payload) {
        line("RiskControl", evt, [payload.status, field(payload, "breachType", "breach_type", "BreachType"), payload.reason]);
      },

      onOrderAcknowledged: report("OrderAcknowledged"),
      onOrderPartialFill: report("OrderPartialFill"),
      onOrderFilled: report("OrderFilled"),
      onOrderCancelled: report("OrderCancelled"),
      onOrderExpired: report("OrderExpired"),
      onOrderRejected: report("OrderRejected"),
    };
  },
};
