/**
 * Delay: answers every event with a pause of random length, as a strategy that thinks too long would.
 *
 * It shows what the host does for a slow neighbour: events queue up, market data conflates, execution reports wait
 * their turn, and nobody else notices. `Math.random()` is seeded per instance, so two runs with one seed pause alike.
 */
const MS_PER_UNIT = { ns: 1e-6, us: 1e-3, "µs": 1e-3, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Milliseconds in a duration such as "250ms" or "1m30s"; a number without a unit counts milliseconds. */
const toMs = (duration) =>
  [...String(duration).matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)?/g)]
    .reduce((sum, [, amount, unit = "ms"]) => sum + Number(amount) * MS_PER_UNIT[unit], 0);

const HANDLERS = [
  "onTrade", "onTicker", "onBookSnapshot", "onKlineSummary", "onInstrumentUpdate", "onBalanceUpdate", "onRiskControl",
  "onOrderAcknowledged", "onOrderPartialFill", "onOrderFilled", "onOrderCancelled", "onOrderExpired", "onOrderRejected",
];

module.exports = {
  metadata: {
    name: "delay",
    tag: "v1.0.0",
    displayName: "Delay",
    description: "Sleeps for a random time in every handler: shows how the host treats a slow strategy.",
    config: [
      { name: "min_delay", type: "duration", default: "100ms", description: "Shortest pause per event." },
      { name: "max_delay", type: "duration", default: "500ms", description: "Longest pause per event." },
      { name: "dry_run", type: "bool", default: true, description: "Has no effect: this strategy sends no orders." },
    ],
    events: [
      "Trade", "Ticker", "BookSnapshot", "KlineSummary", "InstrumentUpdate", "BalanceUpdate", "ExecReport", "RiskControl",
    ],
  },

  create({ config, helpers }) {
    const shortest = toMs(config.min_delay);
    const longest = Math.max(shortest, toMs(config.max_delay));

    const pause = () => helpers.sleep(shortest + Math.random() * (longest - shortest));

    return {
      wantsCrossProviderEvents: true,
      ...Object.fromEntries(HANDLERS.map((name) => [name, pause])),
    };
  },
};
