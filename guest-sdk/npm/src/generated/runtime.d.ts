// Written by `cargo xtask bless` from wit/ and xtask/src/sdk/table.txt; a test fails when it is stale.
import type { Decimal, DecimalInput, Duration, Json, Name, SideInput } from "../values.js";
import type { ErrorCode } from "./codes.js";
import type { OrderType, Side } from "./events.js";

/**
 * How long an order stays in the book: until cancelled (`GTC`), fill what is there and cancel the rest (`IOC`), fill
 * all at once or nothing (`FOK`), or rest without taking liquidity or be rejected (`POST_ONLY`).
 */
export type TimeInForce = "GTC" | "IOC" | "FOK" | "POST_ONLY";

/** The last argument of `submitOrder` and `submitMarketOrder`. Any other name in it is a `TypeError`. */
export interface OrderOptions {
  /** The first symbol of the provider in the instance's scope when absent. */
  readonly symbol?: string | null | undefined;
  /** `IOC` for market orders and `GTC` for limit orders when absent. */
  readonly timeInForce?: TimeInForce | null | undefined;
  /** `[A-Za-z0-9._-]{1,64}`, never used before by this account; made by the host when absent. */
  readonly clientOrderId?: string | null | undefined;
}

/** One of the instance's orders that are not final. */
export interface OpenOrder {
  readonly clientOrderId: string;
  readonly provider: string;
  readonly symbol: string;
  readonly side: Side;
  readonly orderType: OrderType;
  readonly quantity: Decimal;
  readonly filledQuantity: Decimal;
  /** `PENDING` until the venue answered, then `ACK` or `PARTIAL`. */
  readonly state: "PENDING" | "ACK" | "PARTIAL";
  /** The limit price; null for a market order. */
  readonly price: Decimal | null;
}

/** The instance's own position. */
export interface Position {
  /** Signed: negative is short. The sum of the instance's fills. */
  readonly quantity: Decimal;
  /** Of the open quantity; `0` when flat. */
  readonly averagePrice: Decimal;
  /** In quote currency, fees not subtracted. */
  readonly realisedProfit: Decimal;
}

/** What the account has of a currency. */
export interface AccountBalance {
  readonly total: Decimal;
  readonly available: Decimal;
}

/** What the functions that send and cancel orders throw. Nothing was sent then. */
export interface OrderError extends Error {
  readonly code: ErrorCode;
  readonly message: string;
}

/** A market as this instance has seen it. */
export interface MarketState {
  /** 0 while it is not known. */
  readonly last: number;
  /** 0 while it is not known. */
  readonly bid: number;
  /** 0 while it is not known. */
  readonly ask: number;
  /** `ask - bid`; 0 while one of them is not known. */
  readonly spread: number;
  /** The spread in percent of the bid. */
  readonly spreadPct: number;
  /** The provider is not heard at present: the prices are the last that were known. */
  readonly stale: boolean;
}

/** How loud a line of the log is. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/**
 * `env.runtime`: the market, orders, positions. It answers from the events that were delivered to this instance.
 * Provider and symbol mean the instance's first where they are left out; only `openOrders` means all then. The
 * functions need no `this`.
 */
export interface Runtime {
  /**
   * Whether orders can be sent: the host trades, one of the instance's providers runs and is connected, the instance
   * runs, and no kill switch is engaged. False in `create` and `onStop`. Cost: 500 fuel.
   */
  readonly isTradingActive: () => boolean;

  /**
   * Whether orders are only logged: the config field `dry_run`, true unless it is the boolean false. Cost: 500 fuel.
   */
  readonly isDryRun: () => boolean;

  /** The names of the instance's providers, sorted. Cost: 500 fuel and 10 per byte. */
  readonly providers: () => string[];

  /**
   * The provider at place `seed mod n` of the sorted names. Sign and fraction of the seed do not count; what is no
   * number means the time. Throws `unknown_provider` when the instance has none. To trade where an event happened,
   * `evt.provider` is what you want. Cost: 500 fuel.
   */
  readonly selectProvider: (seed?: number | string | null) => string;

