/**
 * Logging: writes one readable line per event.
 *
 * Launch it beside another strategy to see what that one saw. A busy market writes many lines: the host keeps at most
 * `limits.logBytesPerSecond` of them and counts the rest.
 */
const BOOK_LEVELS_SHOWN = 5;

/** "0.5 @ 61837.63, 1.2 @ 61837.50": the first levels of one side of a book. */
const levelsText = (levels) =>
  levels.slice(0, BOOK_LEVELS_SHOWN).map(({ price, quantity }) => `${quantity} @ ${price}`).join(", ");

/** What an execution report says, in one line: the same for every state. */
const reportText = (report) =>
  `${report.state} ${report.side} ${report.orderType} ${report.clientOrderId}` +
  ` filled=${report.filledQuantity}/${report.quantity} avg=${report.avgFillPrice}`;

module.exports = {
  metadata: {
    name: "logging",
    tag: "v1.0.0",
    displayName: "Logging",
    description: "Logs every event it receives, one line each.",
    config: [
      { name: "logger_prefix", type: "string", default: "[Logging] ", description: "Put before every line, trimmed." },
      { name: "dry_run", type: "bool", default: true, description: "Has no effect: this strategy sends no orders." },
    ],
    events: [
      "Trade", "Ticker", "BookSnapshot", "KlineSummary", "InstrumentUpdate", "BalanceUpdate", "ExecReport", "RiskControl",
    ],
  },

  create({ config, helpers }) {
    const prefix = config.logger_prefix.trim();

    /** One line: prefix, type, where it happened, and what. */
    const write = (evt, text) =>
      helpers.log(prefix, evt.type, [evt.provider, evt.symbol].filter(Boolean).join(" "), text);

    const onReport = (ctx, evt, report) => write(evt, reportText(report));

    return {
      wantsCrossProviderEvents: true,

      onTrade: (ctx, evt, trade, price) => write(evt, `${trade.side} ${trade.quantity} @ ${price.toFixed(2)}`),

      onTicker(ctx, evt, { lastPrice, bidPrice, askPrice, volume24h }) {
        write(evt, `last=${lastPrice} bid=${bidPrice} ask=${askPrice} volume24h=${volume24h}`);
      },

      onBookSnapshot(ctx, evt, { bids, asks }) {
        write(evt, `${bids.length} bids [${levelsText(bids)}], ${asks.length} asks [${levelsText(asks)}]`);
      },

      onKlineSummary(ctx, evt, bar) {
        const prices = `open=${bar.openPrice} high=${bar.highPrice} low=${bar.lowPrice} close=${bar.closePrice}`;
        write(evt, `${prices} volume=${bar.volume}`);
      },

      onInstrumentUpdate(ctx, evt, { instrument }) {
        const { type, symbol, priceIncrement, quantityIncrement } = instrument;
        write(evt, `${type} ${symbol} tick=${priceIncrement} lot=${quantityIncrement}`);
      },

      onBalanceUpdate: (ctx, evt, balance) =>
        write(evt, `${balance.currency} total=${balance.total} available=${balance.available}`),

      onOrderAcknowledged: onReport,
      onOrderPartialFill: onReport,
      onOrderFilled: onReport,
      onOrderCancelled: onReport,
      onOrderExpired: onReport,
      onOrderRejected: (ctx, evt, report, reason) => write(evt, `${reportText(report)}: ${reason}`),

      onRiskControl: (ctx, evt, risk) => write(evt, `${risk.status} ${risk.breachType}: ${risk.reason}`),
    };
  },
};
