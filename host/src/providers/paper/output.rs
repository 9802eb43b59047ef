//! What a venue says, in the order in which it happens.

use std::sync::Arc;

use crate::market::{Event, ExecutionReport};

/// What comes out of a venue, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// For everyone.
    Event(Arc<Event>),
    /// For the desk.
    Report(Box<ExecutionReport>),
}

impl Output {
    pub(crate) fn report(report: ExecutionReport) -> Self {
        Self::Report(Box::new(report))
    }
}
