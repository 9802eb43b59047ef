import type { FaultCode } from "./generated/codes.js";
import type { OrderType, Side } from "./generated/events.js";
import type { Limits } from "./generated/limits.js";
import type { LogLevel, TimeInForce } from "./generated/runtime.js";
import type {
  BalanceStep, BookStep, EndStep, FillStep, KlineStep, OrderRef, OrderStep, RiskStep, Step, StepOptions, TickerStep, TradesOptions, TradeStep,
} from "./steps.js";
import type { Decimal, DecimalInput, Duration, Json, Timestamp } from "./values.js";

export type * from "./steps.js";

/** One word in any case: `"Buy"`, `"BUY"`, `"buy"`. */
type AnyCase<Word extends string> = Word | Uppercase<Word> | Lowercase<Word>;

/** An order as it should be: keys that are left out match anything. */
export interface ExpectedOrder {
  readonly clientOrderId?: string | RegExp;
  readonly symbol?: string | RegExp;
  readonly side?: AnyCase<Side>;
  readonly type?: AnyCase<OrderType>;
  readonly timeInForce?: TimeInForce;
  readonly quantity?: DecimalInput;
  /** Null for a market order. */
  readonly price?: DecimalInput | null;
  readonly state?: OrderState;
  readonly filledQuantity?: DecimalInput;
  readonly averagePrice?: DecimalInput;
  readonly reason?: string | RegExp | null;
  readonly placedAt?: Timestamp | RegExp;
}

/** The most that one call may use, by handler. `create` and `timer`, which is what `setTimeout` and `setInterval` call, are among them. */
export type FuelLimits = Readonly<Record<string, number>>;

/** What a scenario expects at one point, or at its end. Exceptions and faults are failures unless it names them. */
export interface Expectations {
  /** All orders so far, in the order they were sent. */
  readonly orders?: readonly { readonly [Key in keyof ExpectedOrder]: Exclude<ExpectedOrder[Key], RegExp | bigint> }[];
  readonly orderCount?: number;
  readonly fillCount?: number;
  /** By symbol; negative when short. */
  readonly position?: Readonly<Record<string, Decimal | number>>;
  /** A number is for every handler but `create`. */
  readonly fuelBelow?: number | FuelLimits;
  /** Bytes, or text such as `"4MiB"`. */
  readonly memoryBelow?: number | string;
  readonly log?: readonly (string | { readonly matches: string })[];
  readonly noLog?: readonly (string | { readonly matches: string })[];
  readonly exceptions?: number;
  readonly faults?: number;
  /** What `helpers.save` stored last. */
  readonly saved?: Json;
}

/** The paper venue of a scenario, and its account. */
export interface ProviderSettings {
  readonly symbols?: readonly string[];
  readonly latencyMs?: number;
  readonly makerFeeBps?: number;
  readonly takerFeeBps?: number;
  readonly slippageBps?: number;
  /** Whether an order rests behind all others at its price, or before them: `"back"` by default. */
  readonly queue?: "back" | "front";
  readonly balances?: Readonly<Record<string, DecimalInput>>;
  readonly priceIncrement?: DecimalInput;
  readonly quantityIncrement?: DecimalInput;
}

/** What `sandpit test` runs: one document of a `*.scenario.json`. */
export interface ScenarioDocument {
  readonly name?: string;
  readonly strategy?: string;
  readonly config?: Readonly<Record<string, Json>>;
  readonly limits?: Limits;
  readonly seed?: number;
  readonly instance?: string;
  readonly start?: string;
  readonly venue?: "manual" | "paper";
  readonly providers?: Readonly<Record<string, ProviderSettings>>;
  /** What goes wrong at paper venues: see `Scenario.chaos`. */
  readonly chaos?: string;
  readonly tape?: string | readonly string[];
  readonly steps?: readonly Step[];
  readonly expect?: Expectations;
}

/** Where an order stands. `DENIED`: by the host's risk check; no venue saw it. */
export type OrderState =
  | "PENDING" | "ACK" | "PARTIAL" | "FILLED" | "CANCELLED" | "REJECTED" | "EXPIRED" | "DENIED" | "UNKNOWN";

export interface ResultOrder {
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  readonly quantity: Decimal;
  readonly price: Decimal | null;
  readonly state: OrderState;
  readonly filledQuantity: Decimal;
  readonly averagePrice: Decimal;
  readonly reason: string | null;
  readonly placedAt: Timestamp;
}

