import assert from "node:assert/strict";
import test from "node:test";

import { assertLog, assertOrders } from "@sandpit/sdk/node";
import { stub } from "@sandpit/sdk/stub";

import strategy from "../strategy.js";

// The logic alone, in plain Node: fast, and good for breakpoints. It knows nothing of fuel, memory, limits or risk.
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
