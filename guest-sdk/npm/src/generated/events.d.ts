// Written by `cargo xtask bless` from wit/ and xtask/src/sdk/table.txt; a test fails when it is stale.
import type { Decimal, Json, Timestamp } from "../values.js";

/** Which way an order or a trade goes. */
export type Side = "Buy" | "Sell";

/** How an order is priced. */
export type OrderType = "Market" | "Limit";

/** Where an order stands after a report. */
export type ReportState = "ACK" | "PARTIAL" | "FILLED" | "CANCELLED" | "REJECTED" | "EXPIRED";

/** Somebody traded with somebody. */
export interface Trade {
  readonly tradeId: string;
  /** The aggressor's. */
  readonly side: Side;
  readonly price: Decimal;
  readonly quantity: Decimal;
  readonly timestamp: Timestamp;
}

/** The newest prices of a symbol. A figure that is not known is a zero-length string. */
export interface Ticker {
  readonly lastPrice: Decimal;
  readonly bidPrice: Decimal;
  readonly askPrice: Decimal;
  readonly volume24h: Decimal;
  readonly timestamp: Timestamp;
}

/** What stands in the book at one price. */
export interface BookLevel {
  readonly price: Decimal;
  readonly quantity: Decimal;
}

/** The top of the book. */
export interface BookSnapshot {
  /** Best first, at most `depth` of the provider (20 for a paper venue). */
  readonly bids: readonly BookLevel[];
  /** Best first, as many as of the bids. */
  readonly asks: readonly BookLevel[];
  readonly checksum: string;
  readonly lastUpdate: Timestamp;
  readonly firstUpdateId: number;
  readonly finalUpdateId: number;
}

/** A candle. */
export interface KlineSummary {
  readonly openPrice: Decimal;
  readonly closePrice: Decimal;
  readonly highPrice: Decimal;
  readonly lowPrice: Decimal;
  readonly volume: Decimal;
  readonly openTime: Timestamp;
  readonly closeTime: Timestamp;
}

/** What a venue says of a symbol. A figure that is absent is a zero-length string or null. */
export interface Instrument {
  readonly symbol: string;
  /** `spot`, `perp`, `futures` or `options`. */
  readonly type: "spot" | "perp" | "futures" | "options";
  readonly baseCurrency: string;
  readonly quoteCurrency: string;
  readonly venue: string;
  readonly expiry: string;
  readonly contractValue: Decimal | null;
  readonly contractCurrency: string;
  readonly strike: Decimal | null;
  readonly optionType: string;
  /** The tick: prices are multiples of it. */
  readonly priceIncrement: Decimal;
  /** The step: quantities are multiples of it. */
  readonly quantityIncrement: Decimal;
  readonly pricePrecision: number | null;
  readonly quantityPrecision: number | null;
  readonly notionalPrecision: number | null;
  readonly minNotional: Decimal;
  readonly minQuantity: Decimal;
  readonly maxQuantity: Decimal;
}

/** An instrument is new, or has changed. */
export interface InstrumentUpdate {
  /** What the venue says of the symbol now. */
  readonly instrument: Instrument;
}

/** The account has more or less of a currency. */
export interface BalanceUpdate {
  readonly currency: string;
  readonly total: Decimal;
  readonly available: Decimal;
  readonly timestamp: Timestamp;
}

/** What became of one of the instance's own orders. Never dropped, in the order of the venue. */
export interface ExecutionReport {
  readonly clientOrderId: string;
  readonly exchangeOrderId: string;
  readonly state: ReportState;
  readonly side: Side;
  readonly orderType: OrderType;
  /** The limit price; a zero-length string for a market order. */
  readonly price: Decimal;
  readonly quantity: Decimal;
  /** Of all fills so far. */
  readonly filledQuantity: Decimal;
  readonly remainingQty: Decimal;
  /** Of all fills so far. */
  readonly avgFillPrice: Decimal;
  /** Of this fill alone. */
  readonly commissionAmount: Decimal | null;
  readonly commissionAsset: string | null;
  readonly timestamp: Timestamp;
  /** `denied: <code>: <text>` when the host refused it, the venue's own words when the venue did. */
  readonly rejectReason: string | null;
  /** The symbol of the order. It may lie outside the scope of the instance. */
  readonly symbol: string;
}

/** A limit of the host was reached, or is no longer. */
export interface RiskControl {
  /** The id of the instance. */
  readonly strategyId: string;
  /** The provider that it concerns. */
  readonly provider: string;
  readonly symbol: string;
  /** With the breach type `PROVIDER_DISCONNECTED`: the connection was lost, or is back. */
  readonly status: "TRIGGERED" | "CLEARED";
  readonly reason: string;
  readonly breachType: string;
  /** Figures by name, as text. */
  readonly metrics: Readonly<Record<string, string>>;
  readonly killSwitchEngaged: boolean;
  readonly circuitBreakerOpen: boolean;
  readonly timestamp: Timestamp;
}

