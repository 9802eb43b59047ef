// Written by `cargo xtask bless` from wit/ and xtask/src/sdk/table.txt; a test fails when it is stale.

/**
 * Calls `callback` later, by the clock of the instance's first provider that has symbols; an interval again and
 * again. At least 1 ms; at most `limits.timers` (64) at a time, then it throws `too_many_timers`. Timers do not
 * survive a restart: set them in `create`. Cost: 2,000 fuel.
 */
declare function setTimeout<Args extends unknown[]>(callback: (...args: Args) => void, milliseconds?: number, ...args: Args): number;
/**
 * Calls `callback` later, by the clock of the instance's first provider that has symbols; an interval again and
 * again. At least 1 ms; at most `limits.timers` (64) at a time, then it throws `too_many_timers`. Timers do not
 * survive a restart: set them in `create`. Cost: 2,000 fuel.
 */
declare function setInterval<Args extends unknown[]>(callback: (...args: Args) => void, milliseconds?: number, ...args: Args): number;

/** Forgets a timer; one that is not set is fine. Cost: 500 fuel. */
declare function clearTimeout(timer: number | undefined): void;
/** Forgets a timer; one that is not set is fine. Cost: 500 fuel. */
declare function clearInterval(timer: number | undefined): void;
