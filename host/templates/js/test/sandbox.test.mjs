import assert from "node:assert/strict";
import test from "node:test";

import { assertFuelBelow, assertLog, assertMemoryWithin, assertOrders } from "@sandpit/sdk/node";
import { scenario } from "@sandpit/sdk/test";

// The real component, under the limits of production.
const base = scenario("strategy.js").config({ window: 3, distance_bps: 1 });
const rising = base.trades(["60000", "60000", "60100"]);

test("buys once the price has risen above its average", async () => {
  const result = await rising.fill({ price: "60100" }).trade("60200").run();
  assertOrders(result, [{ side: "Buy", type: "Market", quantity: "0.001", symbol: "BTC-USDT", state: "FILLED" }]);
  assertLog(result, "bought 0.001 at 60100");
});

test("sells what it has once the price has fallen below, also after a restart", async () => {
  const result = await rising.fill().restart().trades(["60000", "60000", "59900"]).fill().trade("59900").run();
  assertOrders(result, [{ side: "Buy" }, { side: "Sell", quantity: "0.001" }]);
  assert.deepEqual(result.positions, {}); // what is flat is not in it
});

test("waits a while after a rejection", async () => {
  const rejected = rising.reject("min notional not met").trades(["60200", "60300"]);
  assertOrders(await rejected.run(), [{ state: "REJECTED" }]);
  const later = await rejected.advance("5s").trade("60400").run();
  assertOrders(later, [{ state: "REJECTED" }, { state: "PENDING" }]);
  assertLog(later, /^rejected: min notional/);
});

test("refuses a window that is none", async () => {
  await assert.rejects(base.config({ window: 1 }).trade("60000").run(), /window is 1: it must be at least 2/);
});

test("trades a real market within its means", async () => {
  const result = await scenario("strategy.js").tape("tapes/btcusdt-beginning.tape").run();
  assert.ok(result.orders.length > 0);
  assertFuelBelow(result, { onTrade: 100_000 });
  assertMemoryWithin(result, "4MiB");
});
