// The stub: what it gives a strategy is what the contract says, and it does what the test says.
import assert from "node:assert/strict";
import test from "node:test";

import { defineStrategy } from "@sandpit/sdk";
import { assertFuelBelow, assertLog, assertOrders } from "@sandpit/sdk/node";
import { stub } from "@sandpit/sdk/stub";
import { contract } from "../src/generated/contract.js";

const EVENTS = Object.keys(contract.events);

/** A strategy with these handlers; `seen` collects what a test looks at. */
const made = (handlers, { config = [], events = EVENTS, ...more } = {}) => ({
  metadata: { name: "Made", tag: "v1", displayName: "Made", events, config, ...more },
  create: typeof handlers === "function" ? handlers : () => handlers,
});

test("events and payloads have the names of the contract, in its order", () => {
  const seen = new Map();
  const watch = (ctx, evt, payload) => {
    assert.deepEqual(Object.keys(evt).filter((key) => !["type", "payload"].includes(key)).sort(), contract.shapes.Envelope.toSorted());
    assert.equal(evt.payload, payload);
    seen.set(evt.type, payload);
  };
  const handlers = Object.fromEntries(Object.keys(contract.handlers).map((name) => [name, watch]));
  delete handlers.onStop;
  const run = stub(made(({ runtime }) => ({ ...handlers, onTrade: (...args) => { watch(...args); runtime.submitOrder(null, "buy", "1", "2"); } })));
  run.trade("100").ticker({ bid: 1, ask: 2 }).book({ bids: [["1", "2"]] }).kline({ open: 1, high: 1, low: 1, close: 1 });
  run.instrument({}).balance({ currency: "USDT", total: 5 }).fill().risk({}).extension({ a: 1 });
  assert.deepEqual([...seen.keys()].sort(), EVENTS.toSorted());
  for (const [event, shape] of Object.entries(contract.events).filter(([, shape]) => shape !== "Json")) {
    assert.deepEqual(Object.keys(seen.get(event)), contract.shapes[shape], event);
  }
  assert.deepEqual(Object.keys(seen.get("InstrumentUpdate").instrument), contract.shapes.Instrument);
  assert.deepEqual(Object.keys(seen.get("BookSnapshot").bids[0]), contract.shapes.BookLevel);
});

test("runtime, helpers and what they give have the names of the contract", () => {
  let env;
  const run = stub(made((given) => ((env = given), {})));
  assert.deepEqual(Object.keys(env.runtime).sort(), contract.functions.Runtime.toSorted());
  assert.deepEqual(Object.keys(env.helpers).sort(), contract.functions.Helpers.toSorted());
  assert.deepEqual(Object.keys(env.metadata), contract.shapes.DeclaredMetadata);
  assert.deepEqual(Object.keys(env.metadata.config[0]), contract.shapes.DeclaredField);
  assert.ok([env, env.metadata, env.events, env.helpers, env.runtime].every(Object.isFrozen));
  env.runtime.submitOrder("paper", "sell", 1, 2);
  assert.deepEqual(Object.keys(env.runtime.openOrders()[0]), contract.shapes.OpenOrder);
  assert.deepEqual(Object.keys(env.runtime.getMarketState()), contract.shapes.MarketState);
  assert.deepEqual(Object.keys(env.runtime.position()), contract.shapes.Position);
  assert.deepEqual(Object.keys(env.runtime.balance("paper", "USDT")), contract.shapes.AccountBalance);
  assertOrders(run, [{ side: "sell", type: "limit", quantity: 1, price: "2", timeInForce: "GTC", state: "PENDING" }]);
});

const buyer = defineStrategy({
  metadata: {
    name: "buyer",
    tag: "v1.0.0",
    displayName: "Buyer",
    events: ["Trade", "ExecReport"],
    config: [{ name: "size", type: "string", default: "1" }, { name: "above", type: "float", required: true }],
  },
  create({ config, runtime, helpers }) {
    return {
      onTrade(ctx, evt, trade, price) {
        if (price > config.above) helpers.log("sent", runtime.submitMarketOrder(evt.provider, "buy", config.size));
      },
      onOrderAcknowledged: () => helpers.log("taken"),
      onOrderPartialFill: (ctx, evt, report) => helpers.log("part", report.filledQuantity, "left", report.remainingQty),
      onOrderFilled: (ctx, evt, report) => helpers.log("filled at", report.avgFillPrice, report.commissionAmount, report.commissionAsset),
      onOrderRejected: (ctx, evt, report, reason) => helpers.log("rejected:", reason),
      onStop: (ctx) => helpers.log("bye", ctx.instanceId),
    };
  },
});

