// Says what JavaScript really gets: the names and values of every payload, and of all that the functions give. Run by `tests/it/sdk.rs`
// in the real component; one line of the log per shape, `<shape> <JSON>`.
const seen = new Set();

const names = (object) => Object.keys(object);

module.exports = {
  metadata: {
    name: "probe",
    tag: "v1.0.0",
    displayName: "Probe",
    description: "Tells what it sees.",
    config: [
      { name: "text", type: "string", default: "x" },
      { name: "label", type: "string" },
    ],
    events: [
      "Trade", "Ticker", "BookSnapshot", "KlineSummary", "InstrumentUpdate", "BalanceUpdate", "ExecReport", "RiskControl", "Extension",
    ],
  },

  create({ config, metadata, events, helpers, runtime }) {
    const tell = (shape, value) => {
      // Reports differ by state: each is told.
      if (shape !== "ExecReport" && seen.has(shape)) return;
      seen.add(shape);
      helpers.log(`${shape} ${JSON.stringify(value)}`);
    };
    const attempt = (call) => {
      try {
        call();
        return "nothing";
      } catch (error) {
        return error.code ?? error.name;
      }
    };
    const watch = (ctx, evt, payload, ...more) => {
      tell("HandlerContext", ctx);
      tell("Envelope", { ...evt, payload: undefined, type: undefined });
      tell(evt.type, payload);
      if (evt.type === "InstrumentUpdate") tell("Instrument", payload.instrument);
      if (evt.type === "BookSnapshot") tell("BookLevel", payload.bids[0]);
      tell(`more of ${evt.type}`, more.map((value) => typeof value));
    };

    let isAsked = false;

    tell("Runtime", names(runtime));
    tell("Helpers", names(helpers));
    tell("Globals", ["setTimeout", "setInterval", "clearTimeout", "clearInterval"].filter((name) => typeof globalThis[name] === "function"));
    tell("DeclaredMetadata", metadata);
    tell("DeclaredField", metadata.config[0]);
    tell("config", config);
    tell("events", events);
    tell("codes of create", [attempt(() => runtime.submitMarketOrder("paper", "buy", "1"))]);

    return {
      onTrade(...args) {
        watch(...args);
        if (isAsked) return;
        isAsked = true;
        const limit = (args[3] * 0.999).toFixed(2);
        runtime.submitOrder("paper", "buy", "0.001", limit);
        tell("OpenOrder", runtime.openOrders()[0]);
        tell("Position", runtime.position());
        tell("AccountBalance", runtime.balance("paper", "USDT"));
        tell("MarketState", runtime.getMarketState());
        tell("numbers", [runtime.getLastPrice(), runtime.getBidPrice(), runtime.getAskPrice()].map((value) => typeof value));
        tell("texts", [runtime.selectProvider(1), runtime.providers()[0]].map((value) => typeof value));
        tell("flags", [runtime.isDryRun(), runtime.isTradingActive()].map((value) => typeof value));
        tell("nothing saved", helpers.load());
        tell("codes", [
          () => runtime.submitMarketOrder("paper", "hold", "1"),
          () => runtime.submitMarketOrder("paper", "buy", "1e3"),
          () => runtime.submitOrder("paper", "buy", "1"),
          () => runtime.submitMarketOrder("paper", "buy", "1", { symbol: "no-such" }),
          () => runtime.submitMarketOrder("nowhere", "buy", "1"),
          () => runtime.submitMarketOrder("paper", "buy", "1", { timeInForce: "DAY" }),
          () => runtime.submitMarketOrder("paper", "buy", "1", { clientOrderId: "a b" }),
          () => runtime.cancelOrder("no-such"),
          () => runtime.balance("paper", "x".repeat(300)),
          () => runtime.submitOrder("paper", "buy", "0.001", `${limit}1`),
          () => helpers.save("x".repeat(70_000)),
          () => require("./no-such.js"),
          () => {
            for (let count = 0; count < 100; count++) setTimeout(() => {}, 1_000);
          },
        ].map(attempt));
      },
      onTicker: watch,
      onBookSnapshot: watch,
      onKlineSummary: watch,
      onInstrumentUpdate: watch,
      onBalanceUpdate: watch,
      onOrderAcknowledged: watch,
      onOrderPartialFill: watch,
      onOrderFilled: watch,
      onOrderCancelled: watch,
      onOrderExpired: watch,
      onOrderRejected: watch,
      onRiskControl: watch,
      onExtensionEvent: watch,
      onStop: (ctx) => tell("onStop", ctx),
    };
  },
};
