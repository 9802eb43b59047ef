// The steps of a stub, and what they may say. A scenario leaves this check to the program; here nobody else would make it.
import { contract } from "../generated/contract.js";
import { known } from "../options.js";

/** The event that tells of a step. */
export const EVENTS = {
  trade: "Trade",
  ticker: "Ticker",
  book: "BookSnapshot",
  kline: "KlineSummary",
  instrument: "InstrumentUpdate",
  balance: "BalanceUpdate",
  risk: "RiskControl",
  extension: "Extension",
};

const PLACE = ["provider", "symbol"];

/** Of each step: the keys that it needs, and those that it may have besides. */
const KEYS = {
  trade: [["price"], ["quantity", "side", "tradeId", ...PLACE]],
  // A strategy sees no quantities of a ticker: they are here because scenarios have them.
  ticker: [[], ["bid", "ask", "last", "volume", "bidQuantity", "askQuantity", ...PLACE]],
  book: [[], ["bids", "asks", ...PLACE]],
  kline: [["open", "high", "low", "close"], ["volume", "interval", ...PLACE]],
  instrument: [[], ["provider", ...contract.shapes.Instrument]],
  balance: [["currency", "total"], ["available", "provider"]],
  risk: [[], ["status", "reason", "breachType", "metrics", "killSwitchEngaged", "circuitBreakerOpen", ...PLACE]],
  extension: [[], []],
  acknowledge: [[], ["order"]],
  fill: [[], ["order", "price", "quantity", "fee", "feeAsset"]],
  reject: [[], ["order", "reason"]],
  cancelled: [[], ["order", "reason"]],
  expire: [[], ["order", "reason"]],
};

/** Gives the step back when it says what it must, and nothing else. */
export function checked(step, given) {
  const [needed, optional] = KEYS[step];
  return known(step, given, [...needed, ...optional], needed);
}
