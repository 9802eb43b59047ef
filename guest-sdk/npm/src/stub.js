// A strategy in plain Node, with a made-up host: for tests of its logic alone, in a millisecond. It knows nothing of fuel, memory,
// limits or the risk check: that is what scenarios are for.
import { toText } from "./decimal.js";
import { timing } from "./options.js";
import { durationOf } from "./stub/arguments.js";
import { rfc3339 } from "./stub/clock.js";
import { Host } from "./stub/host.js";
import { EVENTS, checked } from "./stub/steps.js";

const isPlain = (value) => typeof value === "object" && value !== null;

/** A running stub. Each method does one thing at once, and gives the stub back. An exception of a handler goes through to the test. */
class Stub {
  #host;

  constructor(host) {
    this.#host = host;
  }

  get orders() {
    return this.#host.book.orders;
  }

  get fills() {
    return this.#host.book.fills;
  }

  get log() {
    return this.#host.log;
  }

  get saved() {
    const { savedJson } = this.#host;
    return savedJson === undefined ? null : JSON.parse(savedJson);
  }

  get now() {
    return rfc3339(this.#host.clock.now);
  }

  position(provider, symbol) {
    const at = provider ?? this.#host.first;
    return this.#host.book.position(at, symbol ?? this.#host.markets[at][0]);
  }

  #event(step, given, payloadOf, options) {
    const host = this.#host;
    const { provider = host.first, symbol = host.markets[provider]?.[0] ?? "", ...fields } = checked(step, given);
    this.advance(timing(step, options).after ?? "1ms");
    const price = (changes) => {
      const key = `${provider} ${symbol}`;
      const known = Object.entries(changes).filter(([, value]) => value !== undefined && value !== "");
      host.prices.set(key, { ...host.prices.get(key), ...Object.fromEntries(known) });
    };
    const { payload, more, at = symbol } = payloadOf(fields, { time: rfc3339(host.clock.now), price, provider, symbol });
    host.deliver(EVENTS[step], provider, at, payload, { more });
    return this;
  }

  trade(trade, options) {
    return this.#event("trade", isPlain(trade) ? trade : { price: trade }, ({ price: at, quantity = "1", side = "buy", tradeId }, { time, price }) => {
      const last = toText(at);
      price({ last });
      const payload = {
        tradeId: tradeId ?? String(Number(this.#host.clock.now / 1_000_000n)),
        side: String(side).toLowerCase() === "sell" ? "Sell" : "Buy",
        price: last,
        quantity: toText(quantity),
        timestamp: time,
      };
      return { payload, more: [Number(last)] };
    }, options);
  }

  trades(trades, options) {
    const { every, after = every } = timing("trades", options);
    trades.forEach((trade, place) => this.trade(trade, { after: place === 0 ? after : every }));
    return this;
  }