export interface ResultFill {
  readonly clientOrderId: string;
  readonly executionId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly price: Decimal;
  readonly quantity: Decimal;
  readonly fee: Decimal;
  readonly feeAsset: string;
  readonly liquidity: string;
  readonly tradedAt: Timestamp;
}

export interface ResultLine {
  readonly time: Timestamp;
  readonly level: LogLevel;
  readonly text: string;
}

/** Fuel of the calls of one handler. The same on every machine. */
export interface HandlerFuel {
  readonly count: number;
  readonly last: number;
  readonly max: number;
  readonly total: number;
  readonly median: number;
}

/** An uncaught exception. The position is the author's. */
export interface ResultException {
  readonly message: string;
  /** What threw. Of a timer it is what set it, `setTimeout` or `setInterval`; its fuel is under `timer`. */
  readonly handler: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
  readonly stack: string;
}

export interface ResultFault {
  readonly time: Timestamp;
  readonly code: FaultCode;
  readonly message: string;
  readonly handler: string;
}

/** Why a source is no strategy. The position is the author's. */
export interface ResultDiagnostic {
  readonly stage: "compile" | "execute" | "validation";
  readonly message: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly excerpt?: string;
  readonly hint?: string;
}

/** Something that was expected and is not so. */
export interface ResultFailure {
  /** Where in the document: `steps[4].expect.orders[0].side`. */
  readonly at: string;
  readonly message: string;
  readonly expected?: Json;
  readonly actual?: Json;
}

/** What a scenario did. */
export interface ScenarioResult {
  readonly name: string;
  readonly ok: boolean;
  readonly failures: readonly ResultFailure[];
  /** When `create` threw, the name is that of its file, the hashes are `""`, and the configuration is what the scenario says. */
  readonly strategy: {
    readonly name: string;
    readonly tag: string | null;
    readonly hash: string;
    readonly engineHash: string;
    readonly config: Readonly<Record<string, Json>>;
  };
  readonly orders: readonly ResultOrder[];
  readonly fills: readonly ResultFill[];
  readonly log: readonly ResultLine[];
  /** By handler; `create` and `timer` are among them. */
  readonly fuel: Readonly<Record<string, HandlerFuel>>;
  /** Every call, in order; the first 10,000. */
  readonly calls: readonly { readonly handler: string; readonly fuel: number; readonly time: Timestamp }[];
  readonly peakMemoryBytes: number;
  readonly exceptions: readonly ResultException[];
  readonly exceptionCount: number;
  readonly faults: readonly ResultFault[];
  /** By symbol. */
  readonly positions: Readonly<Record<string, Decimal>>;
  /** What `helpers.save` stored last. */
  readonly saved: Json;
}

export interface RunOptions {
  /**
   * Reject when the strategy throws, faults, or does not do what the scenario expects. Default: true. With `false` all of that is in
   * the result; when `create` threw, the rest of it is empty.
   */
  readonly check?: boolean;
  /** What relative paths are relative to. Default: the working folder. */
  readonly cwd?: string;
  /** Milliseconds that the program may take. Default: 60,000. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
  /** The environment of the program, and where `SANDPIT_BIN` and `PATH` are looked up. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * One scenario: what the market, the venue and the host do, one step after the other, with a clock that only the steps move. It never
 * changes: each method gives a new one, so that tests can share a beginning.
 *
 * The venue is `manual` unless a tape is played: nothing happens to an order until a step says so.
 */
export declare class Scenario {
  private constructor();

  /** What messages call it. */
  named(name: string): Scenario;
  /** Fields of the configuration. `dry_run` is false unless it says otherwise. */
  config(fields: Readonly<Record<string, Json>>): Scenario;
  /** Limits of the instance that differ from the host's. */
  limits(limits: Limits): Scenario;
  /** Seeds `Math.random`. */
  seed(seed: number): Scenario;
  /** The id of the instance: `test` by default. */
  instance(id: string): Scenario;
  /** The clock before the first step: 8 August 2024 by default. */
  start(time: Date | string): Scenario;
  /** `manual`: the steps say what becomes of an order. `paper`: the paper venue, on the tape or the books of the steps. */
  venue(venue: "manual" | "paper"): Scenario;
  /** A provider that the instance follows: `paper` with `BTC-USDT` by default. */
  provider(name: string, settings?: ProviderSettings): Scenario;
  /** What goes wrong at paper venues, drawn from a seed: `"seed=7,rejectPpm=1000,outageEvery=60s,outageFor=5s"`. */
  chaos(chaos: string): Scenario;
  /** Built-in tapes, or the paths of tapes and CSV files. They are played whole, before the steps. */
  tape(...tapes: (string | URL)[]): Scenario;

