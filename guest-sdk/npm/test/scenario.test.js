// The builder writes the document that `sandpit test` takes.
import assert from "node:assert/strict";
import test from "node:test";
import { fileURLToPath } from "node:url";

import { scenario } from "@sandpit/sdk/test";

const documentOf = (built) => JSON.parse(JSON.stringify(built));

test("everything that a scenario can say", () => {
  const built = scenario("strategy.js")
    .named("all of it")
    .config({ size: "1" })
    .config({ cooldown: "5s" })
    .limits({ fuelPerEvent: 1_000_000 })
    .seed(7)
    .instance("i1")
    .start(new Date("2024-08-08T12:00:00Z"))
    .venue("paper")
    .provider("paper", { symbols: ["BTC-USDT"], latencyMs: 20 })
    .provider("other")
    .tape("btcusdt-20240808")
    .trade("100")
    .trade(1e-7, { after: "0s" })
    .trade({ price: 100.5, quantity: 2, side: "sell", symbol: "ETH-USDT" }, { after: "250ms" })
    .trades(["100", 101.5, { price: 102 }], { every: "10ms" })
    .trades([1])
    .ticker({ bid: 99, ask: "101", last: 100n })
    .book({ bids: [["99", 1]], asks: [{ price: 101, quantity: "2" }] })
    .book({ symbol: "ETH-USDT" })
    .kline({ open: 1, high: 2, low: "1", close: 2, volume: 3, interval: "1m" })
    .balance({ currency: "USDT", total: 5, available: "4" })
    .risk({ status: "TRIGGERED", reason: "x", breachType: "RATE_LIMIT" })
    .extension({ any: [1, null] }, { after: "1s" })
    .advance("5s")
    .advance(1.5)
    .acknowledge()
    .acknowledge(0)
    .fill()
    .fill({ order: "mine", price: 100, quantity: 0.5, fee: 0.01, feeAsset: "USDT" })
    .reject("min notional not met")
    .reject({ order: "last", reason: "no" })
    .cancelled()
    .cancelled({ order: 1, reason: "by the venue" })
    .expire("last")
    .disconnect()
    .disconnect("paper")
    .reconnect()
    .restart()
    .expect({ orderCount: 2 })
    .step({ advance: "1ms" })
    .stop()
    .finally({ exceptions: 0 })
    .finally({ fillCount: 1 });
  assert.deepEqual(documentOf(built), {
    strategy: "strategy.js",
    name: "all of it",
    config: { size: "1", cooldown: "5s" },
    limits: { fuelPerEvent: 1_000_000 },
    seed: 7,
    instance: "i1",
    start: "2024-08-08T12:00:00.000Z",
    venue: "paper",
    providers: { paper: { symbols: ["BTC-USDT"], latencyMs: 20 }, other: {} },
    tape: ["btcusdt-20240808"],
    steps: [
      { trade: { price: "100" } },
      { trade: { price: "0.0000001" }, after: "0s" },
      { trade: { price: "100.5", quantity: "2", side: "sell", symbol: "ETH-USDT" }, after: "250ms" },
      { trades: ["100", "101.5", { price: "102" }], every: "10ms" },
      { trades: ["1"] },
      { ticker: { bid: "99", ask: "101", last: "100" } },
      { book: { bids: [["99", "1"]], asks: [["101", "2"]] } },
      { book: { symbol: "ETH-USDT", bids: [], asks: [] } },
      { kline: { open: "1", high: "2", low: "1", close: "2", volume: "3", interval: "1m" } },
      { balance: { currency: "USDT", total: "5", available: "4" } },
      { risk: { status: "TRIGGERED", reason: "x", breachType: "RATE_LIMIT" } },
      { extension: { any: [1, null] }, after: "1s" },
      { advance: "5s" },
      { advance: "1.5ms" },
      { acknowledge: {} },
      { acknowledge: { order: 0 } },
      { fill: {} },
      { fill: { order: "mine", price: "100", quantity: "0.5", fee: "0.01", feeAsset: "USDT" } },
      { reject: { reason: "min notional not met" } },
      { reject: { order: "last", reason: "no" } },
      { cancelled: {} },
      { cancelled: { order: 1, reason: "by the venue" } },
      { expire: { order: "last" } },
      { disconnect: {} },
      { disconnect: { provider: "paper" } },
      { reconnect: {} },
      { restart: {} },
      { expect: { orderCount: 2 } },
      { advance: "1ms" },
      { stop: {} },
    ],
    expect: { exceptions: 0, fillCount: 1 },
  });
});

test("a scenario never changes: tests share a beginning", () => {
  const base = scenario("s.js").trade("100");
  const one = base.fill().config({ a: 1 });
  const other = base.reject("no");
  assert.deepEqual(documentOf(base), { strategy: "s.js", steps: [{ trade: { price: "100" } }] });
  assert.deepEqual(documentOf(one).steps.at(-1), { fill: {} });
  assert.deepEqual(documentOf(other).steps.at(-1), { reject: { reason: "no" } });
  assert.equal(documentOf(other).config, undefined);
});

test("paths may be URLs", () => {
  const here = new URL("../strategy.js", import.meta.url);
  assert.equal(documentOf(scenario(here)).strategy, fileURLToPath(here));
  assert.deepEqual(documentOf(scenario(here).tape(here, "t.tape")).tape, [fileURLToPath(here), "t.tape"]);
});
