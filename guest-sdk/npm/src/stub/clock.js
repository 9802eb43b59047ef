// Time that stands still: `Date`, timers, random numbers and the console of a strategy, put in place while its code runs.

const RealDate = Date;
const PER_MILLISECOND = 1_000_000n;

/** RFC 3339 with nanoseconds. */
export function rfc3339(nanoseconds) {
  const seconds = new RealDate(Number(nanoseconds / 1_000_000_000n) * 1_000).toISOString().slice(0, 19);
  return `${seconds}.${String(nanoseconds % 1_000_000_000n).padStart(9, "0")}Z`;
}

/** A generator that gives the same numbers for the same seed (mulberry32). Not those of the engine. */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32;
  };
}

export class Clock {
  #timers = [];
  #lastTimer = 0;

  constructor({ start, seed, log, tooMany }) {
    this.now = BigInt(new RealDate(start).getTime()) * PER_MILLISECOND;
    this.globals = {
      Date: this.#date(),
      setTimeout: (callback, delay, ...args) => this.#set(callback, delay, args, false, tooMany),
      setInterval: (callback, delay, ...args) => this.#set(callback, delay, args, true, tooMany),
      clearTimeout: (timer) => this.#clear(timer),
      clearInterval: (timer) => this.#clear(timer),
      console: Object.fromEntries(
        [["log", "info"], ["info", "info"], ["debug", "debug"], ["trace", "debug"], ["warn", "warn"], ["error", "error"]].map(
          ([name, level]) => [name, (...values) => log(level, values)],
        ),
      ),
    };
    this.random = generator(seed);
  }

  #date() {
    const milliseconds = () => Number(this.now / PER_MILLISECOND);
    return new Proxy(RealDate, {
      construct: (target, args) => (args.length > 0 ? new target(...args) : new target(milliseconds())),
      apply: (target) => new target(milliseconds()).toString(),
      get: (target, key) => (key === "now" ? milliseconds : Reflect.get(target, key)),
    });
  }

  #set(callback, delay, args, repeat, tooMany) {
    if (typeof callback !== "function") throw new TypeError("the first argument must be a function");
    if (this.#timers.length >= 64) throw tooMany();
    const period = BigInt(Math.trunc(Math.max(1, Number(delay) || 0) * 1e6));
    this.#lastTimer += 1;
    this.#timers.push({ id: this.#lastTimer, due: this.now + period, period, repeat, callback, args });
    return this.#lastTimer;
  }

  #clear(id) {
    this.#timers = this.#timers.filter((timer) => timer.id !== id);
  }

  /** Puts these globals in place. Gives what takes them away again. */
  enter() {
    const { Date, setTimeout, setInterval, clearTimeout, clearInterval, console } = globalThis;
    const random = Math.random;
    Object.assign(globalThis, this.globals);
    Math.random = this.random;
    return () => {
      Object.assign(globalThis, { Date, setTimeout, setInterval, clearTimeout, clearInterval, console });
      Math.random = random;
    };
  }

  /** Runs code with these globals in place. Code that waits for a promise continues later, with those of Node. */
  within(code) {
    const leave = this.enter();
    try {
      return code();
    } finally {
      leave();
    }
  }

  /** Moves time; what is due on the way is called at its moment, by `call`. */
  advance(nanoseconds, call) {
    const until = this.now + nanoseconds;
    for (;;) {
      const due = this.#timers.filter((timer) => timer.due <= until).sort((a, b) => (a.due < b.due ? -1 : a.due > b.due ? 1 : a.id - b.id))[0];
      if (!due) break;
      // A handler that slept may be late for it.
      if (due.due > this.now) this.now = due.due;
      if (due.repeat) due.due = this.now + due.period;
      else this.#clear(due.id);
      call(() => due.callback(...due.args));
    }
    if (until > this.now) this.now = until;
  }

  forgetTimers() {
    this.#timers = [];
  }
}