  /** A trade: a price, or more about it. */
  trade(trade: DecimalInput | TradeStep, options?: StepOptions): Scenario;
  /** One trade after the other, each `every` after the one before. */
  trades(trades: readonly (DecimalInput | TradeStep)[], options?: TradesOptions): Scenario;
  ticker(ticker: TickerStep, options?: StepOptions): Scenario;
  book(book: BookStep, options?: StepOptions): Scenario;
  kline(kline: KlineStep, options?: StepOptions): Scenario;
  balance(balance: BalanceStep, options?: StepOptions): Scenario;
  risk(risk: RiskStep, options?: StepOptions): Scenario;
  extension(value: Json, options?: StepOptions): Scenario;
  /** Time passes: timers fire, orders arrive. Text, or a number of milliseconds. */
  advance(duration: Duration, options?: StepOptions): Scenario;

  /** The venue has taken an order. */
  acknowledge(order?: OrderRef | OrderStep, options?: StepOptions): Scenario;
  /** The venue fills an order, or a part of it; it acknowledges it first when it has not. */
  fill(fill?: FillStep | OrderRef, options?: StepOptions): Scenario;
  /** The venue rejects an order: a reason, or more about it. */
  reject(reject?: string | EndStep, options?: StepOptions): Scenario;
  /** The order, or what is left of it, is cancelled. */
  cancelled(order?: OrderRef | EndStep, options?: StepOptions): Scenario;
  /** The order has expired. */
  expire(order?: OrderRef | EndStep, options?: StepOptions): Scenario;

  /** The connection to a provider is lost. */
  disconnect(provider?: string, options?: StepOptions): Scenario;
  reconnect(provider?: string, options?: StepOptions): Scenario;
  /** The guest is thrown away and started again, as after a restart of the host: what was saved remains, variables do not. */
  restart(options?: StepOptions): Scenario;
  /** The instance stops: `onStop`. Implied at the end. */
  stop(options?: StepOptions): Scenario;

  /** What must hold at this point. */
  expect(expectations: Expectations, options?: StepOptions): Scenario;
  /** What must hold at the end. */
  finally(expectations: Expectations): Scenario;
  /** A step as the document has it. */
  step(step: Step): Scenario;

  /** The document, as `sandpit test` takes it. */
  toJSON(): ScenarioDocument;

  /** Runs it: see `run`. */
  run(options?: RunOptions): Promise<ScenarioResult>;
}

/**
 * Begins a scenario of a strategy: a path (relative to the working folder), a URL, or the name of a built-in strategy such as
 * `"momentum"`. TypeScript, ES modules and several files are bundled first.
 */
export declare function scenario(strategy: string | URL, document?: ScenarioDocument): Scenario;

/**
 * Runs the real component under the limits of production, through the program `sandpit`.
 *
 * Rejects with a `StrategyError` when the strategy does not compile, throws, faults, or does not do what the scenario expects, and with
 * a `SandpitError` when it cannot be tried.
 */
export declare function run(scenario: Scenario | (ScenarioDocument & { readonly strategy: string }), options?: RunOptions): Promise<ScenarioResult>;

/** The test could not be tried: no program, no such file, an answer that is none. */
export declare class SandpitError extends Error {
  readonly name: "SandpitError";
}

/** The strategy does not compile, threw, faulted, or did not do what the scenario expects. */
export declare class StrategyError extends Error {
  readonly name: "StrategyError";
  /** What the program answered; undefined when the strategy could not be bundled. */
  readonly result?: ScenarioResult;
  /** Where in the author's files, as far as it is known. */
  readonly positions?: readonly { readonly file?: string | null; readonly line?: number | null; readonly column?: number | null }[];
  readonly diagnostics?: readonly ResultDiagnostic[];
}

