// What can be asked of a result, and what is said when it is not so. The results here are what the program answers, cut to what is asked.
import assert from "node:assert/strict";
import test from "node:test";

import { assertFuelBelow, assertLog, assertMemoryWithin, assertNoLog, assertOrders } from "@sandpit/sdk/node";
import { haveLogged, matchOrders, stayWithinMemory, useFuelBelow } from "../src/checks.js";

const order = (more) => ({
  clientOrderId: "test-1", symbol: "BTC-USDT", side: "Buy", type: "Market", timeInForce: "IOC", quantity: "1.50", price: null,
  state: "FILLED", filledQuantity: "1.50", averagePrice: "100", reason: null, placedAt: "2024-08-08T00:00:00.001000000Z", ...more,
});
const result = {
  orders: [order(), order({ side: "Sell", type: "Limit", price: "101.10", state: "DENIED", filledQuantity: "0", reason: "denied: price_outside_band: too far" })],
  fuel: {
    create: { count: 1, last: 90_000, max: 90_000, total: 90_000, median: 90_000 },
    onTrade: { count: 3, last: 3_448, max: 21_000, total: 27_896, median: 3_448 },
  },
  peakMemoryBytes: 1_500_000,
  log: [{ time: "t", level: "info", text: "sent test-1" }, { time: "t", level: "warn", text: "refused" }],
};

/** The message of what a call throws. */
const thrown = (call, kind) => {
  try {
    call();
  } catch (error) {
    assert.equal(error.name, kind);
    return error.message;
  }
  throw new Error("it did not throw");
};

test("orders match by what is given: words in any case, numbers as decimals, text by expression", () => {
  const expected = [
    { side: "BUY", type: "market", quantity: 1.5, price: null },
    { price: "101.1", state: "denied", reason: /^denied: price_outside_band/ },
  ];
  assertOrders(result, expected);
  assertOrders({ orders: [] }, []);
});

test("a difference names place, key and both values, and shows what was sent", () => {
  const message = thrown(() => assertOrders(result, [{ side: "Sell", quantity: "2" }]), "AssertionError");
  assert.equal(
    message,
    `the orders differ:
  [0].side: expected "Sell", got "Buy"
  [0].quantity: expected "2", got "1.50"
  expected 1 orders, got 2
sent:
  [0] Buy Market 1.50 BTC-USDT: FILLED, 1.50 filled at 100
  [1] Sell Limit 1.50 BTC-USDT at 101.10: DENIED (denied: price_outside_band: too far)`,
  );
  assert.match(thrown(() => assertOrders({ orders: [] }, [{}]), "AssertionError"), /expected 1 orders, got 0\nsent:\n {2}none/);
  assert.match(thrown(() => assertOrders(result, [{ price: "1" }, {}]), "AssertionError"), /\[0\]\.price: expected "1", got null/);
});

test("a difference of lists has only what was asked for", () => {
  const { actual, expected } = matchOrders(result, [{ side: "Sell" }, { side: "Sell" }]);
  assert.deepEqual([actual, expected], [[{ side: "Buy" }, { side: "Sell" }], [{ side: "Sell" }, { side: "Sell" }]]);
});

test("a misspelt key, a promise, a result that is none are told of, not passed over", () => {
  assert.match(thrown(() => assertOrders(result, [{ qty: "1" }]), "TypeError"), /no `qty`: it has clientOrderId, .*quantity/);
  assert.match(thrown(() => assertOrders(Promise.resolve(result), []), "TypeError"), /await run/);
  assert.match(thrown(() => assertOrders(null, []), "TypeError"), /not null/);
  assert.match(thrown(() => assertOrders(result, {}), "TypeError"), /a list of orders/);
  assert.match(thrown(() => assertFuelBelow({ orders: [] }, 1), "TypeError"), /a stub measures nothing/);
  assert.match(thrown(() => assertFuelBelow(result, { onTicker: 1 }), "TypeError"), /onTicker was never called: there is fuel of create, onTrade/);
});

test("a regular expression with a flag that remembers starts anew each time", () => {
  const [global, sticky] = [/^denied/g, /sent/y];
  for (let times = 0; times < 2; times += 1) {
    assertOrders(result, [{}, { reason: global }]);
    assertLog(result, sticky);
  }
  assertLog({ log: ["a sent", "sent"].map((text) => ({ level: "info", text })) }, sticky);
});

test("a bigint is shown as one", () => {
  assert.match(thrown(() => assertOrders(result, [{ quantity: 2n }, {}]), "AssertionError"), /\[0\]\.quantity: expected 2n, got "1\.50"/);
  assertOrders({ orders: [order({ quantity: "2" })] }, [{ quantity: 2n }]);
});

test("fuel is compared call by call, of all handlers but `create` or of those that are named", () => {
  assertFuelBelow(result, 21_001);
  assert.match(thrown(() => assertFuelBelow(result, 21_000), "AssertionError"), /^too much fuel:\n  onTrade: 21,000 .* 21,000\nused:/);
  assertFuelBelow(result, { create: 90_001 });
  for (const none of [{}, [], null, undefined, "1", NaN, { onTrade: undefined }]) {
    assert.match(thrown(() => assertFuelBelow(result, none), "TypeError"), /takes a number, or numbers by handler such as \{ onTrade: 20_000 \}, not /);
  }
  assertFuelBelow(result, { onTrade: 21_001 });
  const message = thrown(() => assertFuelBelow(result, { onTrade: 21_000 }), "AssertionError");
  assert.equal(
    message,
    `too much fuel:
  onTrade: 21,000 fuel in one call, not below 21,000
used:
  create: max 90,000, median 90,000, 1 calls
  onTrade: max 21,000, median 3,448, 3 calls`,
  );
});

test("memory is bytes, or text with a unit", () => {
  assertMemoryWithin(result, "1.5MB");
  assertMemoryWithin(result, 1_500_000);
  assert.match(thrown(() => assertMemoryWithin(result, "1MiB"), "AssertionError"), /took 1\.43 MiB of memory, more than 1\.00 MiB/);
  assert.match(thrown(() => assertMemoryWithin(result, "1 mega"), "TypeError"), /no size/);
});

test("the log is searched line by line", () => {
  assertLog(result, "test-1");
  assertLog(result, /^refused$/);
  assertNoLog(result, "crash");
  assert.equal(thrown(() => assertLog(result, "crash"), "AssertionError"), 'no line of the log has "crash"; it says:\n  info sent test-1\n  warn refused');
  assert.match(thrown(() => assertNoLog(result, /sent/), "AssertionError"), /the log has \/sent\/:\n {2}sent test-1/);
  assert.match(thrown(() => assertLog(result, 1), "TypeError"), /text or a regular expression/);
});

test("each check has words for its opposite", () => {
  for (const check of [matchOrders(result, [{}, {}]), useFuelBelow(result, 1e6), stayWithinMemory(result, "4MiB"), haveLogged(result, "sent")]) {
    assert.ok(check.pass);
    assert.notEqual(check.message(true), check.message(false));
  }
});
