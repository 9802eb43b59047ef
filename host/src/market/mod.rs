//! The nouns of the trade: price, quantity, instrument, event, book, balance, order, report. Values only: no I/O, no
//! async, no wasm. Their serde form is the one spelling that REST, tape, journal and events share.

pub mod book;
pub mod decimal;
pub mod event;
pub mod instrument;
pub mod order;
pub mod report;
pub mod state;
pub mod step;
pub mod transition;

pub use book::{Book, BookLevel, Ladder, LevelChange};
pub use decimal::{DecimalError, DecimalText};
pub use event::{
    BalanceUpdate, BookSnapshot, Event, EventKind, Kline, Level, Payload, RiskControl, RiskStatus, Ticker, Trade, TradeId,
};
pub use instrument::{Instrument, InstrumentKind, Symbol};
pub use order::{ClientOrderId, OrderRequest, OrderType, Side, TimeInForce, VenueOrderId};
pub use report::{ExecutionReport, Fill, Liquidity, ReportState};
pub use state::MarketState;
pub use step::{Grid, Step};
pub use transition::{IllegalTransition, OrderState};
