import type { ExpectedOrder, FuelLimits, ScenarioResult } from "./test.js";

/** All orders, in the order they were sent: keys left out match anything, numbers compare as decimals. */
export declare function assertOrders(result: ScenarioResult, expected: readonly ExpectedOrder[]): void;

/** The most expensive call stays below the limit: of every handler, or of those that are named. */
export declare function assertFuelBelow(result: ScenarioResult, limit: number | FuelLimits): void;

/** All memories and tables together never took more than this: bytes, or text such as `"4MiB"`. */
export declare function assertMemoryWithin(result: ScenarioResult, limit: number | string): void;

/** Some line of the log contains the text, or matches the expression. */
export declare function assertLog(result: ScenarioResult, wanted: string | RegExp): void;

/** No line of the log contains the text, or matches the expression. */
export declare function assertNoLog(result: ScenarioResult, wanted: string | RegExp): void;
