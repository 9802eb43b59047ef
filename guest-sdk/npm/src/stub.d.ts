import type { DenialCode } from "./generated/codes.js";
import type { Instrument } from "./generated/events.js";
import type { Position } from "./generated/runtime.js";
import type { AnyStrategy } from "./index.js";
import type {
  BalanceStep, BookStep, EndStep, FillStep, KlineStep, OrderRef, OrderStep, Place, RiskStep, StepOptions, TickerStep, TradesOptions, TradeStep,
} from "./steps.js";
import type { ResultLine, ResultOrder } from "./test.js";
import type { Decimal, DecimalInput, Duration, Json, Timestamp } from "./values.js";

/** Besides what a scenario has. */
export interface StubTradeStep extends TradeStep {
  readonly tradeId?: string;
}

/** Any part of a ticker. A strategy sees no quantities of it. */
export interface StubTickerStep extends Partial<TickerStep> {
  /** Of the last day. */
  readonly volume?: DecimalInput;
}

/** `TRIGGERED` unless it says otherwise. */
export interface StubRiskStep extends Partial<RiskStep> {
  readonly metrics?: Readonly<Record<string, string>>;
}

export interface StubOptions {
  /** Fields of the configuration, checked against those that the metadata declares. `dry_run` is false unless it says otherwise. */
  readonly config?: Readonly<Record<string, Json>>;
  /** Providers and the symbols that the instance follows there. Default: `{ paper: ["BTC-USDT"] }`. */
  readonly markets?: Readonly<Record<string, readonly string[]>>;
  /** The id of the instance: `stub` by default. */
  readonly instance?: string;
  /** The clock before the first step: 8 August 2024 by default. */
  readonly start?: string;
  /** Seeds `Math.random`. The numbers are not those of the engine. */
  readonly seed?: number;
  /** What an earlier life of the instance has saved. */
  readonly saved?: Json;
}

/** An order as the stub has it. */
export interface StubOrder extends ResultOrder {
  readonly provider: string;
  /** The strategy has asked for it to be cancelled. */
  readonly isCancelAsked?: true;
}

export interface StubFill {
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly side: "Buy" | "Sell";
  readonly price: Decimal;
  readonly quantity: Decimal;
  readonly fee: Decimal;
  readonly feeAsset: string;
}

/**
 * A strategy that runs in plain Node. Each method does one thing at once and gives the stub back; what a handler throws goes through to
 * the test. The names are those of `Scenario`, so that a test can be moved from one to the other. What the venue does comes 1 ms after the
 * step before it, too, unless `after` says otherwise.
 */
export interface Stub {
  /** All orders that were sent, in their order. */
  readonly orders: readonly StubOrder[];
  readonly fills: readonly StubFill[];
  readonly log: readonly ResultLine[];
  /** What `helpers.save` stored last; null when nothing. */
  readonly saved: Json;
  readonly now: Timestamp;
  position(provider?: string, symbol?: string): Position;

  trade(trade: DecimalInput | StubTradeStep, options?: StepOptions): Stub;
  trades(trades: readonly (DecimalInput | StubTradeStep)[], options?: TradesOptions): Stub;
  ticker(ticker: StubTickerStep, options?: StepOptions): Stub;
  book(book: BookStep, options?: StepOptions): Stub;
  kline(kline: KlineStep, options?: StepOptions): Stub;
  instrument(instrument: Place & Partial<Instrument>, options?: StepOptions): Stub;
  balance(balance: BalanceStep, options?: StepOptions): Stub;
  risk(risk: StubRiskStep, options?: StepOptions): Stub;
  extension(value: Json, options?: StepOptions): Stub;
  /** Time passes: timers fire. */
  advance(duration: Duration, options?: StepOptions): Stub;

  acknowledge(order?: OrderRef | OrderStep, options?: StepOptions): Stub;
  fill(fill?: FillStep | OrderRef, options?: StepOptions): Stub;
  reject(reject?: string | EndStep, options?: StepOptions): Stub;
  cancelled(order?: OrderRef | EndStep, options?: StepOptions): Stub;
  expire(order?: OrderRef | EndStep, options?: StepOptions): Stub;
  /**
   * The next order is refused with this code, as by the risk check: the call throws, and `onOrderRejected` hears of it once the handler
   * or timer is done.
   */
  deny(code: DenialCode, message?: string): Stub;

  disconnect(provider?: string, options?: StepOptions): Stub;
  reconnect(provider?: string, options?: StepOptions): Stub;
  /** `create` is called again: what was saved remains. The top level of the module is not evaluated again. */
  restart(options?: StepOptions): Stub;
  /** `onStop`. Nothing is delivered any more. */
  stop(options?: StepOptions): Stub;

  /** Lets promises go on that wait for nothing else, with the strategy's own clock in place. */
  settle(): Promise<Stub>;
}

/**
 * Starts a strategy in plain Node, with a made-up host: for tests of its logic alone, in a millisecond.
 *
 * It does **not** check fuel, memory, limits of helpers, the risk check, ticks and steps of the instrument, or that the source is one that
 * the sandbox can run. `Date`, timers, `Math.random` and `console` are the strategy's own only while its code runs: code after an `await`
 * continues with those of Node, unless the test awaits `settle()`.
 */
export declare function stub(strategy: AnyStrategy | { readonly default: AnyStrategy }, options?: StubOptions): Stub;
