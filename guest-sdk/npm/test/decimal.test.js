// Numbers as decimal text, and text as decimals.
import assert from "node:assert/strict";
import test from "node:test";

import { canonical, divide, fromNumber, fromUnits, isDecimal, multiply, units } from "../src/decimal.js";

test("a number becomes its shortest decimal without exponent, as in the engine", () => {
  const cases = [
    [1e-7, "0.0000001"], [-1.5e-9, "-0.0000000015"], [1e21, "1000000000000000000000"], [1.25e22, "12500000000000000000000"],
    [0.1 + 0.2, "0.30000000000000004"], [100, "100"], [-0, "0"], [NaN, "NaN"], [Infinity, "Infinity"],
  ];
  for (const [number, text] of cases) assert.equal(fromNumber(number), text);
  for (const [number, text] of cases.slice(0, 6)) assert.equal(Number(text), number);
});

test("what the host reads as a decimal", () => {
  for (const text of ["0", "-1.5", "1234567890123456.123456789012"]) assert.ok(isDecimal(text), text);
  for (const text of ["", "1.", ".5", "01", "+1", "1e3", " 1", "NaN", "12345678901234567", "0.1234567890123"]) assert.ok(!isDecimal(text), text);
});

test("two spellings of one number are the same", () => {
  for (const [a, b] of [["1.50", 1.5], ["100", "100.00"], ["-0.0", "0"], [1e-7, "0.00000010"]]) assert.equal(canonical(a), canonical(b));
  assert.equal(canonical("1e3"), undefined);
  assert.equal(canonical(NaN), undefined);
});

test("arithmetic is exact", () => {
  assert.equal(fromUnits(units("0.1") + units("0.2")), "0.3");
  assert.equal(fromUnits(multiply(units("61837.63"), units("0.001"))), "61.83763");
  assert.equal(fromUnits(divide(units("1"), units("-8"))), "-0.125");
  assert.equal(fromUnits(0n), "0");
});
