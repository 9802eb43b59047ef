// What can be asked of a result. Each check gives `{ pass, message, actual, expected }`; node.js and vitest.js make of it what their users
// are used to.
import { canonical } from "./decimal.js";

const ORDER_KEYS = [
  "clientOrderId", "symbol", "side", "type", "timeInForce", "quantity", "price", "state", "filledQuantity", "averagePrice", "reason",
  "placedAt",
];
const NUMBERS = new Set(["quantity", "price", "filledQuantity", "averagePrice"]);
const WORDS = new Set(["side", "type", "timeInForce", "state"]);
const UNITS = { B: 1, KB: 1e3, KiB: 1024, MB: 1e6, MiB: 1024 ** 2, GB: 1e9, GiB: 1024 ** 3 };

/** A result, or a stub where it has what is asked for. */
function resultOf(result, check, key) {
  if (typeof result?.then === "function") throw new TypeError(`${check} was given a promise: await run(...) first`);
  if (result?.[key] !== undefined) return result;
  if (Array.isArray(result?.orders)) throw new TypeError(`${check} needs the result of a scenario: a stub measures nothing`);
  throw new TypeError(`${check} takes the result of run(...), not ${result === null ? "null" : typeof result}`);
}

const shown = (value) => (value instanceof RegExp ? String(value) : typeof value === "bigint" ? `${value}n` : JSON.stringify(value));

/** Unlike `test`, it does not go on where an expression with the flag g or y has stopped before. */
const matches = (expression, text) => text.search(expression) >= 0;

const grouped = (number) => number.toLocaleString("en-US");

function fits(key, actual, wanted) {
  if (wanted instanceof RegExp) return typeof actual === "string" && matches(wanted, actual);
  if (wanted === null || actual === null || actual === undefined) return (actual ?? null) === wanted;
  if (NUMBERS.has(key)) return canonical(actual) === canonical(wanted) && canonical(wanted) !== undefined;
  if (WORDS.has(key)) return String(actual).toUpperCase() === String(wanted).toUpperCase();
  return actual === wanted;
}

function orderLine(order, place) {
  const price = order.price === null || order.price === undefined ? "" : ` at ${order.price}`;
  const average = Number(order.filledQuantity) > 0 ? `, ${order.filledQuantity} filled at ${order.averagePrice}` : "";
  const reason = order.reason ? ` (${order.reason})` : "";
  return `  [${place}] ${order.side} ${order.type} ${order.quantity} ${order.symbol}${price}: ${order.state}${average}${reason}`;
}

/** All orders, in the order they were sent; keys left out match anything; numbers compare as decimals. */
export function matchOrders(given, expected) {
  const { orders } = resultOf(given, "toMatchOrders", "orders");
  if (!Array.isArray(expected)) throw new TypeError("toMatchOrders takes a list of orders");
  const differences = [];
  expected.forEach((wanted, place) => {
    for (const key of Object.keys(wanted)) {
      if (!ORDER_KEYS.includes(key)) throw new TypeError(`an order has no \`${key}\`: it has ${ORDER_KEYS.join(", ")}`);
      const actual = orders[place]?.[key];
      if (orders[place] && !fits(key, actual, wanted[key])) {
        differences.push(`  [${place}].${key}: expected ${shown(wanted[key])}, got ${shown(actual ?? null)}`);
      }
    }
  });
  if (orders.length !== expected.length) differences.push(`  expected ${expected.length} orders, got ${orders.length}`);
  const list = orders.length > 0 ? orders.slice(0, 20).map(orderLine).join("\n") : "  none";
  const more = orders.length > 20 ? `\n  and ${orders.length - 20} more` : "";
  // Only what was asked for, so that a difference of two lists shows nothing else.
  const asked = orders.map((order, place) => Object.fromEntries(Object.keys(expected[place] ?? order).map((key) => [key, order[key] ?? null])));
  return {
    pass: differences.length === 0,
    message: (not) => (not ? "the orders are as they should not be" : `the orders differ:\n${differences.join("\n")}`) + `\nsent:\n${list}${more}`,
    actual: asked,
    expected,
  };
}

