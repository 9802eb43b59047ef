// What stands behind a stub: the strategy, its handlers, and what it has done so far.
import { contract } from "../generated/contract.js";
import { known } from "../options.js";
import { coded, logged } from "./arguments.js";
import { Book } from "./book.js";
import { Clock, rfc3339 } from "./clock.js";
import { configured, declared } from "./config.js";
import { helpersOf, runtimeOf } from "./runtime.js";

/** The handler of each event, and of each state of a report. */
const HANDLERS = {
  ...Object.fromEntries(Object.entries(contract.handlers).filter(([, event]) => event).map(([handler, event]) => [event, handler])),
  ACK: "onOrderAcknowledged",
  PARTIAL: "onOrderPartialFill",
  FILLED: "onOrderFilled",
  CANCELLED: "onOrderCancelled",
  EXPIRED: "onOrderExpired",
  REJECTED: "onOrderRejected",
};

/** What the functions of the runtime use. Nothing of it is the author's. */
export class Host {
  log = [];
  prices = new Map();
  balances = new Map();
  lost = new Set();
  savedJson = undefined;
  /** Orders that were denied while a handler or a timer ran: it hears of them once it is done. */
  reports = [];
  denials = [];
  #phase = "create";
  #counts = new Map();
  #runs = 0;

  constructor(strategy, options) {
    known("options of stub", options, ["config", "markets", "instance", "start", "seed", "saved"]);
    const { config = {}, markets = { paper: ["BTC-USDT"] }, instance = "stub", start = "2024-08-08T00:00:00Z", seed = 0, saved } = options;
    this.strategy = strategy.default ?? strategy;
    this.markets = markets;
    this.first = Object.keys(markets).find((name) => markets[name].length > 0) ?? Object.keys(markets)[0];
    this.instance = instance;
    this.metadata = declared(this.strategy.metadata);
    this.config = configured(this.metadata, config, this.strategy.metadata.additionalConfig);
    if (saved !== undefined) this.savedJson = JSON.stringify(saved);
    this.book = new Book((provider, symbol) => this.prices.get(`${provider} ${symbol}`)?.last);
    const tooMany = () => coded("too_many_timers", "too many timers are set");
    this.clock = new Clock({ start, seed, tooMany, log: (level, values) => this.write(level, values) });
    this.create();
  }

  create() {
    this.#phase = "create";
    this.#runs += 1;
    this.clock.forgetTimers();
    const env = Object.freeze({
      // Its own copy, which it may write into: a new life begins with what the host has.
      config: structuredClone(this.config),
      metadata: this.metadata,
      events: this.metadata.events,
      helpers: helpersOf(this),
      runtime: runtimeOf(this),
    });
    const handlers = this.clock.within(() => this.strategy.create(env));
    if (typeof handlers !== "object" || handlers === null || typeof handlers.then === "function") {
      throw new TypeError("create must return the handler object itself, not a promise or nothing");
    }
    for (const name of Object.keys(contract.handlers)) {
      const handler = handlers[name] ?? undefined;
      if (handler !== undefined && typeof handler !== "function") throw new TypeError(`handler ${name} is not a function`);
    }
    this.handlers = handlers;
    this.#phase = "running";
  }