test("orders live as the test says, and positions are exact", () => {
  const run = stub(buyer, { config: { above: 100, size: "0.3" } });
  run.trade("100").trade("100.1").fill({ quantity: "0.1", price: "100", fee: "0.01" }).fill({ price: "103" }).trade("101").fill().stop();
  assertOrders(run, [
    { state: "FILLED", quantity: "0.3", averagePrice: "102" },
    { state: "FILLED", averagePrice: "101" },
  ]);
  assert.deepEqual(run.log.map(({ text }) => text), [
    "sent stub-stub-1-1", "taken", "part 0.1 left 0.2", "filled at 102 0 USDT", "sent stub-stub-1-2", "taken", "filled at 101 0 USDT", "bye stub",
  ]);
  assert.deepEqual(run.position(), { quantity: "0.6", averagePrice: "101.5", realisedProfit: "0" });
  assert.equal(run.fills.length, 3);
  assert.throws(() => run.trade("1"), /has stopped/);
});

test("profit is made when a position shrinks, and a turn begins anew", () => {
  const side = { now: "buy" };
  const run = stub(made(({ runtime }) => ({ onTrade: (ctx, evt, trade) => runtime.submitMarketOrder("paper", side.now, trade.quantity) })));
  run.trade({ price: "100", quantity: "2" }).fill();
  side.now = "sell";
  run.trade({ price: "110", quantity: "3" }).fill();
  assert.deepEqual(run.position(), { quantity: "-1", averagePrice: "110", realisedProfit: "20" });
  side.now = "long";
  run.trade({ price: "105", quantity: "1" }).fill();
  assert.deepEqual(run.position(), { quantity: "0", averagePrice: "0", realisedProfit: "25" });
});

test("rejections and denials arrive with their reasons", () => {
  const run = stub(buyer, { config: { above: 0 } }).trade("1").reject("min notional not met");
  assertLog(run, "rejected: min notional not met");
  run.deny("price_outside_band", "too far");
  assert.throws(() => run.trade("1"), { code: "price_outside_band", message: "submit order: too far" });
  run.trade("1");
  assertLog(run, "rejected: denied: price_outside_band: too far");
  assertOrders(run, [{ state: "REJECTED" }, { state: "DENIED" }, { state: "PENDING" }]);
  assert.throws(() => run.fill("no-such-order"), /there is no order/);
  assert.throws(() => run.fill({ order: 0 }), /REJECTED already/);
  assert.throws(() => run.fill({ quantity: "9" }), /1 of the order are left/);
});

test("what was denied is told once the handler or the timer is done, whatever else happens", async () => {
  const send = ({ runtime, helpers }, name) => {
    try {
      runtime.submitMarketOrder(null, "buy", "1");
    } catch (error) {
      helpers.log(name, error.code);
    }
    helpers.log(name, "done");
  };
  const strategy = made((env) => {
    setTimeout(() => send(env, "timer"), 5_000);
    return {
      onTrade: () => send(env, "trade"),
      onTicker: () => env.runtime.submitMarketOrder(null, "buy", "1"),
      onBookSnapshot: () => Promise.resolve().then(() => send(env, "promise")),
      onOrderRejected: (ctx, evt, report, reason) => env.helpers.log(reason),
    };
  });
  const told = (run) => run.log.splice(0).map(({ text }) => text);
  const run = stub(strategy).deny("rate_limited").trade("1");
  assert.deepEqual(told(run), ["trade rate_limited", "trade done", "denied: rate_limited: rate_limited"]);
  assert.deepEqual(told(run.deny("rate_limited").advance("5s")), ["timer rate_limited", "timer done", "denied: rate_limited: rate_limited"]);
  assert.throws(() => run.deny("self_trade").ticker({ bid: 1 }), { code: "self_trade" });
  assert.deepEqual(told(run), ["denied: self_trade: self_trade"]);
  await run.deny("rate_limited").book({}).settle();
  assert.deepEqual(told(run), ["promise rate_limited", "promise done", "denied: rate_limited: rate_limited"]);
});