/** The limits by handler. One number is for every handler but `create`, as `fuelBelow` of a scenario has it. */
function limitsOf(limit, fuel) {
  const isFuel = (most) => typeof most === "number" && most >= 0;
  const handlers = Object.keys(fuel).filter((handler) => handler !== "create");
  if (isFuel(limit)) return Object.fromEntries(handlers.map((handler) => [handler, limit]));
  const given = typeof limit === "object" && limit !== null ? Object.values(limit) : [];
  if (given.length > 0 && given.every(isFuel)) return limit;
  throw new TypeError(`toUseFuelBelow takes a number, or numbers by handler such as { onTrade: 20_000 }, not ${shown(limit)}`);
}

/** The most expensive call stays below the limit: of every handler but `create`, or of those that are named. */
export function useFuelBelow(given, limit) {
  const { fuel } = resultOf(given, "toUseFuelBelow", "fuel");
  const limits = limitsOf(limit, fuel);
  const above = [];
  for (const [handler, most] of Object.entries(limits)) {
    if (!fuel[handler]) throw new TypeError(`${handler} was never called: there is fuel of ${Object.keys(fuel).join(", ") || "nothing"}`);
    if (!(fuel[handler].max < most)) above.push(`  ${handler}: ${grouped(fuel[handler].max)} fuel in one call, not below ${grouped(most)}`);
  }
  const table = Object.entries(fuel).map(([handler, { count, max, median }]) =>
    `  ${handler}: max ${grouped(max)}, median ${grouped(median)}, ${grouped(count)} calls`);
  return {
    pass: above.length === 0,
    message: (not) => `${not ? "no call used as much fuel as it should" : `too much fuel:\n${above.join("\n")}`}\nused:\n${table.join("\n")}`,
    actual: Object.fromEntries(Object.keys(limits).map((handler) => [handler, fuel[handler].max])),
    expected: limits,
  };
}

function bytesOf(limit) {
  if (typeof limit === "number") return limit;
  const [, figure, unit] = /^\s*([\d.]+)\s*([KMG]?i?B)\s*$/.exec(String(limit)) ?? [];
  if (!UNITS[unit]) throw new TypeError(`${shown(limit)} is no size: write bytes, or text such as "4MiB"`);
  return Number(figure) * UNITS[unit];
}

/** All memories and tables together never took more than this. */
export function stayWithinMemory(given, limit) {
  const { peakMemoryBytes } = resultOf(given, "toStayWithinMemory", "peakMemoryBytes");
  const most = bytesOf(limit);
  const mebibytes = (bytes) => `${(bytes / UNITS.MiB).toFixed(2)} MiB`;
  return {
    pass: peakMemoryBytes <= most,
    message: (not) => `the strategy took ${mebibytes(peakMemoryBytes)} of memory, ${not ? "not more than" : "more than"} ${mebibytes(most)}`,
    actual: peakMemoryBytes,
    expected: most,
  };
}

/** Some line of the log contains the text, or matches the expression. */
export function haveLogged(given, wanted) {
  const { log } = resultOf(given, "toLog", "log");
  if (typeof wanted !== "string" && !(wanted instanceof RegExp)) throw new TypeError("toLog takes text or a regular expression");
  const said = log.filter(({ text }) => (typeof wanted === "string" ? text.includes(wanted) : matches(wanted, text)));
  const lines = log.slice(-20).map(({ level, text }) => `  ${level} ${text}`).join("\n") || "  nothing";
  return {
    pass: said.length > 0,
    message: (not) => (not ? `the log has ${shown(wanted)}:\n  ${said[0]?.text}` : `no line of the log has ${shown(wanted)}; it says:\n${lines}`),
    actual: log.map(({ text }) => text),
    expected: wanted,
  };
}
