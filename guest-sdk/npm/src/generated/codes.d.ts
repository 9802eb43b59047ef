// Written by `cargo xtask bless` from wit/ and xtask/src/sdk/table.txt; a test fails when it is stale.

/** The call itself could not be meant: nothing is recorded and no report follows. */
export type CallCode =
  | "duplicate_client_order_id"
  | "invalid_client_order_id"
  | "invalid_currency"
  | "invalid_price"
  | "invalid_quantity"
  | "invalid_side"
  | "invalid_symbol"
  | "invalid_time_in_force"
  | "module_not_found"
  | "not_active"
  | "save_failed"
  | "too_many_orders"
  | "too_many_timers"
  | "unknown_order"
  | "unknown_provider";

/** The risk check refused the order. The denial also arrives at `onOrderRejected`. */
export type DenialCode =
  /** Trading is switched off at this provider: the default for venues with real money. */
  | "trading_disabled"
  /** The provider is not running. */
  | "provider_unavailable"
  /** The connection to the provider is lost; it is being restored. */
  | "provider_disconnected"
  /** The kill switch of the instance or of the host is engaged until an operator resets it. */
  | "kill_switch_engaged"
  /** The circuit breaker of the instance is open until its cooldown is over. */
  | "circuit_breaker_open"
  /** More orders per second than the throttle allows. */
  | "rate_limited"
  /** The order type is not among the allowed ones. */
  | "order_type_not_allowed"
  /** A market order that is to stay in the book. */
  | "time_in_force_not_allowed"
  /** The quantity is zero or negative. */
  | "quantity_not_positive"
  /** The quantity is not a multiple of the instrument's step. */
  | "quantity_precision"
  /** The quantity is below the instrument's smallest or above its largest. */
  | "quantity_out_of_range"
  /** A limit order without a price, or with one that is zero or negative. */
  | "price_missing"
  /** The price is not a multiple of the instrument's tick. */
  | "price_precision"
  /** Price times quantity is below the instrument's minimum. */
  | "notional_too_small"
  /** A market order before any price of the symbol was seen. */
  | "price_unavailable"
  /** The limit price is further from the reference price than the band allows. */
  | "price_outside_band"
  /** The position, with all open orders of the side filled, would exceed the maximum. */
  | "position_limit"
  /** The value of that position would exceed the maximum. */
  | "notional_limit"
  /** As many orders of the symbol are open as may be. */
  | "too_many_open_orders"
  /** The instance lost as much as it may in one day: until the day ends, only orders that reduce a position pass. */
  | "daily_loss_limit"
  /** The instance paid as many fees as it may in one day: until the day ends, only orders that reduce a position pass. */
  | "daily_fee_limit"
  /** The order could not be put on record, so it was not sent. */
  | "journal_unavailable"
  /** The order would match another open order of the same account. */
  | "self_trade";

/** `error.code` of what the functions of `env.runtime` and `env.helpers` throw. */
export type ErrorCode = CallCode | DenialCode;

/** Why a guest was thrown away. JavaScript cannot catch these: they are seen in results only. */
export type FaultCode =
  /** A call used up its fuel: an endless loop, or too much work for one event. */
  | "fuel_exhausted"
  /** The guest reached its memory limit and could not go on. */
  | "memory_exhausted"
  /** The WebAssembly stack overflowed. Recursion in JavaScript is caught before that, as a `RangeError`. */
  | "stack_overflow"
  /** A call ran longer than its deadline; sleep does not count. */
  | "deadline_exceeded"
  /** A call used helpers too often. */
  | "helper_limit"
  /** A helper was called where none may be, such as at the top level of the source. */
  | "helper_not_allowed"
  /** A call queued too many promise jobs. */
  | "job_limit"
  /** One call of a helper carried more data than is ever accepted. */
  | "argument_too_large"
  /** The engine inside the guest stopped in any other way. */
  | "guest_trap"
  /** The host asked the guest to end. */
  | "cancelled"
  /** The host has no room for another guest. */
  | "host_capacity"
  /** The host itself failed while the guest ran. Please report it. */
  | "host_bug";
