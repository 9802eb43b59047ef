import type { Limits } from "./generated/limits.js";
import type { DeclaredMetadata, FieldType } from "./generated/module.js";
import type { AllHandlers, EventName, HandlerEvents } from "./generated/events.js";
import type { Helpers, Runtime } from "./generated/runtime.js";
import type { Duration, Json } from "./values.js";

export type * from "./generated/codes.js";
export type * from "./generated/events.js";
export type * from "./generated/limits.js";
export type * from "./generated/module.js";
export type * from "./generated/runtime.js";
export type * from "./values.js";

/** The value in `env.config` for each type of field. The host has checked it before `create` runs. */
export interface FieldValues {
  readonly string: string;
  /** A whole number. */
  readonly int: number;
  readonly float: number;
  readonly number: number;
  readonly bool: boolean;
  /** Text such as `"250ms"` or `"1h30m"`, or a number of milliseconds. */
  readonly duration: Duration;
  readonly object: { readonly [key: string]: Json };
  readonly array: readonly Json[];
}

/** The same as an instance has it: a copy of its own, which the strategy may write into. */
interface OwnValues extends Omit<FieldValues, "object" | "array"> {
  readonly object: { [key: string]: Json };
  readonly array: Json[];
}

/** One field that a strategy declares for its configuration. */
export type ConfigField = {
  [Type in FieldType]: {
    readonly name: string;
    readonly type: Type;
    readonly description?: string;
    /** Used where an instance says nothing. */
    readonly default?: FieldValues[Type] | null;
    /** Without it an instance cannot be launched. A field that has neither this nor a default may be absent. */
    readonly required?: boolean;
  };
}[FieldType];

/** What a strategy says of itself: `module.exports.metadata`. */
export interface StrategyMetadata {
  /** 1 to 64 of `a-z 0-9 . _ -`, beginning with a letter or digit. */
  readonly name: string;
  /** 1 to 128 of `A-Z a-z 0-9 . _ -`, not `latest`. Required unless the upload brings one. */
  readonly tag?: string;
  /** At most 80 characters. */
  readonly displayName: string;
  readonly description?: string;
  /** The events that are delivered: at least one. */
  readonly events: readonly EventName[];
  /** The field `dry_run` (bool, default true) is added when it is missing. */
  readonly config?: readonly ConfigField[];
  /** Accept configuration keys that are not declared. */
  readonly additionalConfig?: boolean;
  /** What the strategy asks for. It grants nothing by itself. */
  readonly limits?: Limits;
}

type Flat<Type> = { [Key in keyof Type]: Type[Key] } & {};

type FieldsOf<Metadata> = Metadata extends { readonly config: readonly (infer Field)[] } ? Field : never;

/** A field that is there in every configuration: it is required, or has a default. */
type IsThere<Field> = Field extends { readonly required: true }
  ? true
  : Field extends { readonly default: infer Default }
    ? [Default] extends [null | undefined]
      ? false
      : true
    : false;

type ValueOf<Field> = Field extends { readonly type: infer Type extends FieldType } ? OwnValues[Type] : never;

type NameOf<Field> = Field extends { readonly name: infer FieldName extends string } ? FieldName : never;

/** Of metadata whose fields are not known. */
type OpenConfig = { dry_run: boolean; [key: string]: unknown };

/** The configuration that `create` gets, as the declared fields have it. */
export type ConfigOf<Metadata> = StrategyMetadata extends Metadata
  ? OpenConfig
  : string extends NameOf<FieldsOf<Metadata>>
  ? OpenConfig
  : Flat<
      {
        [Field in FieldsOf<Metadata> as IsThere<Field> extends true ? NameOf<Field> : never]: ValueOf<Field>;
      } & {
        [Field in FieldsOf<Metadata> as IsThere<Field> extends true ? never : NameOf<Field>]?: ValueOf<Field>;
      } & { dry_run: boolean }
    > &
      (Metadata extends { readonly additionalConfig: true } ? { [key: string]: Json | undefined } : unknown);

/** What `create` gets. No field of it can be set. */
export interface Env<Metadata = StrategyMetadata> {
  /** Validated, with defaults filled in. The instance's own copy: the strategy may write into it. */
  readonly config: ConfigOf<Metadata>;
  readonly metadata: DeclaredMetadata;
  readonly events: readonly EventName[];
  readonly helpers: Helpers;
  readonly runtime: Runtime;
}

type Subscribed<Metadata> = Metadata extends { readonly events: readonly (infer Listed)[] } ? Listed : EventName;

/** `never` unless the event of the handler is among those of the metadata. */
type HandlerOf<Handler extends keyof AllHandlers, Metadata> = Handler extends keyof HandlerEvents
  ? HandlerEvents[Handler] extends Subscribed<Metadata>
    ? AllHandlers[Handler]
    : `"${HandlerEvents[Handler]}" is missing in metadata.events: this handler would never be called`
  : AllHandlers[Handler];

/** What `create` returns. A handler whose event is not in `metadata.events` does not type-check: it would never be called. */
export type Handlers<Metadata = StrategyMetadata> = {
  readonly [Handler in keyof AllHandlers]?: HandlerOf<Handler, Metadata> | null | undefined;
} & {
  /** Needed by an instance that follows several providers. */
  readonly wantsCrossProviderEvents?: boolean | (() => boolean);
};

/** A whole strategy: what `module.exports` is. */
export interface Strategy<Metadata extends StrategyMetadata = StrategyMetadata> {
  readonly metadata: Metadata;
  /** Called once per life of an instance. It may throw to refuse a configuration: the launch then fails with that message. */
  readonly create: (env: Env<Metadata>) => Handlers<Metadata>;
}

/** Any strategy, whatever it declares: what takes a strategy takes this. */
export interface AnyStrategy {
  readonly metadata: StrategyMetadata;
  // Strategies differ in what their `create` takes; whoever calls it makes the env from the metadata.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly create: (env: any) => object;
}

/** Keys that are not known, each as an error. */
type NoOtherKeys<Given, Known> = { readonly [Key in Exclude<keyof Given, keyof Known>]: never };

/** The same for each field of a list. */
type NoOtherFieldKeys<Fields> = Fields extends readonly unknown[]
  ? { readonly [Place in keyof Fields]: NoOtherKeys<Fields[Place], ConfigField> }
  : unknown;

/** Metadata without misspelt keys. */
type Exact<Metadata> = NoOtherKeys<Metadata, StrategyMetadata> &
  (Metadata extends { readonly config: infer Fields } ? { readonly config: NoOtherFieldKeys<Fields> } : unknown);

/**
 * Gives the strategy back as it is, and its types to `create`: `env.config` has the declared fields, the handlers have their events.
 *
 * ```ts
 * export default defineStrategy({
 *   metadata: {
 *     name: "first", tag: "v1.0.0", displayName: "First", events: ["Trade"],
 *     config: [{ name: "size", type: "string", default: "0.001" }],
 *   },
 *   create({ config, runtime }) {
 *     return { onTrade: (ctx, evt) => runtime.submitMarketOrder(evt.provider, "buy", config.size) };
 *   },
 * });
 * ```
 */
export declare function defineStrategy<
  const Metadata extends StrategyMetadata,
  Given extends Handlers<NoInfer<Metadata>> = Handlers<NoInfer<Metadata>>,
>(strategy: {
  readonly metadata: Metadata & Exact<Metadata>;
  readonly create: (env: Env<NoInfer<Metadata>>) => Given & NoOtherKeys<Given, Handlers>;
}): Strategy<Metadata>;
