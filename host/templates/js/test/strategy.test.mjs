import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { assertFuelBelow, assertLog, assertMemoryWithin, assertOrders } from "@sandpit/sdk/node";
import { stub } from "@sandpit/sdk/stub";
import { scenario } from "@sandpit/sdk/test";

import strategy from "../strategy.js";

// The real component, under the limits of production.
describe("in the sandbox", () => {
  const base = scenario("strategy.js").config({ window: 3, distance_bps: 1 });
  const rising = base.trades(["60000", "60000", "60100"]);

  test("buys once the price has risen above its average", async () => {
    const result = await rising.fill({ price: "60100" }).trade("60200").run();
    assertOrders(result, [{ side: "Buy", type: "Market", quantity: "0.001", symbol: "BTC-USDT", state: "FILLED" }]);
    assertLog(result, "bought 0.001 at 60100");
  });

  test("sells what it has once the price has fallen below, also after a restart", async () => {
    const falling = ["60000", "60000", "59900"];
    const result = await rising.fill().restart().trades(falling).fill().trades(falling).run();
    assertOrders(result, [{ side: "Buy" }, { side: "Sell", quantity: "0.001" }]);
    assert.deepEqual(result.positions, { "BTC-USDT": "0" });
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
});

// The logic alone, in plain Node: fast, and good for breakpoints. It knows nothing of fuel, memory, limits or risk.
describe("its logic", () => {
  test("holds still while an order is on its way", () => {
    const run = stub(strategy, { config: { window: 2 } }).trades(["60000", "60100", "60200", "60300"]);
    assert.equal(run.orders.length, 1);
    run.fill().trades(["60000", "59900"]);
    assertOrders(run, [{ side: "Buy" }, { side: "Sell" }]);
  });

  test("tells of a refusal and tries again later", () => {
    const run = stub(strategy, { config: { window: 2 } }).deny("rate_limited").trades(["60000", "60100", "60200"]);
    assert.equal(run.orders.length, 1);
    assertLog(run, "refused:");
    assert.equal(run.advance("5s").trade("60300").orders.length, 2);
  });
});
