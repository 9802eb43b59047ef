import { expect, test } from "vitest";

import { stub } from "@sandpit/sdk/stub";
import "@sandpit/sdk/vitest";

import strategy from "../src/strategy";

// The logic alone, in plain Node: fast, and good for breakpoints. It knows nothing of fuel, memory, limits or risk.
test("holds still while an order is on its way", () => {
  const run = stub(strategy, { config: { window: 2 } }).trades(["60000", "60100", "60200", "60300"]);
  expect(run.orders).toHaveLength(1);
  run.fill().trades(["60000", "59900"]);
  expect(run).toMatchOrders([{ side: "Buy" }, { side: "Sell" }]);
});

test("tells of a refusal and tries again later", () => {
  const run = stub(strategy, { config: { window: 2 } }).deny("rate_limited").trades(["60000", "60100", "60200"]);
  expect(run.orders).toHaveLength(1);
  expect(run).toLog("refused:");
  expect(run.advance("5s").trade("60300").orders).toHaveLength(2);
});
