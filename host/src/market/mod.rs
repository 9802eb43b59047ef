//! The nouns of the trade: price, quantity, instrument, event, book, balance, order, report. Values only: no I/O, no
//! async, no wasm. Their serde form is the one spelling that REST, tape, journal and events share.

pub mod decimal;
pub mod event;
pub mod instrument;
pub mod order;
pub mod report;
pub mod state;
pub mod transition;

pub use decimal::{DecimalError, DecimalText};
pub use event::{BalanceUpdate, BookSnapshot, Event, EventKind, Kline, Level, Payload, RiskControl, RiskStatus, Ticker, Trade};
pub use instrument::{Instrument, InstrumentKind, Symbol};
pub use order::{ClientOrderId, OrderRequest, OrderType, Side, TimeInForce, VenueOrderId};
pub use report::{ExecutionReport, Fill, Liquidity, ReportState};
pub use state::MarketState;
pub use transition::{IllegalTransition, OrderState};
