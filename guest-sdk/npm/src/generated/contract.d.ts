/** The names that JavaScript sees of the contract: of fields by shape, of words by type, of events, handlers and functions. */
export declare const contract: {
  readonly shapes: Readonly<Record<string, readonly string[]>>;
  readonly words: Readonly<Record<string, readonly string[]>>;
  /** The name of the payload's shape, by event. */
  readonly events: Readonly<Record<string, string>>;
  /** The event, by handler; null for `onStop`. */
  readonly handlers: Readonly<Record<string, string | null>>;
  readonly functions: Readonly<Record<"Runtime" | "Helpers" | "Globals", readonly string[]>>;
};