  stop() {
    if (this.#phase === "stopped") return;
    this.#phase = "stopping";
    this.call("onStop");
    this.clock.forgetTimers();
    this.#phase = "stopped";
  }

  isOpen() {
    return this.#phase === "running";
  }

  isActive() {
    return this.isOpen() && Object.keys(this.markets).some((name) => !this.lost.has(name));
  }

  write(level, values) {
    const text = values.map(logged).join(" ");
    if (text !== "") this.log.push({ time: rfc3339(this.clock.now), level, text });
  }

  submit({ provider, symbol, side, type, quantity, price = null, timeInForce, clientOrderId }) {
    if (!this.isOpen()) throw coded("not_active", "orders are not taken in create and onStop");
    const id = clientOrderId ?? `${this.instance}-stub-${this.#runs}-${this.book.orders.length + 1}`;
    if (this.config.dry_run !== false) {
      this.write("info", [`dry run: ${side} ${quantity} ${symbol} at ${provider}${price === null ? "" : ` at ${price}`}`]);
      return id;
    }
    const order = {
      clientOrderId: id,
      provider,
      symbol,
      side,
      type,
      timeInForce: timeInForce ?? (type === "Market" ? "IOC" : "GTC"),
      quantity,
      price,
      placedAt: rfc3339(this.clock.now),
    };
    if (!this.book.add(order)) throw coded("duplicate_client_order_id", `the id ${id} was used before`);
    const denial = this.denials.shift();
    if (denial) {
      const denied = this.book.orders.at(-1);
      this.book.end(denied, "DENIED", `denied: ${denial.code}: ${denial.message}`);
      this.reports.push(denied);
      throw coded(denial.code, `submit order: ${denial.message}`);
    }
    return id;
  }

  cancel(id) {
    if (!this.isOpen()) throw coded("not_active", "orders are not cancelled in create and onStop");
    const order = this.book.orders.find(({ clientOrderId }) => clientOrderId === id);
    if (!order || !["PENDING", "ACK", "PARTIAL"].includes(order.state)) throw coded("unknown_order", `there is no open order ${id}`);
    order.isCancelAsked = true;
  }

  call(name, ...args) {
    const handler = this.handlers[name];
    if (!handler) return;
    const context = Object.freeze({ instanceId: this.instance });
    this.during(() => handler.call(this.handlers, context, ...args));
  }

  /** Runs code of the strategy; then it hears of what was denied meanwhile, also when the code threw. */
  during(code) {
    try {
      this.clock.within(code);
    } finally {
      this.tellDenials();
    }
  }

  tellDenials() {
    while (this.reports.length > 0) {
      const order = this.reports.shift();
      this.report(order, "REJECTED", { rejectReason: order.reason });
    }
  }

  /** Time passes. What was denied since the last call, by code behind an `await`, is told first. */
  advance(nanoseconds) {
    this.tellDenials();
    this.clock.advance(nanoseconds, (code) => this.during(code));
  }

  /** An event for the handler of its kind, if the strategy asked for it. */
  deliver(type, provider, symbol, payload, { handler = HANDLERS[type], more = [] } = {}) {
    if (this.#phase === "stopped") throw new Error("the instance has stopped: nothing is delivered any more");
    const key = `${provider} ${symbol} ${type}`;
    const seqProvider = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, seqProvider);
    if (!this.metadata.events.includes(type)) return;
    const time = rfc3339(this.clock.now);
    const eventId = `${provider}:${symbol.replaceAll("-", "")}:${type}:${seqProvider}`;
    const evt = { eventId, routingVersion: 1, provider, symbol, type, seqProvider, ingestTs: time, emitTs: time, payload };
    this.call(handler, evt, payload, ...more);
  }

  report(order, state, { fill, rejectReason = null } = {}) {
    const payload = {
      clientOrderId: order.clientOrderId,
      exchangeOrderId: order.state === "DENIED" ? "" : `stub-${this.book.orders.indexOf(order) + 1}`,
      state,
      side: order.side,
      orderType: order.type,
      price: order.price ?? "",
      quantity: order.quantity,
      filledQuantity: order.filledQuantity,
      remainingQty: this.book.left(order),
      avgFillPrice: order.averagePrice,
      commissionAmount: fill?.fee ?? null,
      commissionAsset: fill?.feeAsset ?? null,
      timestamp: rfc3339(this.clock.now),
      rejectReason,
      symbol: order.symbol,
    };
    const more = state === "REJECTED" ? [rejectReason ?? ""] : [];
    this.deliver("ExecReport", order.provider, order.symbol, payload, { handler: HANDLERS[state], more });
  }
}