test("steps that speak of an order do not count those that were denied", () => {
  const strategy = made(({ runtime, helpers }) => ({
    onTrade(ctx, evt, { tradeId }) {
      try {
        runtime.submitMarketOrder(null, "buy", "1", { clientOrderId: tradeId });
      } catch (error) {
        helpers.log(error.code);
      }
    },
  }));
  const trade = (tradeId) => ({ price: 1, tradeId });
  const run = stub(strategy).trade(trade("sent")).deny("rate_limited").trade(trade("denied"));
  assert.throws(() => run.fill("denied"), { message: 'there is no order "denied": 1 reached the venue so far' });
  assert.throws(() => run.fill(1), /there is no order 1/);
  run.fill().deny("rate_limited").trade(trade("denied-2")).trade(trade("next")).fill(1);
  assertOrders(run, ["FILLED", "DENIED", "DENIED", "FILLED"].map((state) => ({ state })));
});

test("a step says what it must and nothing else; `after` and `every` are kept", () => {
  const run = stub(made({}));
  const told = (call, message) => assert.throws(call, { name: "TypeError", message });
  told(() => run.trade({ prise: 1 }), "trade: there is no `prise`, allowed are price, quantity, side, tradeId, provider, symbol");
  told(() => run.kline({ open: 1, high: 2, low: 1 }), "kline: `close` is missing");
  told(() => run.fill({ qty: 1 }), /^fill: there is no `qty`/);
  told(() => run.fill({}, { every: "1s" }), "options of fill: there is no `every`, allowed are after");
  told(() => run.trades(["1"], "1s"), "options of trades: an object with after, every is expected, not string");
  told(() => stub(made({}), { confg: {} }), /^options of stub: there is no `confg`, allowed are config, /);
  const seconds = () => run.now.slice(17, 23);
  run.advance("10s", { after: "1s" }).trades(["1", "2", "3"], { every: "1s", after: "5s" });
  assert.equal(seconds(), "18.000");
  run.ticker({ bid: 1, bidQuantity: 2, volume: 3 }, { after: 500 }).disconnect("paper", { after: "1s" }).restart({ after: "1s" });
  assert.equal(seconds(), "20.500");
});

test("calls that could not be meant throw the codes of the engine", () => {
  let runtime;
  const run = stub(made((env) => (({ runtime } = env), {})));
  const code = (expected, call) => assert.throws(call, (error) => error.code === expected || assert.equal(error.code, expected));
  code("invalid_side", () => runtime.submitMarketOrder("paper", "hold", 1));
  code("invalid_quantity", () => runtime.submitMarketOrder("paper", "buy", "1e3"));
  code("invalid_quantity", () => runtime.submitMarketOrder("paper", "buy", NaN));
  code("invalid_price", () => runtime.submitOrder("paper", "buy", 1));
  code("invalid_symbol", () => runtime.submitMarketOrder("paper", "buy", 1, { symbol: "ETH-USDT" }));
  code("unknown_provider", () => runtime.submitMarketOrder("other", "buy", 1));
  code("invalid_time_in_force", () => runtime.submitMarketOrder("paper", "buy", 1, { timeInForce: "DAY" }));
  code("invalid_client_order_id", () => runtime.submitMarketOrder("paper", "buy", 1, { clientOrderId: "a b" }));
  code("unknown_order", () => runtime.cancelOrder("x"));
  assert.throws(() => runtime.submitMarketOrder("paper", "buy", 1, { timeinForce: "IOC" }), TypeError);
  assert.equal(runtime.submitMarketOrder("paper", "buy", 1, { clientOrderId: "mine" }), "mine");
  code("duplicate_client_order_id", () => runtime.submitMarketOrder("paper", "buy", 1, { clientOrderId: "mine" }));
  runtime.cancelOrder("mine");
  assert.equal(run.orders[0].isCancelAsked, true);
  run.cancelled();
  code("unknown_order", () => runtime.cancelOrder("mine"));
  const early = made((env) => (env.runtime.submitMarketOrder("paper", "buy", 1), {}));
  code("not_active", () => stub(early));
});

