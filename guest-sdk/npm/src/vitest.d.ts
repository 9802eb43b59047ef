import "vitest";

import type { ExpectedOrder, FuelLimits } from "./test.js";

interface SandpitMatchers<Result> {
  /** All orders, in the order they were sent: keys left out match anything, numbers compare as decimals. */
  toMatchOrders(expected: readonly ExpectedOrder[]): Result;
  /** The most expensive call stays below the limit: of every handler but `create`, or of those that are named. */
  toUseFuelBelow(limit: number | FuelLimits): Result;
  /** All memories and tables together never took more than this: bytes, or text such as `"4MiB"`. */
  toStayWithinMemory(limit: number | string): Result;
  /** Some line of the log contains the text, or matches the expression. */
  toLog(wanted: string | RegExp): Result;
}

declare module "vitest" {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type
  interface Matchers<T = any> extends SandpitMatchers<T> {}
}