  ticker(ticker, options) {
    return this.#event("ticker", ticker, (given, { time, price }) => {
      const [last, bid, ask, volume] = ["last", "bid", "ask", "volume"].map((key) => (given[key] === undefined ? "" : toText(given[key])));
      price({ last, bid, ask });
      return { payload: { lastPrice: last, bidPrice: bid, askPrice: ask, volume24h: volume, timestamp: time } };
    }, options);
  }

  book(book, options) {
    return this.#event("book", book, ({ bids = [], asks = [] }, { time, price }) => {
      const levels = (side) => side.map((level) => (Array.isArray(level) ? level : [level.price, level.quantity]).map(toText))
        .map(([at, quantity]) => ({ price: at, quantity }));
      const payload = { bids: levels(bids), asks: levels(asks), checksum: "", lastUpdate: time, firstUpdateId: 1, finalUpdateId: 1 };
      price({ bid: payload.bids[0]?.price, ask: payload.asks[0]?.price });
      return { payload };
    }, options);
  }

  kline(kline, options) {
    return this.#event("kline", kline, ({ open, high, low, close, volume = "0", interval = "1m" }, { time }) => {
      const openTime = rfc3339(this.#host.clock.now - (durationOf(interval) ?? 0n));
      const [openPrice, closePrice, highPrice, lowPrice] = [open, close, high, low].map(toText);
      return { payload: { openPrice, closePrice, highPrice, lowPrice, volume: toText(volume), openTime, closeTime: time } };
    }, options);
  }

  instrument(instrument, options) {
    return this.#event("instrument", instrument, (fields, { symbol }) => {
      const [baseCurrency = "", quoteCurrency = ""] = symbol.split("-");
      const known = {
        symbol, type: "spot", baseCurrency, quoteCurrency, venue: "STUB", expiry: "", contractValue: null, contractCurrency: "", strike: null,
        optionType: "", priceIncrement: "0.01", quantityIncrement: "0.00001", pricePrecision: 2, quantityPrecision: 5,
        notionalPrecision: null, minNotional: "", minQuantity: "0.00001", maxQuantity: "",
      };
      return { payload: { instrument: { ...known, ...fields } } };
    }, options);
  }

  balance(balance, options) {
    return this.#event("balance", balance, ({ currency, total, available = total }, { time, provider }) => {
      const now = { total: toText(total), available: toText(available) };
      this.#host.balances.set(`${provider} ${currency}`, now);
      return { payload: { currency, ...now, timestamp: time }, at: "" };
    }, options);
  }

  risk(risk, options) {
    return this.#event("risk", risk, ({ status = "TRIGGERED", reason = "", breachType = "", metrics = {}, ...flags }, { time, provider, symbol }) => ({
      payload: {
        strategyId: this.#host.instance, provider, symbol, status, reason, breachType, metrics, killSwitchEngaged: flags.killSwitchEngaged ?? false,
        circuitBreakerOpen: flags.circuitBreakerOpen ?? false, timestamp: time,
      },
    }), options);
  }

  extension(value, options) {
    return this.#event("extension", {}, () => ({ payload: structuredClone(value), at: "" }), options);
  }

  advance(duration, options) {
    const { after = 0 } = timing("advance", options);
    for (const wanted of [after, duration]) {
      const nanoseconds = durationOf(wanted);
      if (nanoseconds === undefined) throw new TypeError(`${JSON.stringify(wanted)} is no duration: write "5s", or milliseconds`);
      this.#host.advance(nanoseconds);
    }
    return this;
  }

  acknowledge(given, options) {
    return this.#answer("acknowledge", given, options, (order) => this.#acknowledge(order));
  }

  #acknowledge(order) {
    this.#host.book.end(order, "ACK");
    this.#host.report(order, "ACK");
  }

  fill(given, options) {
    return this.#answer("fill", given, options, (order, fill) => {
      if (order.state === "PENDING") this.#acknowledge(order);
      const made = this.#host.book.fill(order, fill);
      this.#host.report(order, order.state, { fill: made });
    });
  }

  reject(given, options) {
    const said = typeof given === "string" ? { reason: given } : given;
    return this.#answer("reject", said, options, (order, { reason = "rejected" }) => this.#end(order, "REJECTED", reason));
  }

  cancelled(given, options) {
    return this.#answer("cancelled", given, options, (order, { reason }) => this.#end(order, "CANCELLED", reason));
  }

  expire(given, options) {
    return this.#answer("expire", given, options, (order, { reason }) => this.#end(order, "EXPIRED", reason));
  }

  #end(order, state, reason = null) {
    this.#host.book.end(order, state, reason);
    this.#host.report(order, state, { rejectReason: reason });
  }

  /** What the venue does with an order: `given` says which and more, or is the order alone. */
  #answer(step, given, options, change) {
    const { order, ...more } = checked(step, isPlain(given) || given === undefined ? given : { order: given });
    this.advance(timing(step, options).after ?? "1ms");
    change(this.#host.book.find(order), more);
    return this;
  }

  deny(code, message = code) {
    this.#host.denials.push({ code, message });
    return this;
  }

  disconnect(provider = this.#host.first, options) {
    this.advance(timing("disconnect", options).after ?? "1ms");
    this.#host.lost.add(provider);
    const why = { breachType: "PROVIDER_DISCONNECTED", reason: "the connection is lost" };
    return this.risk({ provider, symbol: "", status: "TRIGGERED", ...why }, { after: 0 });
  }

  reconnect(provider = this.#host.first, options) {
    this.advance(timing("reconnect", options).after ?? "1ms");
    this.#host.lost.delete(provider);
    const why = { breachType: "PROVIDER_DISCONNECTED", reason: "the connection is back" };
    return this.risk({ provider, symbol: "", status: "CLEARED", ...why }, { after: 0 });
  }

  restart(options) {
    this.advance(timing("restart", options).after ?? 0);
    this.#host.create();
    return this;
  }

  stop(options) {
    this.advance(timing("stop", options).after ?? 0);
    this.#host.stop();
    return this;
  }

  /** Lets promises go on that wait for nothing else, with the strategy's own clock in place. */
  async settle() {
    const leave = this.#host.clock.enter();
    try {
      await new Promise((done) => setImmediate(done));
    } finally {
      leave();
    }
    this.#host.tellDenials();
    return this;
  }
}

/** Starts a strategy in plain Node. */
export function stub(strategy, options = {}) {
  return new Stub(new Host(strategy, options));
}
