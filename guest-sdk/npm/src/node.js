// The checks as assertions, for node:test.
import { AssertionError } from "node:assert";

import { haveLogged, matchOrders, stayWithinMemory, useFuelBelow } from "./checks.js";

function asserted({ pass, message, actual, expected }, stackStartFn, operator) {
  if (!pass) throw new AssertionError({ message: message(false), actual, expected, operator, stackStartFn });
}

export function assertOrders(result, expected) {
  asserted(matchOrders(result, expected), assertOrders, "assertOrders");
}

export function assertFuelBelow(result, limit) {
  asserted(useFuelBelow(result, limit), assertFuelBelow, "assertFuelBelow");
}

export function assertMemoryWithin(result, limit) {
  asserted(stayWithinMemory(result, limit), assertMemoryWithin, "assertMemoryWithin");
}

export function assertLog(result, wanted) {
  asserted(haveLogged(result, wanted), assertLog, "assertLog");
}

export function assertNoLog(result, wanted) {
  const { pass, message, actual } = haveLogged(result, wanted);
  if (pass) throw new AssertionError({ message: message(true), actual, operator: "assertNoLog", stackStartFn: assertNoLog });
}
