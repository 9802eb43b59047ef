/** Decimal text, such as `"61837.63"`: never a float. A figure that is absent is `""`. */
export type Decimal = string;

/** RFC 3339 with nanoseconds, in UTC: `new Date(timestamp)` reads it. */
export type Timestamp = string;

/** What has a JSON form. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A quantity or a price: decimal text, or a number, which is written as its shortest decimal. */
export type DecimalInput = string | number | bigint;

/** A number of milliseconds, or text such as `"250ms"` or `"1h30m"`. */
export type Duration = number | string;

/** A provider or symbol; left out, the instance's first. */
export type Name = string | null | undefined;

/** Which way an order goes: one of these words in any case, or a number, of which the sign counts. */
export type SideInput =
  | "buy" | "long" | "bid" | "sell" | "short" | "ask"
  | "BUY" | "LONG" | "BID" | "SELL" | "SHORT" | "ASK"
  | "Buy" | "Long" | "Bid" | "Sell" | "Short" | "Ask"
  | number;
