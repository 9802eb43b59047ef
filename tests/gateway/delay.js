// Delay, in the gateway's style: sleeps for a random time in every handler.
var UNITS = { ns: 1e-6, us: 1e-3, "µs": 1e-3, ms: 1, s: 1000, m: 60000, h: 3600000 };
var DEFAULT_MIN = 100;
var DEFAULT_MAX = 500;

// "<number><unit>" to milliseconds; without a unit it is milliseconds already, and what is neither is the fallback.
function toMillis(value, fallback) {
  if (value === undefined || value === null) {
    return fallback;
  }
  var match = /^(-?\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)?$/.exec(String(value).trim());
  if (!match) {
    return fallback;
  }
  var millis = Number(match[1]) * UNITS[match[2] || "ms"];
  return isFinite(millis) ? millis : fallback;
}

function field(source, camel, snake, pascal) {
  if (!source) {
    return undefined;
  }
  if (source[camel] !== undefined) {
    return source[camel];
  }
  return source[snake] !== undefined ? source[snake] : source[pascal];
}

module.exports = {
  metadata: {
    name: "delay",
    tag: "1.0.0",
    displayName: "Delay",
    description: "Sleeps for a random time before it lets an event go.",
    config: [
      { name: "min_delay", type: "duration", description: "Shortest pause", default: "100ms", required: false },
      { name: "max_delay", type: "duration", description: "Longest pause", default: "500ms", required: false },
      { name: "dry_run", type: "bool", description: "No effect", default: true, required: false },
    ],
    events: [
      "Trade", "Ticker", "BookSnapshot", "ExecReport", "KlineSummary", "InstrumentUpdate", "BalanceUpdate", "RiskControl",
    ],
  },

  create: function (env) {
    var config = env.config || {};
    var sleep = env.helpers.sleep;
    var min = Math.max(0, toMillis(field(config, "minDelay", "min_delay", "MinDelay"), DEFAULT_MIN));
    var max = Math.max(min, toMillis(field(config, "maxDelay", "max_delay", "MaxDelay"), DEFAULT_MAX));

    function pause() {
      sleep(min + Math.random() * (max - min));
    }

    return {
      wantsCrossProviderEvents: function () {
        return true;
      },
      onTrade: pause,
      onTicker: pause,
      onBookSnapshot: pause,
      onOrderFilled: pause,
      onOrderRejected: pause,
      onOrderPartialFill: pause,
      onOrderCancelled: pause,
      onOrderAcknowledged: pause,
      onOrderExpired: pause,
      onKlineSummary: pause,
      onInstrumentUpdate: pause,
      onBalanceUpdate: pause,
      onRiskControl: pause,
    };
  },
};