test("the configuration is checked and filled in as by the host", () => {
  let config;
  const fields = [
    { name: "size", type: "string", default: "1" }, { name: "n", type: "int", required: true }, { name: "pause", type: "duration", default: "5s" },
    { name: "label", type: "string" },
  ];
  const strategy = (more) => made((env) => (({ config } = env), {}), { config: fields, ...more });
  stub(strategy(), { config: { n: 3 } });
  assert.deepEqual({ ...config }, { size: "1", n: 3, pause: "5s", dry_run: false });
  assert.throws(() => stub(strategy(), { config: { n: 1.5, size: 1, other: true } }), (error) => {
    assert.equal(error.message, 'config.size: 1 is given, the type is string\nconfig.n: 1.5 is given, the type is int\nconfig.other: is not declared; there are size, n, pause, label, dry_run');
    return true;
  });
  assert.throws(() => stub(strategy()), /config\.n: is required/);
  stub(strategy({ additionalConfig: true }), { config: { n: 1, other: [1] } });
  assert.deepEqual(config.other, [1]);
});

test("a strategy may write into its configuration, which is its own until it is restarted", () => {
  const fields = [{ name: "size", type: "string", default: "1" }, { name: "table", type: "object", default: { a: 1 } }];
  const write = ({ config, runtime, helpers }) => ({
    onTrade() {
      helpers.log(config, runtime.isDryRun());
      Object.assign(config, { size: "2", dry_run: true });
      config.table.a = 2;
    },
  });
  const run = stub(made(write, { config: fields })).trades(["1", "2"]).restart().trade("3");
  assert.deepEqual(run.log.map(({ text }) => text), [
    '{"size":"1","table":{"a":1},"dry_run":false} false', '{"size":"2","table":{"a":2},"dry_run":true} false',
    '{"size":"1","table":{"a":1},"dry_run":false} false',
  ]);
});

test("open orders are those of all markets, or of those that are named", () => {
  let runtime;
  const run = stub(made((env) => (({ runtime } = env), {})), { markets: { b: ["BTC-USDT", "ETH-USDT"], a: ["BTC-USDT"] } });
  const send = (provider, symbol) => runtime.submitOrder(provider, "buy", 1, 1, { symbol, clientOrderId: `${provider}-${symbol}` });
  send("b", "ETH-USDT");
  run.advance("1s");
  send("b", "BTC-USDT");
  send("a", "BTC-USDT");
  const open = (...names) => runtime.openOrders(...names).map(({ clientOrderId }) => clientOrderId);
  assert.deepEqual(open(), ["b-ETH-USDT", "a-BTC-USDT", "b-BTC-USDT"]);
  assert.deepEqual(open("b"), ["b-ETH-USDT", "b-BTC-USDT"]);
  assert.deepEqual(open(null, "BTC-USDT"), ["a-BTC-USDT", "b-BTC-USDT"]);
  assert.deepEqual([open("a", "ETH-USDT"), open("c")], [[], []]);
});

test("in a dry run nothing is sent", () => {
  const run = stub(buyer, { config: { above: 0, dry_run: true } }).trade("1");
  assertOrders(run, []);
  assertLog(run, /^dry run: Buy 1 BTC-USDT at paper$/);
});

test("time stands still in a handler and moves with the steps; timers fire at their moment", () => {
  const seen = [];
  const note = (what) => seen.push(`${what} ${new Date().toISOString().slice(17, 23)}`);
  const real = { Date, setTimeout, random: Math.random, console };
  const strategy = made(({ helpers }) => {
    setTimeout((word) => note(word), 1_500, "once");
    const beat = setInterval(() => (note("beat"), seen.length > 6 && clearInterval(beat)), 1_000);
    return {
      onTrade() {
        const before = Date.now();
        note("trade");
        helpers.sleep("250ms");
        assert.equal(Date.now(), before + 250);
        console.warn("slept", Math.random());
      },
    };
  });
  const run = stub(strategy, { start: "2024-08-08T00:00:00Z" }).advance("2s").trade("1", { after: "0s" }).advance("10s");
  assert.deepEqual(seen, ["beat 01.000", "once 01.500", "beat 02.000", "trade 02.000", "beat 03.000", "beat 04.000", "beat 05.000"]);
  assert.equal(run.now, "2024-08-08T00:00:12.250000000Z");
  assert.equal(run.log[0].level, "warn");
  assert.deepEqual({ Date, setTimeout, random: Math.random, console }, real, "the test's own are back");
  const again = stub(strategy).trade("1");
  assert.equal(again.log[0].text, run.log[0].text, "the same seed, the same numbers");
});

