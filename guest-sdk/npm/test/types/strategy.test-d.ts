// Not run: `tsc --strict` must accept this file, and must refuse the line after each `@ts-expect-error`.
import { defineStrategy } from "@sandpit/sdk";
import type {
  AllHandlers, ConfigOf, DeclaredMetadata, Env, ErrorCode, Event, EventName, ExecutionReport, FieldType, Handlers, Json, Limits,
  MarketState, OpenOrder, OrderError, Position, Strategy, StrategyMetadata, Trade,
} from "@sandpit/sdk";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(..._: Equal<A, B> extends true ? [] : ["the types differ"]): void => {};

// --- The configuration has the declared fields ---------------------------------------------------------------------------------

const whole = defineStrategy({
  metadata: {
    name: "whole",
    tag: "v1.0.0",
    displayName: "Whole",
    description: "Every type of field.",
    events: ["Trade", "Ticker", "ExecReport", "Extension"],
    config: [
      { name: "size", type: "string", default: "1", description: "Quantity." },
      { name: "lookback", type: "int", default: 20 },
      { name: "threshold", type: "float", required: true },
      { name: "factor", type: "number", default: 1.5 },
      { name: "verbose", type: "bool", default: false },
      { name: "cooldown", type: "duration", default: "5s" },
      { name: "table", type: "object", default: { a: [1, "x", null] } },
      { name: "levels", type: "array", default: [] },
      { name: "label", type: "string" },
      { name: "note", type: "string", default: null },
    ],
    limits: { fuelPerEvent: 80_000_000, timers: 8 },
  },
  create({ config, metadata, events, helpers, runtime }) {
    same<typeof config.size, string>();
    same<typeof config.lookback, number>();
    same<typeof config.threshold, number>();
    same<typeof config.factor, number>();
    same<typeof config.verbose, boolean>();
    same<typeof config.cooldown, string | number>();
    same<typeof config.table, { [key: string]: Json }>();
    same<typeof config.levels, Json[]>();
    same<typeof config.label, string | undefined>();
    same<typeof config.note, string | undefined>();
    same<typeof config.dry_run, boolean>();
    same<typeof metadata, DeclaredMetadata>();
    same<typeof events, readonly EventName[]>();
    // @ts-expect-error: no such field
    config.sise;
    // The configuration is the instance's own copy: it may be written into, but for other types and fields.
    config.size = "2";
    config.label = "x";
    config.table["more"] = 1;
    config.levels.push(2);
    config.dry_run = true;
    // @ts-expect-error: no such type
    config.size = 2;
    // @ts-expect-error: what runs is said once
    metadata.name = "other";

    return {
      wantsCrossProviderEvents: true,
      onTrade(ctx, evt, trade, price) {
        same<typeof ctx.instanceId, string>();
        same<typeof evt, Event<"Trade">>();
        same<typeof evt.payload, Trade>();
        same<typeof trade, Trade>();
        same<typeof price, number>();
        same<typeof trade.side, "Buy" | "Sell">();
        same<typeof trade.price, string>();
        // @ts-expect-error: prices are text
        trade.price * 2;
        // @ts-expect-error: no such field
        trade.tradeID;
        const id = runtime.submitMarketOrder(evt.provider, "buy", config.size, { symbol: evt.symbol, timeInForce: "IOC" });
        same<typeof id, string>();
        runtime.submitOrder(evt.provider, -1, 0.5, (price * 0.999).toFixed(2), { clientOrderId: "a-1" });
        // @ts-expect-error: a misspelt option is a different order
        runtime.submitMarketOrder(evt.provider, "buy", "1", { timeinForce: "IOC" });
        // @ts-expect-error: no such side
        runtime.submitMarketOrder(evt.provider, "hold", "1");
        // @ts-expect-error: a limit order has a price
        runtime.submitOrder(evt.provider, "buy", "1");
        // @ts-expect-error: no such time in force
        runtime.submitOrder(evt.provider, "buy", "1", "2", { timeInForce: "DAY" });
        same<ReturnType<typeof runtime.openOrders>, OpenOrder[]>();
        same<ReturnType<typeof runtime.position>, Position>();
        same<ReturnType<typeof runtime.getMarketState>, MarketState>();
        same<ReturnType<typeof runtime.getLastPrice>, number>();
        helpers.sleep("1m30s");
        helpers.save({ highest: price });
        same<ReturnType<typeof helpers.load<{ highest: number }>>, { highest: number } | null>();
        // @ts-expect-error: no such function
        helpers.fetch("https://example.com");
        const timer: number = setTimeout((left: number) => helpers.log(left), 250, 3);
        clearTimeout(timer);
        console.warn("said", evt.seqProvider);
        // @ts-expect-error: what reaches outside is not there
        fetch("https://example.com");
        // @ts-expect-error: neither is the process
        process.env;
      },
      async onTicker(_ctx, evt) {
        same<typeof evt.payload.bidPrice, string>();
      },
      onOrderFilled(_ctx, _evt, report) {
        same<typeof report, ExecutionReport>();
        same<typeof report.commissionAmount, string | null>();
      },
      onOrderRejected(_ctx, _evt, report, reason) {
        same<typeof report, ExecutionReport>();
        same<typeof reason, string>();
      },
      onExtensionEvent(_ctx, _evt, payload) {
        same<typeof payload, Json>();
      },
      onStop: (ctx) => helpers.log("bye", ctx.instanceId),
    };
  },
});

