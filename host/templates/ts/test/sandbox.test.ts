import { expect, test } from "vitest";

import { scenario } from "@sandpit/sdk/test";
import "@sandpit/sdk/vitest";

// The real component, under the limits of production. A URL is relative to this file, a path to the working folder.
const base = scenario(new URL("../src/strategy.ts", import.meta.url)).config({ window: 3, distance_bps: 1 });
const rising = base.trades(["60000", "60000", "60100"]);

test("buys once the price has risen above its average", async () => {
  const result = await rising.fill({ price: "60100" }).trade("60200").run();
  expect(result).toMatchOrders([{ side: "Buy", type: "Market", quantity: "0.001", symbol: "BTC-USDT", state: "FILLED" }]);
  expect(result).toLog("bought 0.001 at 60100");
});

test("sells what it has once the price has fallen below, also after a restart", async () => {
  const result = await rising.fill().restart().trades(["60000", "60000", "59900"]).fill().trade("59900").run();
  expect(result).toMatchOrders([{ side: "Buy" }, { side: "Sell", quantity: "0.001" }]);
  expect(result.positions).toEqual({}); // what is flat is not in it
});

test("waits a while after a rejection", async () => {
  const rejected = rising.reject("min notional not met").trades(["60200", "60300"]);
  expect(await rejected.run()).toMatchOrders([{ state: "REJECTED" }]);
  const later = await rejected.advance("5s").trade("60400").run();
  expect(later).toMatchOrders([{ state: "REJECTED" }, { state: "PENDING" }]);
  expect(later).toLog(/^rejected: min notional/);
});

test("refuses a window that is none", async () => {
  await expect(base.config({ window: 1 }).trade("60000").run()).rejects.toThrow("window is 1: it must be at least 2");
});

test("trades a real market within its means", async () => {
  const result = await scenario("src/strategy.ts").tape("tapes/btcusdt-beginning.tape").run();
  expect(result.orders.length).toBeGreaterThan(0);
  expect(result).toUseFuelBelow({ onTrade: 100_000 });
  expect(result).toStayWithinMemory("4MiB");
});
