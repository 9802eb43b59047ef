// Written by `cargo xtask bless` from wit/ and xtask/src/sdk/table.txt; a test fails when it is stale.
import type { Json } from "../values.js";
import type { EventName } from "./events.js";

/** A configuration field as `env.metadata` has it. */
export interface DeclaredField {
  readonly name: string;
  /** Checked by the host before `create` runs. */
  readonly type: FieldType;
  readonly description: string;
  /** Undefined when the source gives none. */
  readonly default: Json | undefined;
  readonly required: boolean;
}

/** `env.metadata`: what the source says of itself, normalised when it was compiled. */
export interface DeclaredMetadata {
  readonly name: string;
  /** A zero-length string when the source gives none. */
  readonly tag: string;
  readonly displayName: string;
  readonly description: string;
  /** With the field `dry_run`, which is added when it is missing. */
  readonly config: readonly DeclaredField[];
  readonly events: readonly EventName[];
}

/** The types of configuration fields. */
export type FieldType = "string" | "int" | "float" | "number" | "bool" | "duration" | "object" | "array";
