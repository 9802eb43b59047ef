// Orders, fills and positions of a stub, and the reports that tell of them. Nothing happens by itself: the test says what the venue does.
import { canonical, divide, fromUnits, multiply, toText, units } from "../decimal.js";

const FINAL = new Set(["FILLED", "CANCELLED", "REJECTED", "EXPIRED", "DENIED"]);

export class Book {
  orders = [];
  fills = [];
  #positions = new Map();

  constructor(priceOf) {
    this.priceOf = priceOf;
  }

  add(order) {
    if (this.orders.some(({ clientOrderId }) => clientOrderId === order.clientOrderId)) return false;
    this.orders.push({ ...order, state: "PENDING", filledQuantity: "0", averagePrice: "0", reason: null });
    return true;
  }

  /** Of one provider or symbol when given, oldest first. Those of one moment are sorted by their market, as the host has them. */
  open(provider, symbol) {
    const fits = (order) => (!provider || order.provider === provider) && (!symbol || order.symbol === symbol);
    const rank = ({ placedAt, provider: at, symbol: of }) => `${placedAt} ${at} ${of}`;
    const open = this.orders.filter((order) => !FINAL.has(order.state) && fits(order));
    return open.sort((a, b) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0));
  }

  /** `last`, a number (0 is the first order that reached the venue: one that was denied has none), or a client order id. */
  find(wanted = "last") {
    const sent = this.orders.filter(({ state }) => state !== "DENIED");
    const order = wanted === "last" ? sent.at(-1) : typeof wanted === "number" ? sent[wanted]
      : sent.find(({ clientOrderId }) => clientOrderId === wanted);
    if (!order) throw new RangeError(`there is no order ${JSON.stringify(wanted)}: ${sent.length} reached the venue so far`);
    if (FINAL.has(order.state)) throw new RangeError(`order ${order.clientOrderId} is ${order.state} already`);
    return order;
  }

  /** What of it may still be filled. */
  left(order) {
    return FINAL.has(order.state) ? "0" : fromUnits(units(order.quantity) - units(order.filledQuantity));
  }

  end(order, state, reason = null) {
    Object.assign(order, { state, reason });
  }

  /** Fills a part of an order, or all that is left. Gives the fill. */
  fill(order, { price, quantity, fee = "0", feeAsset }) {
    const left = units(order.quantity) - units(order.filledQuantity);
    const size = quantity === undefined ? left : units(quantity);
    const at = price ?? order.price ?? this.priceOf(order.provider, order.symbol);
    if (!canonical(at) || units(at) <= 0n) throw new RangeError("a fill needs a price: there was no trade yet, and the order has none");
    if (size <= 0n || size > left) throw new RangeError(`${fromUnits(size)} cannot be filled: ${fromUnits(left)} of the order are left`);
    const filled = units(order.filledQuantity) + size;
    const paid = multiply(units(order.averagePrice), units(order.filledQuantity)) + multiply(units(at), size);
    Object.assign(order, {
      filledQuantity: fromUnits(filled),
      averagePrice: fromUnits(divide(paid, filled)),
      state: size === left ? "FILLED" : "PARTIAL",
    });
    const asset = feeAsset ?? order.symbol.split("-")[1] ?? "";
    const fill = { clientOrderId: order.clientOrderId, symbol: order.symbol, side: order.side, price: toText(at), quantity: fromUnits(size), fee: toText(fee), feeAsset: asset };
    this.fills.push(fill);
    this.#hold(order, size, units(at));
    return fill;
  }

  #hold({ provider, symbol, side }, size, price) {
    const key = `${provider} ${symbol}`;
    const held = this.#positions.get(key) ?? { quantity: 0n, average: 0n, profit: 0n };
    const change = side === "Buy" ? size : -size;
    const grows = held.quantity === 0n || held.quantity > 0n === change > 0n;
    const magnitude = (number) => (number < 0n ? -number : number);
    const quantity = held.quantity + change;
    let { average, profit } = held;
    if (grows) {
      average = divide(multiply(average, magnitude(held.quantity)) + multiply(price, size), magnitude(quantity));
    } else {
      const closed = size < magnitude(held.quantity) ? size : magnitude(held.quantity);
      profit += multiply(price - average, held.quantity > 0n ? closed : -closed);
      // Through flat: what is held now was bought or sold at this price.
      if (quantity === 0n) average = 0n;
      else if (quantity > 0n !== held.quantity > 0n) average = price;
    }
    this.#positions.set(key, { quantity, average, profit });
  }

  position(provider, symbol) {
    const { quantity, average, profit } = this.#positions.get(`${provider} ${symbol}`) ?? { quantity: 0n, average: 0n, profit: 0n };
    return { quantity: fromUnits(quantity), averagePrice: fromUnits(average), realisedProfit: fromUnits(profit) };
  }
}
