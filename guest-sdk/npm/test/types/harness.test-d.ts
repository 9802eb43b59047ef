// The harness, the matchers and the stub, as a test sees them: with Node's own types.
import { expect } from "vitest";

import { build, type Built } from "@sandpit/sdk/build";
import { assertFuelBelow, assertLog, assertMemoryWithin, assertNoLog, assertOrders } from "@sandpit/sdk/node";
import { stub } from "@sandpit/sdk/stub";
import { run, scenario, StrategyError, type Scenario, type ScenarioResult } from "@sandpit/sdk/test";
import "@sandpit/sdk/vitest";
import { defineStrategy } from "@sandpit/sdk";

const strategy = defineStrategy({
  metadata: { name: "s", displayName: "S", events: ["Trade"], config: [{ name: "size", type: "string", required: true }] },
  create: ({ config, helpers }) => ({ onTrade: () => helpers.log(config.size) }),
});

const base: Scenario = scenario(new URL("strategy.ts", import.meta.url))
  .named("all of it")
  .config({ size: "1" })
  .limits({ fuelPerEvent: 1_000_000 })
  .provider("paper", { symbols: ["BTC-USDT"], latencyMs: 20 })
  .start(new Date(0))
  .trade(100)
  .trade({ price: "100.5", side: "sell" }, { after: "0s" })
  .trades(["1", 2, { price: "3" }], { every: "10ms" })
  .ticker({ bid: "1", ask: "2" })
  .book({ bids: [["1", 2]], asks: [{ price: "2", quantity: "1" }] })
  .kline({ open: 1, high: 2, low: 1, close: 2 })
  .balance({ currency: "USDT", total: 5 })
  .risk({ status: "TRIGGERED" })
  .extension({ any: ["thing", null] })
  .advance("5s")
  .acknowledge()
  .fill({ order: 0, quantity: "0.5" })
  .reject("min notional not met")
  .cancelled("an-id")
  .expire({ reason: "over" })
  .disconnect()
  .reconnect("paper")
  .restart()
  .expect({ orders: [{ side: "BUY" }], position: { "BTC-USDT": "1" }, log: [{ matches: "x" }] })
  .finally({ exceptions: 0 });

// @ts-expect-error: no such field of a trade
base.trade({ prise: "100" });
// @ts-expect-error: a scenario's ticker has both prices
base.ticker({ last: 1 });
// @ts-expect-error: a scenario's ticker has no volume
base.ticker({ bid: 1, ask: 2, volume: 3 });
// @ts-expect-error: a risk event says which
base.risk({ reason: "x" });
// @ts-expect-error: no such option
base.trade("1", { every: "1s" });
// @ts-expect-error: no such option
base.trades(["1"], { evry: "1s" });
// @ts-expect-error: only `trades` has it
base.step({ trade: "1", every: "1s" });
// @ts-expect-error: no such step
base.step({ prise: "1" });
// @ts-expect-error: levels of a document are pairs
base.step({ book: { bids: [{ price: 1, quantity: 1 }] } });
// @ts-expect-error: no such place in the queue
base.provider("paper", { queue: "middle" });
// @ts-expect-error: functions have no JSON form
base.config({ size: () => 1 });
// @ts-expect-error: no such expectation
base.expect({ order: [] });
// @ts-expect-error: no such limit
base.limits({ fuel: 1 });
// @ts-expect-error: scenarios are made by scenario()
new (base.constructor as typeof Scenario)();

const checked = async (): Promise<ScenarioResult> => {
  const result = await base.run({ check: false, timeout: 5_000 });
  const same: ScenarioResult = await run(base);
  const max: number | undefined = same.fuel["onTrade"]?.max;
  void max;
  assertOrders(result, [{ side: "Buy", type: "MARKET", quantity: 1, reason: /denied/ }]);
  assertFuelBelow(result, { onTrade: 20_000 });
  assertMemoryWithin(result, "4MiB");
  assertLog(result, /sent/);
  assertNoLog(result, "failed");
  expect(result).toMatchOrders([{ side: "sell", price: null }]);
  expect(result).toUseFuelBelow(20_000);
  expect(result).not.toStayWithinMemory("1KiB");
  expect(result).toLog("text");
  // @ts-expect-error: an order has no such key
  expect(result).toMatchOrders([{ sides: "sell" }]);
  // @ts-expect-error: no such side
  assertOrders(result, [{ side: "hold" }]);
  // @ts-expect-error: a stub measures no memory
  assertMemoryWithin(stub(strategy), 1);
  return result;
};
void checked;

const built: Promise<Built> = build("src/strategy.ts", { outfile: "dist/strategy.js" });
void built;

const played = stub(strategy, { config: { size: "1" }, markets: { paper: ["BTC-USDT", "ETH-USDT"] } })
  .trade("100")
  .fill()
  .deny("price_outside_band")
  .ticker({ last: 1, volume: 2, bidQuantity: 3 })
  .risk({ reason: "x", metrics: { loss: "1" } })
  .trades(["1", { price: 2, tradeId: "7" }], { every: 10, after: "1s" })
  .fill({}, { after: "1s" })
  .advance(5_000)
  .stop();
const first = played.orders[0];
if (first) first.state satisfies string;
// @ts-expect-error: no such part of a ticker
played.ticker({ lst: 1 });
// @ts-expect-error: no such option
played.fill({}, { every: "1s" });
// @ts-expect-error: no such denial
played.deny("whatever");

const failed = (error: unknown): number | null | undefined => (error instanceof StrategyError ? error.positions?.[0]?.line : undefined);
void failed;
