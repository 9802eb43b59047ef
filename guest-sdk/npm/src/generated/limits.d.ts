// Written by `cargo xtask bless` from wit/ and xtask/src/sdk/table.txt; a test fails when it is stale.

/** What an instance may use up. What is left out is the host's own limit. */
export interface Limits {
  /**
   * Bytes of all memories and tables together. 32 MiB: the JavaScript heap stops at 24 MiB, which an author sees as a
   * catchable error, and the engine itself needs the rest. At most what a slot of the pool holds. 4,194,304 to
   * 67,108,864.
   */
  readonly memoryBytes?: number;
  /**
   * Fuel for evaluating a source when it is compiled. 500 million is about 0.1 s: enough to parse the largest source.
   * 1,000,000 to 10,000,000,000.
   */
  readonly fuelPerLoad?: number;
  /**
   * Fuel for `create(env)`. 200 million is about 40 ms: room to build tables, too little to hold up a launch.
   * 1,000,000 to 10,000,000,000.
   */
  readonly fuelPerCreate?: number;
  /**
   * Fuel for one event. 50 million is about 5 to 10 ms: an event of a busy market has to be over by then. 100,000 to
   * 10,000,000,000.
   */
  readonly fuelPerEvent?: number;
  /**
   * Fuel per second at the priority of the host, with what was saved up in the second before. 200 million is about a
   * tenth of a core, and ten thousand events of an ordinary strategy. An instance that needs more is not stopped: it
   * runs on threads that give way to all others. 100,000 to 100,000,000,000.
   */
  readonly fuelPerSecond?: number;
  /**
   * Milliseconds of processor time that one call may run: what it sleeps or waits for its turn does not count. The
   * backstop behind fuel, for code whose instructions are slow; not reached by code that is merely long. 10 to
   * 60,000.
   */
  readonly deadlineMs?: number;
  /** Milliseconds that evaluating a source may run. 10 to 60,000. */
  readonly loadDeadlineMs?: number;
  /**
   * Calls of imports per event. Fuel prices them too; this bounds what is cheap for the guest and dear for the host.
   * 10 to 1,000,000.
   */
  readonly helperCallsPerEvent?: number;
  /** Orders and cancels per event: more at once is a runaway loop, not a quote. 0 to 1,000. */
  readonly ordersPerEvent?: number;
  /**
   * Bytes of log text per second, with a burst of twice that: what a disk and a reader can follow. 0 to 16,777,216.
   */
  readonly logBytesPerSecond?: number;
  /** Log lines per event. 0 to 10,000. */
  readonly logLinesPerEvent?: number;
  /**
   * Milliseconds of one `sleep`; longer ones are cut to this, with a warning. Longer waits are what timers are for. 1
   * to 3,600,000.
   */
  readonly sleepMaxMs?: number;
  /** Sleeps per event. 0 to 100,000. */
  readonly sleepsPerEvent?: number;
  /** Timers that are set at the same time. 0 to 1,024. */
  readonly timers?: number;
  /** Bytes of the saved state. 0 to 1,048,576. */
  readonly savedStateBytes?: number;
}
