// Market making, in the gateway's style: quotes around the mid and leaves them there. What a submit throws is not caught.
const PREFIX = "[MM]";

const read = (source, ...names) => names.map((name) => source[name]).find((value) => value !== undefined);

const finite = (value, fallback) => {
  if (typeof value === "string" && value.trim() === "") return fallback;
  const parsed = Number(value);
  return Number.isFinite(parsed) ? parsed : fallback;
};

module.exports.metadata = {
  name: "marketmaking",
  tag: "1.0.0",
  displayName: "Market Making",
  description: "Quotes both sides of the mid price.",
  config: [
    { name: "spread_bps", type: "float", description: "On each side", default: 25, required: false },
    { name: "order_size", type: "string", description: "Quantity", default: "1", required: false },
    { name: "max_open_orders", type: "int", description: "Per side", default: 2, required: false },
    { name: "dry_run", type: "bool", description: "Only log", default: true, required: false },
  ],
  events: ["Trade", "Ticker", "ExecReport", "BalanceUpdate", "RiskControl"],
};

module.exports.create = function ({ config = {}, helpers: { log }, runtime }) {
  const { getMarketState, isTradingActive, isDryRun, providers, selectProvider, submitOrder } = runtime;

  const spread = finite(read(config, "spreadBps", "spread_bps", "SpreadBps"), 25);
  const size = String(read(config, "orderSize", "order_size", "OrderSize") ?? "").trim() || "1";
  let most = Math.floor(finite(read(config, "maxOpenOrders", "max_open_orders", "MaxOpenOrders"), 2));
  if (most < 0) most = 2;
  const dry = () => (typeof config.dry_run === "boolean" ? config.dry_run : true) || isDryRun();

  let activeBuy = 0;
  let activeSell = 0;
  let lastQuotePrice = 0;

  const venue = () => {
    const chosen = selectProvider(Date.now());
    return chosen ? chosen : providers()[0];
  };

  const send = (side, price) => {
    if (dry()) {
      log(`${PREFIX} [DRY-RUN] Would ${side} on ${venue()}: price=${price} size=${size}`);
    } else {
      submitOrder(venue(), side, size, price);
      log(`${PREFIX} ${side} at ${price}`);
    }
    if (side === "BUY") activeBuy += 1;
    else activeSell += 1;
  };

  const quote = ({ bid, ask }) => {
    if (!(bid > 0 && ask > 0)) return;
    const mid = (bid + ask) / 2;
    if (activeBuy < most) send("BUY", mid * (1 - spread / 1e4));
    if (activeSell < most) send("SELL", mid * (1 + spread / 1e4));
    lastQuotePrice = mid;
  };

  const close = (ctx, evt, payload) => {
    const side = read(payload, "side", "Side").toLowerCase();
    if (side === "buy") activeBuy = Math.max(0, activeBuy - 1);
    else activeSell = Math.max(0, activeSell - 1);
    log(`${PREFIX} ${side} is over, open ${activeBuy}/${activeSell}`);
  };

  return {
    wantsCrossProviderEvents: false,

    onTrade(ctx, evt, payload, price) {
      if (!isTradingActive()) return;
      const state = getMarketState();
      if (!Number.isFinite(state.bid) || !Number.isFinite(state.ask)) return;
      const movedBps = lastQuotePrice > 0 ? (Math.abs(price - lastQuotePrice) / lastQuotePrice) * 1e4 : Infinity;
      if (movedBps > spread / 2) quote(state);
    },

    onTicker() {
      if (isTradingActive()) quote(getMarketState());
    },

    onOrderFilled: close,
    onOrderRejected: close,
    onOrderCancelled: close,

    onRiskControl(ctx, evt, payload) {
      activeBuy = activeSell = lastQuotePrice = 0;
      log(`${PREFIX} risk: ${read(payload, "reason", "Reason")}`);
    },

    onBalanceUpdate() {},
  };
};