test("promises go on when the test lets them, with the strategy's clock", async () => {
  const after = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const strategy = made(({ helpers }) => ({
    async onTrade() {
      await after(1_000);
      helpers.log("later", Date.now());
    },
  }));
  const run = stub(strategy, { start: "1970-01-01T00:00:00Z" }).trade("1", { after: "0s" });
  await run.settle();
  assert.equal(run.log.length, 0);
  await run.advance("1s").settle();
  assertLog(run, "later 1000");
});

test("what was saved outlives a restart, variables do not", () => {
  const strategy = made(({ helpers }) => {
    const state = { count: 0, ...helpers.load() };
    let lost = 0;
    return { onTrade: () => (helpers.save({ count: ++state.count }), helpers.log(state.count, ++lost)) };
  });
  const run = stub(strategy, { saved: { count: 5 } }).trades(["1", "2"]).restart().trade("3");
  assert.deepEqual(run.log.map(({ text }) => text), ["6 1", "7 2", "8 1"]);
  assert.deepEqual(run.saved, { count: 8 });
  assert.throws(() => stub(made(({ helpers }) => (helpers.save(() => 1), {}))), TypeError);
  assert.throws(() => stub(made(({ helpers }) => (helpers.save("x".repeat(70_000)), {}))), { code: "save_failed" });
});

test("several markets are kept apart, and a lost connection is told", () => {
  let env;
  const strategy = made((given) => ((env = given), { onRiskControl: (ctx, evt, risk) => given.helpers.log(risk.provider, risk.status, risk.breachType) }));
  const run = stub(strategy, { markets: { a: ["BTC-USDT", "ETH-USDT"], b: ["BTC-USDT"] } });
  run.trade({ provider: "b", price: "7" }).ticker({ symbol: "ETH-USDT", bid: "1", ask: "1.5" });
  assert.deepEqual([env.runtime.getLastPrice(), env.runtime.getLastPrice("b"), env.runtime.getBidPrice("a", "ETH-USDT")], [0, 7, 1]);
  assert.deepEqual(env.runtime.getMarketState("a", "ETH-USDT"), { last: 0, bid: 1, ask: 1.5, spread: 0.5, spreadPct: 50, stale: false });
  assert.deepEqual([env.runtime.providers(), env.runtime.selectProvider(3), env.runtime.selectProvider("-2.9")], [["a", "b"], "b", "a"]);
  run.disconnect("a");
  assert.deepEqual([env.runtime.isTradingActive(), env.runtime.getMarketState().stale], [true, true]);
  run.disconnect("b");
  assert.equal(env.runtime.isTradingActive(), false);
  run.reconnect("b");
  assert.equal(env.runtime.isTradingActive(), true);
  assert.deepEqual(run.log.map(({ text }) => text), [
    "a TRIGGERED PROVIDER_DISCONNECTED", "b TRIGGERED PROVIDER_DISCONNECTED", "b CLEARED PROVIDER_DISCONNECTED",
  ]);
});

test("only the events of the metadata are delivered, and what a handler throws is the test's", () => {
  const run = stub(made({ onTicker: () => assert.fail("not asked for"), onTrade: () => { throw new RangeError("mine"); } }, { events: ["Trade"] }));
  run.ticker({ bid: 1 });
  assert.throws(() => run.trade("1"), /mine/);
  assert.throws(() => stub(made({ onTrade: 1 })), /handler onTrade is not a function/);
  assert.throws(() => stub(made(async () => ({}))), /not a promise/);
  assert.throws(() => run.advance("soon"), /no duration/);
  assert.throws(() => assertFuelBelow(run, 1), /measures nothing/);
});
