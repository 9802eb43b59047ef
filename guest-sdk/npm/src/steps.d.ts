// What happens in a scenario, step by step: as the methods of `Scenario` take it, and as the document has it.
import type { Expectations } from "./test.js";
import type { DecimalInput, Duration, Json } from "./values.js";

/** Which market: the scenario's first where it is left out. */
export interface Place {
  readonly provider?: string;
  readonly symbol?: string;
}

export interface StepOptions {
  /**
   * How much time passes before the step happens. Left out, `"1ms"` before what the market does, and none before everything else: an
   * order is answered at once.
   */
  readonly after?: Duration;
}

export interface TradesOptions extends StepOptions {
  /** How much time passes before each of the trades: `"1ms"` when it is left out. `after` is that before the first. */
  readonly every?: Duration;
}

export interface TradeStep extends Place {
  readonly price: DecimalInput;
  /** Default: 1. */
  readonly quantity?: DecimalInput;
  /** The aggressor's. Default: `"buy"`. */
  readonly side?: "buy" | "sell" | "Buy" | "Sell" | "BUY" | "SELL";
}

export interface TickerStep extends Place {
  readonly bid: DecimalInput;
  readonly ask: DecimalInput;
  readonly last?: DecimalInput;
  /** Default: 1. */
  readonly bidQuantity?: DecimalInput;
  /** Default: 1. */
  readonly askQuantity?: DecimalInput;
}

/** Price and quantity. */
export type LevelInput = readonly [price: DecimalInput, quantity: DecimalInput] | { readonly price: DecimalInput; readonly quantity: DecimalInput };

/** Best first. */
export interface BookStep extends Place {
  readonly bids?: readonly LevelInput[];
  readonly asks?: readonly LevelInput[];
}

export interface KlineStep extends Place {
  readonly open: DecimalInput;
  readonly high: DecimalInput;
  readonly low: DecimalInput;
  readonly close: DecimalInput;
  readonly volume?: DecimalInput;
  /** The bar ends now. Default: a minute. */
  readonly interval?: Duration;
}

export interface BalanceStep {
  readonly provider?: string;
  readonly currency: string;
  readonly total: DecimalInput;
  /** Default: the total. */
  readonly available?: DecimalInput;
}

export interface RiskStep extends Place {
  readonly status: "TRIGGERED" | "CLEARED";
  readonly reason?: string;
  /** One of the host's words, such as `"PRICE_BAND"` or `"DAILY_LOSS"`. Default: `"RATE_LIMIT"`. */
  readonly breachType?: string;
  readonly killSwitchEngaged?: boolean;
  readonly circuitBreakerOpen?: boolean;
}

/**
 * `"last"` (the default), a number in the order in which orders reached a venue (0 is the first; one that the risk check denied has
 * none), or a client order id.
 */
export type OrderRef = "last" | number | (string & {});

export interface OrderStep {
  readonly order?: OrderRef;
}

export interface FillStep extends OrderStep {
  /** Default: the limit price, or the last trade. */
  readonly price?: DecimalInput;
  /** Default: all that is left. */
  readonly quantity?: DecimalInput;
  readonly fee?: DecimalInput;
  readonly feeAsset?: string;
}

export interface EndStep extends OrderStep {
  readonly reason?: string;
}

/** Nothing to say: `{}`. */
type Nothing = Readonly<Record<string, never>>;

/** The keys of a step in the document. */
interface Things {
  readonly trade: DecimalInput | TradeStep;
  readonly trades: readonly (DecimalInput | TradeStep)[];
  readonly ticker: TickerStep;
  readonly book: Place & {
    readonly bids?: readonly (readonly [price: DecimalInput, quantity: DecimalInput])[];
    readonly asks?: readonly (readonly [price: DecimalInput, quantity: DecimalInput])[];
  };
  readonly kline: KlineStep;
  readonly balance: BalanceStep;
  readonly risk: RiskStep;
  readonly extension: Json;
  readonly advance: Duration;
  readonly acknowledge: OrderStep;
  readonly fill: FillStep;
  readonly reject: EndStep;
  readonly cancelled: EndStep;
  readonly expire: EndStep;
  readonly disconnect: { readonly provider?: string };
  readonly reconnect: { readonly provider?: string };
  readonly restart: Nothing;
  readonly stop: Nothing;
  readonly expect: Expectations;
}

/** One step, as the document has it: one thing, and when. Milliseconds are whole there. */
export type Step = {
  readonly [Thing in keyof Things]: Pick<Things, Thing> & (Thing extends "trades" ? TradesOptions : StepOptions & { readonly every?: never });
}[keyof Things];
