// What authors may write for a side, a quantity, a price, a duration: as the engine reads it, with the errors that it throws.
import { fromNumber, isDecimal } from "../decimal.js";

const NANOSECONDS = { ns: 1, us: 1e3, "µs": 1e3, "μs": 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3_600e9 };

/** An error with a code, as the functions of the runtime throw it. */
export function coded(code, message) {
  return Object.assign(new Error(message), { code });
}

/** `undefined`, `null` and blank text mean "the default"; other text is trimmed. */
export function nameOf(value) {
  const text = value === undefined || value === null ? "" : String(value).trim();
  return text === "" ? undefined : text;
}

export function sideOf(value) {
  if (typeof value === "number") return value >= 0 ? "Buy" : "Sell";
  const word = typeof value === "string" ? value.trim().toLowerCase() : "";
  if (["buy", "long", "bid"].includes(word)) return "Buy";
  if (["sell", "short", "ask"].includes(word)) return "Sell";
  throw coded("invalid_side", `invalid trade side ${JSON.stringify(value) ?? String(value)}`);
}

/** The text of a quantity or a price that is one. */
export function decimalOf(value, what) {
  const isText = typeof value === "string" || typeof value === "bigint";
  const text = typeof value === "number" ? fromNumber(value) : isText ? String(value).trim() : "";
  if (!isDecimal(text)) throw coded(`invalid_${what}`, `${what} ${JSON.stringify(String(value))} is no decimal`);
  return text;
}

export function timeInForceOf(value) {
  if (value === undefined || value === null) return undefined;
  const word = String(value).trim().toUpperCase();
  if (["GTC", "IOC", "FOK"].includes(word)) return word;
  if (["POST", "POST_ONLY", "PO"].includes(word)) return "POST_ONLY";
  throw coded("invalid_time_in_force", `invalid timeInForce ${JSON.stringify(value)}: use GTC, IOC, FOK or POST_ONLY`);
}

/** The options of an order; a misspelt one is an error instead of an order that differs from what was meant. */
export function optionsOf(value, name) {
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) {
    throw new TypeError(`${name}: options must be an object, not ${Array.isArray(value) ? "array" : typeof value}`);
  }
  for (const key of Object.keys(value)) {
    if (!["symbol", "timeInForce", "clientOrderId"].includes(key)) {
      throw new TypeError(`${name}: unknown option "${key}", allowed are symbol, timeInForce and clientOrderId`);
    }
  }
  const id = nameOf(value.clientOrderId);
  if (id !== undefined && !/^[A-Za-z0-9._-]{1,64}$/.test(id)) {
    throw coded("invalid_client_order_id", `client order id ${JSON.stringify(id)} is not 1 to 64 of A-Z a-z 0-9 . _ -`);
  }
  return { symbol: nameOf(value.symbol), timeInForce: timeInForceOf(value.timeInForce), clientOrderId: id };
}

/** Nanoseconds: of a number of milliseconds, or of text such as `1h30m`. Undefined for what is neither, or negative. */
export function durationOf(value) {
  if (typeof value === "number") return value > 0 ? BigInt(Math.trunc(value * 1e6)) : value === 0 ? 0n : undefined;
  if (typeof value !== "string") return undefined;
  const text = value.trim().replace(/^\+/, "");
  const parts = [...text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)];
  if (text === "" || parts.map(([part]) => part).join("") !== text) return undefined;
  return BigInt(Math.trunc(parts.reduce((sum, [, figure, unit]) => sum + Number(figure) * NANOSECONDS[unit], 0)));
}

/** A value as the log writes it: text as it is, errors with their name, everything else as JSON. */
export function logged(value) {
  if (typeof value === "string") return value;
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (typeof value === "function") return `[function ${value.name}]`;
  if (typeof value === "symbol") return String(value);
  if (typeof value !== "object" || value === null) return String(value);
  try {
    const json = JSON.stringify(value) ?? "undefined";
    return json.startsWith('"') ? JSON.parse(json) : json;
  } catch {
    return "[object Object]";
  }
}
