// `env.runtime` and `env.helpers` of a stub.
import { canonical } from "../decimal.js";
import { coded, decimalOf, durationOf, nameOf, optionsOf, sideOf } from "./arguments.js";

const number = (text) => (canonical(text ?? "") === undefined ? 0 : Number(text));

export function runtimeOf(stub) {
  /** The provider and symbol that are meant: the instance's first where they are left out. */
  const placeOf = (provider, symbol) => {
    const at = nameOf(provider) ?? stub.first;
    return [at, nameOf(symbol) ?? stub.markets[at]?.[0]];
  };
  const scoped = (provider, symbol) => {
    const [at, of] = placeOf(provider, symbol);
    if (!stub.markets[at]) throw coded("unknown_provider", `the instance has no provider ${at}`);
    return [at, of];
  };
  const state = (provider, symbol) => stub.prices.get(placeOf(provider, symbol).join(" ")) ?? {};

  const send = (name, type, provider, side, quantity, price, options) => {
    const order = { side: sideOf(side), quantity: decimalOf(quantity, "quantity"), ...optionsOf(options, name) };
    if (type === "Limit") order.price = decimalOf(price, "price");
    const [at, symbol] = scoped(provider, order.symbol);
    if (!stub.markets[at].includes(symbol)) throw coded("invalid_symbol", `the instance does not trade ${symbol} at ${at}`);
    return stub.submit({ ...order, type, provider: at, symbol });
  };

  return Object.freeze({
    isTradingActive: () => stub.isActive(),
    isDryRun: () => stub.config.dry_run !== false,
    providers: () => Object.keys(stub.markets).sort(),
    selectProvider: (seed) => {
      const names = Object.keys(stub.markets).sort();
      const given = typeof seed === "string" ? Number(seed.trim() || NaN) : seed;
      const chosen = typeof given === "number" && Number.isFinite(given) ? BigInt(Math.trunc(Math.abs(given))) : stub.clock.now;
      return names[Number(chosen % BigInt(names.length))];
    },
    getLastPrice: (provider, symbol) => number(state(provider, symbol).last),
    getBidPrice: (provider, symbol) => number(state(provider, symbol).bid),
    getAskPrice: (provider, symbol) => number(state(provider, symbol).ask),
    getMarketState: (provider, symbol) => {
      const [last, bid, ask] = ["last", "bid", "ask"].map((key) => number(state(provider, symbol)[key]));
      const spread = bid > 0 && ask > 0 ? ask - bid : 0;
      return { last, bid, ask, spread, spreadPct: bid > 0 ? (spread / bid) * 100 : 0, stale: stub.lost.has(placeOf(provider)[0]) };
    },
    submitMarketOrder: (provider, side, quantity, options) =>
      send("submitMarketOrder", "Market", provider, side, quantity, undefined, options),
    submitOrder: (provider, side, quantity, price, options) => send("submitOrder", "Limit", provider, side, quantity, price, options),
    cancelOrder: (id) => stub.cancel(nameOf(id) ?? ""),
    openOrders: (provider, symbol) =>
      stub.book.open(nameOf(provider), nameOf(symbol)).map((order) => ({
        clientOrderId: order.clientOrderId,
        provider: order.provider,
        symbol: order.symbol,
        side: order.side,
        orderType: order.type,
        quantity: order.quantity,
        filledQuantity: order.filledQuantity,
        state: order.state,
        price: order.price,
      })),
    position: (provider, symbol) => stub.book.position(...scoped(provider, symbol)),
    balance: (provider, currency) => {
      const [at] = scoped(provider);
      return { ...(stub.balances.get(`${at} ${nameOf(currency) ?? ""}`) ?? { total: "0", available: "0" }) };
    },
  });
}

export function helpersOf(stub) {
  return Object.freeze({
    log: (...values) => stub.write("info", values),
    sleep: (duration) => {
      const asked = durationOf(duration);
      if (asked === undefined || !stub.isOpen()) return;
      stub.clock.now += asked > 60_000_000_000n ? 60_000_000_000n : asked;
    },
    save: (value) => {
      const json = JSON.stringify(value);
      if (json === undefined) throw new TypeError("save: the value has no JSON form");
      if (Buffer.byteLength(json) > 64 << 10) throw coded("save_failed", "the value is longer than 65536 bytes of JSON");
      stub.savedJson = json;
    },
    load: () => (stub.savedJson === undefined ? null : JSON.parse(stub.savedJson)),
  });
}
