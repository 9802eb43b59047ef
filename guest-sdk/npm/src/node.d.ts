import type { ExpectedOrder, FuelLimits, ResultLine, ResultOrder, ScenarioResult } from "./test.js";

/** The result of a scenario, or a stub. */
interface Orders {
  readonly orders: readonly ResultOrder[];
}

/** The result of a scenario, or a stub. */
interface Log {
  readonly log: readonly ResultLine[];
}

/** All orders, in the order they were sent: keys left out match anything, numbers compare as decimals. */
export declare function assertOrders(result: Orders, expected: readonly ExpectedOrder[]): void;

/** The most expensive call stays below the limit: of every handler but `create`, or of those that are named. */
export declare function assertFuelBelow(result: ScenarioResult, limit: number | FuelLimits): void;

/** All memories and tables together never took more than this: bytes, or text such as `"4MiB"`. */
export declare function assertMemoryWithin(result: ScenarioResult, limit: number | string): void;

/** Some line of the log contains the text, or matches the expression. */
export declare function assertLog(result: Log, wanted: string | RegExp): void;

/** No line of the log contains the text, or matches the expression. */
export declare function assertNoLog(result: Log, wanted: string | RegExp): void;
