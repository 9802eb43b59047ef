// Everything that a scenario can say, as the builder says it and as the document has it. TypeScript checks this file
// (test/types/tsconfig.harness.json), and scenario.test.js runs it in the real program: what the types take is what the program takes.
import { scenario } from "@sandpit/sdk/test";

/** Sends what an extension event asks for. */
export const STRATEGY = `module.exports = {
  metadata: {
    name: "obedient", tag: "v1", displayName: "Obedient",
    events: ["Trade", "Ticker", "BookSnapshot", "KlineSummary", "BalanceUpdate", "ExecReport", "RiskControl", "Extension"],
    config: [{ name: "size", type: "string", default: "2" }, { name: "cooldown", type: "duration", default: "1s" }],
  },
  create: ({ config, runtime, helpers }) => ({
    onTrade: (ctx, evt, trade) => helpers.save({ last: trade.price }),
    onExtensionEvent: (ctx, evt, { id }) => helpers.log("sent", runtime.submitMarketOrder("paper", "buy", config.size, { clientOrderId: id })),
  }),
};
`;

export const byHand = scenario("strategy.js")
  .named("all of it")
  .config({ size: "1" })
  .config({ cooldown: "5s" })
  .limits({ fuelPerEvent: 1_000_000 })
  .seed(7)
  .instance("i1")
  .start(new Date("2024-08-08T12:00:00Z"))
  .venue("manual")
  .provider("paper", { symbols: ["BTC-USDT", "ETH-USDT"], priceIncrement: 0.01, quantityIncrement: "0.00001" })
  .provider("second")
  .trade("100")
  .trade(100.25, { after: "0s" })
  .trade({ price: 100.5, quantity: 2, side: "sell", symbol: "ETH-USDT" }, { after: 250 })
  .trades(["100", 101.5, { price: 102n }], { every: "10ms", after: 0.5 })
  .trades([100])
  .ticker({ bid: 99, ask: "101", last: 100n, bidQuantity: 2, askQuantity: "0.5" })
  .book({ bids: [["99", 1]], asks: [{ price: 101, quantity: "2" }] })
  .book({ symbol: "ETH-USDT" })
  .kline({ open: 1, high: 2, low: "1", close: 2, volume: 3, interval: 60_000 })
  .balance({ currency: "USDT", total: 5, available: "4", provider: "second" })
  .risk({ status: "TRIGGERED", reason: "x", breachType: "RATE_LIMIT", killSwitchEngaged: false, circuitBreakerOpen: true })
  .extension({ id: null }, { after: "1s" })
  .acknowledge({ order: 0 }, { after: "5ms" })
  .fill({ order: 0, price: 100, quantity: 0.5, fee: 0.01, feeAsset: "USDT" }, { after: "1s" })
  .fill()
  .extension({ id: "a" }, { after: "1s" })
  .acknowledge()
  .cancelled("a")
  .extension({ id: "b" }, { after: "1s" })
  .reject("min notional not met", { after: 1 })
  .extension({ id: "c" }, { after: "1s" })
  .reject({ order: "last", reason: "no" })
  .extension({ id: "d" }, { after: "1s" })
  .cancelled({ order: 4, reason: "by the venue" }, { after: "1ms" })
  .extension({ id: "e" }, { after: "1s" })
  .expire("last", { after: "1ms" })
  .advance("5s")
  .advance(1.5, { after: "1ms" })
  .disconnect()
  .reconnect(undefined, { after: "1s" })
  .disconnect("second", { after: "1ms" })
  .reconnect("second")
  .restart()
  .restart({ after: "1ms" })
  .expect({ orderCount: 6, fillCount: 2 }, { after: "1ms" })
  .step({ advance: "1ms" })
  .stop({ after: "1ms" })
  .finally({ exceptions: 0, faults: 0 })
  .finally({
    orders: [
      { side: "BUY", state: "FILLED", quantity: 1, averagePrice: 100 }, { state: "CANCELLED" }, { reason: "min notional not met" },
      { reason: "no" }, { state: "CANCELLED" }, { state: "EXPIRED", clientOrderId: "e" },
    ],
    position: { "paper:BTC-USDT": "1" },
    fuelBelow: { onTrade: 100_000, create: 1_000_000 },
    memoryBelow: "4MiB",
    log: ["sent a", { matches: "^sent [de]$" }],
    noLog: ["refused"],
    saved: { last: "100" },
  });