/** What all events have. */
export interface Envelope {
  /** `provider:SYMBOL:Type:seq`, the symbol without hyphens. */
  readonly eventId: string;
  /** Always 1. */
  readonly routingVersion: 1;
  /** Where it happened. */
  readonly provider: string;
  /** Where it happened: a zero-length string when it concerns no symbol. */
  readonly symbol: string;
  /** Counts from 1 per provider, symbol and type of event; a gap means that events were dropped. */
  readonly seqProvider: number;
  /** When the provider received it. */
  readonly ingestTs: Timestamp;
  /** When the venue says it happened: the time that `Date.now()` gives. */
  readonly emitTs: Timestamp;
}

/** The payload of each event. */
export interface EventPayloads {
  readonly Trade: Trade;
  readonly Ticker: Ticker;
  readonly BookSnapshot: BookSnapshot;
  readonly KlineSummary: KlineSummary;
  readonly InstrumentUpdate: InstrumentUpdate;
  readonly BalanceUpdate: BalanceUpdate;
  readonly ExecReport: ExecutionReport;
  readonly RiskControl: RiskControl;
  readonly Extension: Json;
}

/** The names of the events, as `metadata.events` spells them. */
export type EventName = keyof EventPayloads;

/** What a handler gets as its second argument. */
export type Event<Type extends EventName = EventName> = {
  [Known in Type]: Envelope & {
    readonly type: Known;
    /** The same object as the third argument. */
    readonly payload: EventPayloads[Known];
  };
}[Type];

/** The event that each handler gets. */
export interface HandlerEvents {
  readonly onTrade: "Trade";
  readonly onTicker: "Ticker";
  readonly onBookSnapshot: "BookSnapshot";
  readonly onKlineSummary: "KlineSummary";
  readonly onInstrumentUpdate: "InstrumentUpdate";
  readonly onBalanceUpdate: "BalanceUpdate";
  readonly onOrderAcknowledged: "ExecReport";
  readonly onOrderPartialFill: "ExecReport";
  readonly onOrderFilled: "ExecReport";
  readonly onOrderCancelled: "ExecReport";
  readonly onOrderExpired: "ExecReport";
  readonly onOrderRejected: "ExecReport";
  readonly onRiskControl: "RiskControl";
  readonly onExtensionEvent: "Extension";
}

/** The handlers that a strategy may have. One that is missing is never called. */
export interface AllHandlers {
  /** A trade. Not called when its price is no number. */
  readonly onTrade: (ctx: HandlerContext, evt: Event<"Trade">, payload: EventPayloads["Trade"], price: number) => unknown;
  readonly onTicker: (ctx: HandlerContext, evt: Event<"Ticker">, payload: EventPayloads["Ticker"]) => unknown;
  readonly onBookSnapshot: (ctx: HandlerContext, evt: Event<"BookSnapshot">, payload: EventPayloads["BookSnapshot"]) => unknown;
  readonly onKlineSummary: (ctx: HandlerContext, evt: Event<"KlineSummary">, payload: EventPayloads["KlineSummary"]) => unknown;
  readonly onInstrumentUpdate: (ctx: HandlerContext, evt: Event<"InstrumentUpdate">, payload: EventPayloads["InstrumentUpdate"]) => unknown;
  readonly onBalanceUpdate: (ctx: HandlerContext, evt: Event<"BalanceUpdate">, payload: EventPayloads["BalanceUpdate"]) => unknown;
  /** The venue has taken the order: state `ACK`. */
  readonly onOrderAcknowledged: (ctx: HandlerContext, evt: Event<"ExecReport">, payload: EventPayloads["ExecReport"]) => unknown;
  /** A part of the order was filled: state `PARTIAL`. */
  readonly onOrderPartialFill: (ctx: HandlerContext, evt: Event<"ExecReport">, payload: EventPayloads["ExecReport"]) => unknown;
  /** The order is filled whole. Final. */
  readonly onOrderFilled: (ctx: HandlerContext, evt: Event<"ExecReport">, payload: EventPayloads["ExecReport"]) => unknown;
  /** The order, or what was left of it, was cancelled. Final. */
  readonly onOrderCancelled: (ctx: HandlerContext, evt: Event<"ExecReport">, payload: EventPayloads["ExecReport"]) => unknown;
  /** The order ended by its time in force, or is unknown to the venue after a crash. Final. */
  readonly onOrderExpired: (ctx: HandlerContext, evt: Event<"ExecReport">, payload: EventPayloads["ExecReport"]) => unknown;
  /** Denied by the host (the reason begins with `denied:`) or rejected by the venue. Final. */
  readonly onOrderRejected: (ctx: HandlerContext, evt: Event<"ExecReport">, payload: EventPayloads["ExecReport"], reason: string) => unknown;
  readonly onRiskControl: (ctx: HandlerContext, evt: Event<"RiskControl">, payload: EventPayloads["RiskControl"]) => unknown;
  readonly onExtensionEvent: (ctx: HandlerContext, evt: Event<"Extension">, payload: EventPayloads["Extension"]) => unknown;
  /** The instance is about to stop: the last chance to `save`. Orders are refused. */
  readonly onStop: (ctx: HandlerContext) => unknown;
}

/** The first argument of every handler. */
export interface HandlerContext {
  readonly instanceId: string;
}
