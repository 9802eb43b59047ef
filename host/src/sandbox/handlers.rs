//! Which event is for which handler.

use crate::market::{Payload, ReportState};
use crate::sandbox::bindings::types::Handlers;

/// What handles timers and the end, in usage and faults.
pub(super) const TIMER: &str = "timer";
pub(super) const STOP: &str = "onStop";
pub(super) const CREATE: &str = "create";

pub(super) const HANDLERS: [(Handlers, &str); 15] = [
    (Handlers::ON_TRADE, "onTrade"),
    (Handlers::ON_TICKER, "onTicker"),
    (Handlers::ON_BOOK_SNAPSHOT, "onBookSnapshot"),
    (Handlers::ON_KLINE_SUMMARY, "onKlineSummary"),
    (Handlers::ON_INSTRUMENT_UPDATE, "onInstrumentUpdate"),
    (Handlers::ON_BALANCE_UPDATE, "onBalanceUpdate"),
    (Handlers::ON_ORDER_ACKNOWLEDGED, "onOrderAcknowledged"),
    (Handlers::ON_ORDER_PARTIAL_FILL, "onOrderPartialFill"),
    (Handlers::ON_ORDER_FILLED, "onOrderFilled"),
    (Handlers::ON_ORDER_CANCELLED, "onOrderCancelled"),
    (Handlers::ON_ORDER_EXPIRED, "onOrderExpired"),
    (Handlers::ON_ORDER_REJECTED, "onOrderRejected"),
    (Handlers::ON_RISK_CONTROL, "onRiskControl"),
    (Handlers::ON_EXTENSION_EVENT, "onExtensionEvent"),
    (Handlers::ON_STOP, STOP),
];

/// The flag and the name of the handler that an event is for.
pub(super) fn handler_of(payload: &Payload) -> (Handlers, &'static str) {
    let place = match payload {
        Payload::Trade(_) => 0,
        Payload::Ticker(_) => 1,
        Payload::BookSnapshot(_) => 2,
        Payload::KlineSummary(_) => 3,
        Payload::InstrumentUpdate(_) => 4,
        Payload::BalanceUpdate(_) => 5,
        Payload::ExecReport(both) => match both.1.state {
            ReportState::Ack => 6,
            ReportState::Partial => 7,
            ReportState::Filled => 8,
            ReportState::Cancelled => 9,
            ReportState::Expired => 10,
            ReportState::Rejected => 11,
        },
        Payload::RiskControl(_) => 12,
        Payload::Extension(_) => 13,
    };
    HANDLERS[place]
}