/** @satisfies {import("@sandpit/sdk/test").ScenarioDocument} */
export const written = {
  strategy: "strategy.js",
  name: "all of it",
  config: { size: "1", cooldown: "5s" },
  limits: { fuelPerEvent: 1_000_000 },
  seed: 7,
  instance: "i1",
  start: "2024-08-08T12:00:00.000Z",
  venue: "manual",
  providers: { paper: { symbols: ["BTC-USDT", "ETH-USDT"], priceIncrement: "0.01", quantityIncrement: "0.00001" }, second: {} },
  steps: [
    { trade: { price: "100" } },
    { trade: { price: "100.25" }, after: "0s" },
    { trade: { price: "100.5", quantity: "2", side: "sell", symbol: "ETH-USDT" }, after: "250ms" },
    { trades: ["100", "101.5", { price: "102" }], every: "10ms", after: "0.5ms" },
    { trades: ["100"] },
    { ticker: { bid: "99", ask: "101", last: "100", bidQuantity: "2", askQuantity: "0.5" } },
    { book: { bids: [["99", "1"]], asks: [["101", "2"]] } },
    { book: { symbol: "ETH-USDT", bids: [], asks: [] } },
    { kline: { open: "1", high: "2", low: "1", close: "2", volume: "3", interval: "60000ms" } },
    { balance: { currency: "USDT", total: "5", available: "4", provider: "second" } },
    { risk: { status: "TRIGGERED", reason: "x", breachType: "RATE_LIMIT", killSwitchEngaged: false, circuitBreakerOpen: true } },
    { extension: { id: null }, after: "1s" },
    { acknowledge: { order: 0 }, after: "5ms" },
    { fill: { order: 0, price: "100", quantity: "0.5", fee: "0.01", feeAsset: "USDT" }, after: "1s" },
    { fill: {} },
    { extension: { id: "a" }, after: "1s" },
    { acknowledge: {} },
    { cancelled: { order: "a" } },
    { extension: { id: "b" }, after: "1s" },
    { reject: { reason: "min notional not met" }, after: "1ms" },
    { extension: { id: "c" }, after: "1s" },
    { reject: { order: "last", reason: "no" } },
    { extension: { id: "d" }, after: "1s" },
    { cancelled: { order: 4, reason: "by the venue" }, after: "1ms" },
    { extension: { id: "e" }, after: "1s" },
    { expire: { order: "last" }, after: "1ms" },
    { advance: "5s" },
    { advance: "1.5ms", after: "1ms" },
    { disconnect: {} },
    { reconnect: {}, after: "1s" },
    { disconnect: { provider: "second" }, after: "1ms" },
    { reconnect: { provider: "second" } },
    { restart: {} },
    { restart: {}, after: "1ms" },
    { expect: { orderCount: 6, fillCount: 2 }, after: "1ms" },
    { advance: "1ms" },
    { stop: {}, after: "1ms" },
  ],
  expect: {
    exceptions: 0,
    faults: 0,
    orders: [
      { side: "BUY", state: "FILLED", quantity: 1, averagePrice: 100 }, { state: "CANCELLED" }, { reason: "min notional not met" },
      { reason: "no" }, { state: "CANCELLED" }, { state: "EXPIRED", clientOrderId: "e" },
    ],
    position: { "paper:BTC-USDT": "1" },
    fuelBelow: { onTrade: 100_000, create: 1_000_000 },
    memoryBelow: "4MiB",
    log: ["sent a", { matches: "^sent [de]$" }],
    noLog: ["refused"],
    saved: { last: "100" },
  },
};

export const atPaper = scenario("strategy.js")
  .venue("paper")
  .chaos("seed=7,rejectPpm=1000,outageEvery=60s,outageFor=5s")
  .provider("paper", {
    symbols: ["BTC-USDT"], latencyMs: 20, makerFeeBps: 1, takerFeeBps: 2, slippageBps: 3, queue: "front",
    balances: { USDT: 1_000, BTC: "0.5" }, priceIncrement: 0.1, quantityIncrement: "0.001",
  })
  .trades([100, 100.1], { every: 10 })
  .finally({ fuelBelow: 1_000_000, memoryBelow: 8_000_000 });

/** Figures as numbers, bigints among them, and lengths of time as milliseconds: the document takes them, too. @type {import("@sandpit/sdk/test").ScenarioDocument} */
export const inNumbers = {
  strategy: "strategy.js",
  venue: "paper",
  chaos: "seed=1",
  providers: { paper: { queue: "back", balances: { USDT: 1_000n }, priceIncrement: 0.1 } },
  steps: [
    { trade: 100n },
    { trades: [100, { price: 100.1, side: "SELL" }], every: 10, after: 5 },
    { book: { bids: [[99, 1n]], asks: [["101", 2]] } },
    { advance: 1_000 },
  ],
};

/** One tape, without an array. @type {import("@sandpit/sdk/test").ScenarioDocument} */
export const ofTape = { strategy: "strategy.js", tape: "btcusdt-20240808" };
