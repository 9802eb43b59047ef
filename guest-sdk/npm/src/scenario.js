// Writes a scenario, step by step: the document that `sandpit test` takes. It checks nothing that the program checks itself.
import { fileURLToPath } from "node:url";

import { fromNumber } from "./decimal.js";
import { run } from "./run.js";

/** Numbers become decimal text, so that 1e-7 arrives as it was meant. */
const decimal = (value) => (typeof value === "number" ? fromNumber(value) : typeof value === "bigint" ? String(value) : value);

const decimals = (object, ...keys) => {
  const copy = { ...object };
  for (const key of keys) if (copy[key] !== undefined) copy[key] = decimal(copy[key]);
  return copy;
};

const isPlain = (value) => typeof value === "object" && value !== null;

const tradeOf = (trade) => (isPlain(trade) ? decimals(trade, "price", "quantity") : { price: decimal(trade) });

const level = (entry) => (Array.isArray(entry) ? entry.map(decimal) : [decimal(entry.price), decimal(entry.quantity)]);

const path = (file) => (file instanceof URL ? fileURLToPath(file) : file);

/** One scenario. It never changes: each call gives a new one, so that tests can share a beginning. */
export class Scenario {
  #document;

  constructor(document) {
    this.#document = document;
  }

  #with(fields) {
    return new Scenario({ ...this.#document, ...fields });
  }

  #step(step, { after } = {}) {
    const steps = [...(this.#document.steps ?? []), after === undefined ? step : { ...step, after }];
    return this.#with({ steps });
  }

  #order(word, order, more = {}) {
    const given = isPlain(order) ? order : order === undefined ? {} : { order };
    return this.#step({ [word]: { ...decimals(given, "price", "quantity", "fee"), ...more } });
  }

  // --- Before it begins ---

  named(name) {
    return this.#with({ name });
  }

  config(fields) {
    return this.#with({ config: { ...this.#document.config, ...fields } });
  }

  limits(limits) {
    return this.#with({ limits: { ...this.#document.limits, ...limits } });
  }

  seed(seed) {
    return this.#with({ seed });
  }

  instance(instance) {
    return this.#with({ instance });
  }

  start(time) {
    return this.#with({ start: time instanceof Date ? time.toISOString() : time });
  }

  venue(venue) {
    return this.#with({ venue });
  }

  provider(name, settings = {}) {
    return this.#with({ providers: { ...this.#document.providers, [name]: settings } });
  }

  tape(...tapes) {
    return this.#with({ tape: [...(this.#document.tape ?? []), ...tapes.map(path)] });
  }

  // --- The market ---

  trade(trade, options) {
    return this.#step({ trade: tradeOf(trade) }, options);
  }

  trades(trades, { every } = {}) {
    return this.#step({ trades: trades.map((trade) => (isPlain(trade) ? tradeOf(trade) : decimal(trade))), ...(every && { every }) });
  }

  ticker(ticker, options) {
    return this.#step({ ticker: decimals(ticker, "last", "bid", "ask", "volume") }, options);
  }

  book(book, options) {
    return this.#step({ book: { ...book, bids: (book.bids ?? []).map(level), asks: (book.asks ?? []).map(level) } }, options);
  }

  kline(kline, options) {
    return this.#step({ kline: decimals(kline, "open", "high", "low", "close", "volume") }, options);
  }

  balance(balance, options) {
    return this.#step({ balance: decimals(balance, "total", "available") }, options);
  }

  risk(risk, options) {
    return this.#step({ risk }, options);
  }

  extension(value, options) {
    return this.#step({ extension: value }, options);
  }

  advance(duration) {
    return this.#step({ advance: typeof duration === "number" ? `${fromNumber(duration)}ms` : duration });
  }

  // --- The venue's answers to orders ---

  acknowledge(order) {
    return this.#order("acknowledge", order);
  }

  fill(fill) {
    return this.#order("fill", fill);
  }

  reject(reject) {
    return this.#order("reject", typeof reject === "string" ? { reason: reject } : reject);
  }

  cancelled(order) {
    return this.#order("cancelled", order);
  }

  expire(order) {
    return this.#order("expire", order);
  }

  // --- The connection, the host ---

  disconnect(provider) {
    return this.#step({ disconnect: provider === undefined ? {} : { provider } });
  }

  reconnect(provider) {
    return this.#step({ reconnect: provider === undefined ? {} : { provider } });
  }

  restart() {
    return this.#step({ restart: {} });
  }

  stop() {
    return this.#step({ stop: {} });
  }

  // --- What is expected ---

  expect(expectations) {
    return this.#step({ expect: expectations });
  }

  finally(expectations) {
    return this.#with({ expect: { ...this.#document.expect, ...expectations } });
  }

  /** A step as the document has it. */
  step(step) {
    return this.#step(step);
  }

  toJSON() {
    return this.#document;
  }

  run(options) {
    return run(this, options, this.run);
  }
}

/** Begins a scenario of a strategy: the path of its file, a URL, or the name of a built-in strategy. */
export function scenario(strategy, document = {}) {
  return new Scenario({ ...document, strategy: path(strategy) });
}
