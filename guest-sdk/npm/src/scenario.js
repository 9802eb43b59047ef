// Writes a scenario, step by step: the document that `sandpit test` takes. It checks nothing that the program checks itself.
import { fileURLToPath } from "node:url";

import { fromNumber } from "./decimal.js";
import { timing } from "./options.js";
import { run } from "./run.js";

/** Numbers become decimal text, so that 1e-7 arrives as it was meant. */
const decimal = (value) => (typeof value === "number" ? fromNumber(value) : typeof value === "bigint" ? String(value) : value);

const decimals = (object, ...keys) => {
  const copy = { ...object };
  for (const key of keys) if (copy[key] !== undefined) copy[key] = decimal(copy[key]);
  return copy;
};

/** A number of milliseconds becomes text, so that half of one arrives as it was meant. */
const span = (value) => (typeof value === "number" ? `${fromNumber(value)}ms` : value);

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

  #add(step) {
    return this.#with({ steps: [...(this.#document.steps ?? []), step] });
  }

  #step(word, value, options) {
    const times = Object.entries(timing(word, options)).filter(([, time]) => time !== undefined);
    return this.#add({ [word]: value, ...Object.fromEntries(times.map(([key, time]) => [key, span(time)])) });
  }

  #order(word, order, options) {
    const given = isPlain(order) ? order : order === undefined ? {} : { order };
    return this.#step(word, decimals(given, "price", "quantity", "fee"), options);
  }

  #link(word, provider, options) {
    return this.#step(word, provider === undefined ? {} : { provider }, options);
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
    const written = decimals(settings, "priceIncrement", "quantityIncrement");
    if (written.balances) written.balances = decimals(written.balances, ...Object.keys(written.balances));
    return this.#with({ providers: { ...this.#document.providers, [name]: written } });
  }

  chaos(chaos) {
    return this.#with({ chaos });
  }

  tape(...tapes) {
    return this.#with({ tape: [...[this.#document.tape ?? []].flat(), ...tapes.map(path)] });
  }

  // --- The market ---

  trade(trade, options) {
    return this.#step("trade", tradeOf(trade), options);
  }

  trades(trades, options) {
    return this.#step("trades", trades.map((trade) => (isPlain(trade) ? tradeOf(trade) : decimal(trade))), options);
  }

  ticker(ticker, options) {
    return this.#step("ticker", decimals(ticker, "last", "bid", "ask", "bidQuantity", "askQuantity"), options);
  }

  book(book, options) {
    return this.#step("book", { ...book, bids: (book.bids ?? []).map(level), asks: (book.asks ?? []).map(level) }, options);
  }

  kline(kline, options) {
    const written = decimals(kline, "open", "high", "low", "close", "volume");
    if (written.interval !== undefined) written.interval = span(written.interval);
    return this.#step("kline", written, options);
  }

  balance(balance, options) {
    return this.#step("balance", decimals(balance, "total", "available"), options);
  }

  risk(risk, options) {
    return this.#step("risk", risk, options);
  }

  extension(value, options) {
    return this.#step("extension", value, options);
  }

  advance(duration, options) {
    return this.#step("advance", span(duration), options);
  }

  // --- The venue's answers to orders ---

  acknowledge(order, options) {
    return this.#order("acknowledge", order, options);
  }

  fill(fill, options) {
    return this.#order("fill", fill, options);
  }

  reject(reject, options) {
    return this.#order("reject", typeof reject === "string" ? { reason: reject } : reject, options);
  }

  cancelled(order, options) {
    return this.#order("cancelled", order, options);
  }

  expire(order, options) {
    return this.#order("expire", order, options);
  }

  // --- The connection, the host ---

  disconnect(provider, options) {
    return this.#link("disconnect", provider, options);
  }

  reconnect(provider, options) {
    return this.#link("reconnect", provider, options);
  }

  restart(options) {
    return this.#step("restart", {}, options);
  }

  stop(options) {
    return this.#step("stop", {}, options);
  }

  // --- What is expected ---

  expect(expectations, options) {
    return this.#step("expect", expectations, options);
  }

  finally(expectations) {
    return this.#with({ expect: { ...this.#document.expect, ...expectations } });
  }

  /** A step as the document has it. */
  step(step) {
    return this.#add(step);
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