same<(typeof whole)["metadata"]["name"], "whole">();
same<ConfigOf<(typeof whole)["metadata"]>["cooldown"], string | number>();

// The functions need no `this`.
defineStrategy({
  metadata: { name: "detached", displayName: "Detached", events: ["Trade"] },
  create: ({ config, runtime: { submitMarketOrder, isTradingActive }, helpers: { log } }) => {
    same<typeof config.dry_run, boolean>();
    return {
      onTrade: (_ctx, { provider }) => {
        if (isTradingActive()) log(submitMarketOrder(provider, "SELL", "0.001"));
      },
    };
  },
});

// Further keys, where the strategy takes them.
defineStrategy({
  metadata: {
    name: "open",
    displayName: "Open",
    events: ["Trade"],
    additionalConfig: true,
    config: [{ name: "size", type: "int", default: 1 }],
  },
  create({ config }) {
    same<typeof config.size, number>();
    same<typeof config.anything, Json | undefined>();
    config.anything = 1;
    return {};
  },
});

// --- What is no strategy -------------------------------------------------------------------------------------------------------

defineStrategy({
  metadata: { name: "misspelt", displayName: "Misspelt", events: ["Trade"] },
  create: () => ({
    onTrade() {},
    // @ts-expect-error: no such handler
    onTrades() {},
  }),
});

defineStrategy({
  metadata: { name: "deaf", displayName: "Deaf", events: ["Trade"] },
  create: () => ({
    // @ts-expect-error: "Ticker" is not among its events
    onTicker: () => {},
  }),
});

defineStrategy({
  metadata: {
    name: "no-event",
    displayName: "No event",
    // @ts-expect-error: no such event
    events: ["Trades"],
  },
  create: () => ({}),
});

defineStrategy({
  metadata: {
    name: "no-type",
    displayName: "No type",
    events: ["Trade"],
    // @ts-expect-error: no such type of field
    config: [{ name: "size", type: "decimal", default: "1" }],
  },
  create: () => ({}),
});

defineStrategy({
  metadata: {
    name: "wrong-default",
    displayName: "Wrong default",
    events: ["Trade"],
    // @ts-expect-error: a default is of the field's type
    config: [{ name: "lookback", type: "int", default: "20" }],
  },
  create: () => ({}),
});

defineStrategy({
  metadata: {
    name: "other-key",
    displayName: "Other key",
    events: ["Trade"],
    // @ts-expect-error: metadata has no such key
    version: "1",
  },
  create: () => ({}),
});

defineStrategy({
  metadata: {
    name: "other-field-key",
    displayName: "Other key of a field",
    events: ["Trade"],
    // @ts-expect-error: a field has no such key
    config: [{ name: "size", type: "string", defualt: "1" }],
  },
  create: () => ({}),
});

// @ts-expect-error: displayName is missing
defineStrategy({ metadata: { name: "nameless", events: ["Trade"] }, create: () => ({}) });

// @ts-expect-error: create is missing
defineStrategy({ metadata: { name: "idle", displayName: "Idle", events: ["Trade"] } });

defineStrategy({
  metadata: { name: "wish", displayName: "Wish", events: ["Trade"] },
  // @ts-expect-error: handlers are functions
  create: () => ({ onTrade: 1 }),
});

const wish: Limits = { fuelPerEvent: 1 };
// @ts-expect-error: no such limit
const misspeltWish: Limits = { fuelPerEvents: 1 };
void [wish, misspeltWish];

// --- The names that other files use --------------------------------------------------------------------------------------------

same<
  FieldType,
  "string" | "int" | "float" | "number" | "bool" | "duration" | "object" | "array"
>();
same<
  EventName,
  | "Trade" | "Ticker" | "BookSnapshot" | "KlineSummary" | "InstrumentUpdate" | "BalanceUpdate" | "ExecReport" | "RiskControl"
  | "Extension"
>();
same<keyof AllHandlers | "wantsCrossProviderEvents", keyof Handlers>();
// What the author writes and what `env.metadata` has are the same names, but for what is not shown there.
same<keyof StrategyMetadata, keyof DeclaredMetadata | "additionalConfig" | "limits">();

const code: ErrorCode = "too_many_orders";
const denial: ErrorCode = "price_outside_band";
// @ts-expect-error: no such code
const noCode: ErrorCode = "price_outside";
void [code, denial, noCode];

const caught = (error: OrderError): string => `${error.code}: ${error.message}`;
void caught;

// A plain JavaScript file says it this way, in a comment.
const metadata = { name: "plain", displayName: "Plain", events: ["Trade"], config: [{ name: "n", type: "int", default: 1 }] } as const;
metadata satisfies StrategyMetadata;
const create = ({ config }: Env<typeof metadata>): Handlers<typeof metadata> => ({
  onTrade: (_ctx, _evt, _trade, price) => price * config.n,
});
const plain: Strategy<typeof metadata> = { metadata, create };
void plain;

// Metadata of which nothing is known in particular: every handler may be there, every key may be asked for.
const any = (env: Env): Handlers => ({ onTicker: () => env.config["x"], onStop: null });
void any;