  /** The newest price among the delivered trades and tickers; 0 while it is not known. Cost: 500 fuel. */
  readonly getLastPrice: (provider?: Name, symbol?: Name) => number;

  /** The newest best bid among the delivered tickers and books; 0 while it is not known. Cost: 500 fuel. */
  readonly getBidPrice: (provider?: Name, symbol?: Name) => number;

  /** The newest best ask among the delivered tickers and books; 0 while it is not known. Cost: 500 fuel. */
  readonly getAskPrice: (provider?: Name, symbol?: Name) => number;

  /** Last price, bid, ask and spread at once, and whether they are stale. Cost: 500 fuel. */
  readonly getMarketState: (provider?: Name, symbol?: Name) => MarketState;

  /**
   * Sends a market order and returns its client order id. Once it returns, the risk check has approved the order and
   * it is on its way: what becomes of it arrives as reports. When it throws, nothing was sent, and `error.code` says
   * why. At most `limits.ordersPerEvent` (32) orders and cancels per event, then `too_many_orders`. In a dry run the
   * order is logged and an id comes back, but nothing is sent. Cost: 20,000 fuel.
   */
  readonly submitMarketOrder: (provider: Name, side: SideInput, quantity: DecimalInput, options?: OrderOptions | null) => string;

  /** The same for a limit order. The price must lie on the instrument's tick. Cost: 20,000 fuel. */
  readonly submitOrder: (provider: Name, side: SideInput, quantity: DecimalInput, price: DecimalInput, options?: OrderOptions | null) => string;

  /**
   * Asks the venue to cancel one of the instance's open orders; the outcome arrives as a report. Throws
   * `unknown_order` for any other id. Counts against `limits.ordersPerEvent`. Cost: 10,000 fuel, and counts as an
   * order against `limits.ordersPerEvent`.
   */
  readonly cancelOrder: (clientOrderId: string) => void;

  /**
   * The instance's orders that are not final, oldest first: of all its providers and symbols, or of those named.
   * Cost: 500 fuel and 1,000 per order.
   */
  readonly openOrders: (provider?: Name, symbol?: Name) => OpenOrder[];

  /** The instance's own position: the sum of its fills. Cost: 500 fuel. */
  readonly position: (provider?: Name, symbol?: Name) => Position;

  /** The account's balance of a currency at a provider; zero when it has none. Cost: 500 fuel. */
  readonly balance: (provider: Name, currency: string) => AccountBalance;
}

/** `env.helpers`: logging, waiting, remembering. The functions need no `this`. */
export interface Helpers {
  /**
   * Writes one line at level `info`: text as it is, everything else as JSON, joined by spaces. Never throws. At most
   * 8 KiB of a line, `limits.logLinesPerEvent` (100) lines per event and `limits.logBytesPerSecond` (64 KiB) are
   * kept; what is above is dropped and counted. `console.debug`, `info`, `warn` and `error` do the same at the level
   * of their name. Cost: 2,000 fuel and 10 per byte.
   */
  readonly log: (...values: unknown[]) => void;

  /**
   * Waits; events that arrive meanwhile queue up. A number of milliseconds, or text such as `"1m30s"`; anything else
   * returns at once. Longer than `limits.sleepMaxMs` (60 s) is cut to that, with a warning; at most 1,000 sleeps per
   * event. For anything longer than a moment set a timer instead. In `create` it returns at once. Cost: 2,000 fuel.
   */
  readonly sleep: (duration: Duration) => void;

  /**
   * Replaces the one value of the instance that survives restarts of the guest and the host, and a move to another
   * revision. At most 64 KiB of JSON; throws `save_failed` when it is larger, and a `TypeError` when it has no JSON:
   * the old one then stays. Durable some milliseconds after the handler has returned. Cost: 5,000 fuel and 10 per
   * byte.
   */
  readonly save: (value: unknown) => void;

  /** The value saved last; null when there is none. Cost: 500 fuel and 10 per byte. */
  readonly load: <T = Json>() => T | null;
}
