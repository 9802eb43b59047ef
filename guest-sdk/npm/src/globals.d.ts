/// <reference path="./generated/globals.d.ts" />

// The globals of a strategy beside the language itself: add "@sandpit/sdk/globals" to `types` in tsconfig.json, with no other
// library than "ES2023". What is not here (`fetch`, `process`, `document`...) is not there in the sandbox either.

/** Lines of the log, at the level of the name. Cost, limits: as of `helpers.log`. */
interface Console {
  debug(...values: unknown[]): void;
  info(...values: unknown[]): void;
  log(...values: unknown[]): void;
  trace(...values: unknown[]): void;
  warn(...values: unknown[]): void;
  error(...values: unknown[]): void;
}

declare var console: Console;
