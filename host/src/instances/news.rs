//! What can happen to an instance, as small values that share what they speak of. Must not know how it is told.

use std::sync::Arc;

use super::logs::LogLine;
use super::status::{LastError, Status};
use crate::base::{ProviderName, Timestamp};
use crate::market::{Event, ExecutionReport, ReportState};
use crate::trading::{DenialCode, ProviderStatus};

/// What an event of the feed is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewsKind {
    /// An order changed its state.
    Order,
    /// A match of an order.
    Execution,
    /// Our risk check refused an order.
    Denial,
    /// News of the risk check: a breach, a switch.
    Risk,
    /// A line of the log.
    Log,
    /// A fault, an exception, a fresh start after one, quarantine.
    Fault,
    /// The instance changed its status.
    Status,
    /// A provider of its scope changed its status.
    Provider,
}

impl NewsKind {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::Order, Self::Execution, Self::Denial, Self::Risk, Self::Log, Self::Fault, Self::Status, Self::Provider];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Execution => "execution",
            Self::Denial => "denial",
            Self::Risk => "risk",
            Self::Log => "log",
            Self::Fault => "fault",
            Self::Status => "status",
            Self::Provider => "provider",
        }
    }

    /// The reverse of [`NewsKind::as_str`].
    pub fn from_wire(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Something that happened.
#[derive(Clone, Debug)]
pub enum News {
    /// An execution report: where the order stands now.
    Order(Arc<Event>),
    /// The match in an execution report.
    Execution(Arc<Event>),
    /// The report of a denial.
    Denial(Arc<Event>),
    /// A risk event.
    Risk(Arc<Event>),
    /// A line of the log.
    Log(Arc<LogLine>),
    /// What went wrong, or what follows from it.
    Fault(Arc<LastError>),
    /// A step in the instance's life.
    Status(StatusNews),
    /// A step in the life of a provider.
    Provider(Arc<ProviderNews>),
}

/// From where to where an instance came.
#[derive(Clone, Copy, Debug)]
pub struct StatusNews {
    /// Before.
    pub from: Status,
    /// Now.
    pub to: Status,
    /// When, by the machine's clock.
    pub at: Timestamp,
}

/// What a provider of the scope is now.
#[derive(Clone, Debug)]
pub struct ProviderNews {
    /// Its name.
    pub name: ProviderName,
    /// What it is now.
    pub status: ProviderStatus,
    /// Why, when there is a reason.
    pub reason: Option<String>,
    /// When, by the machine's clock.
    pub at: Timestamp,
}

impl News {
    /// What it is about.
    pub fn kind(&self) -> NewsKind {
        match self {
            Self::Order(_) => NewsKind::Order,
            Self::Execution(_) => NewsKind::Execution,
            Self::Denial(_) => NewsKind::Denial,
            Self::Risk(_) => NewsKind::Risk,
            Self::Log(_) => NewsKind::Log,
            Self::Fault(_) => NewsKind::Fault,
            Self::Status(_) => NewsKind::Status,
            Self::Provider(_) => NewsKind::Provider,
        }
    }

    /// Bytes that it keeps alive, about. A match is kept alive by its order already; a line by the log.
    pub(super) fn weight(&self) -> usize {
        const SMALL: usize = 64;
        match self {
            Self::Order(_) | Self::Risk(_) => 640,
            Self::Execution(_) | Self::Denial(_) | Self::Status(_) => SMALL,
            Self::Log(line) => SMALL + line.text.len(),
            Self::Fault(error) => 2 * SMALL + error.message.len(),
            Self::Provider(news) => 2 * SMALL + news.reason.as_ref().map_or(0, String::len),
        }
    }
}

/// Code and message of the denial that a report tells of; none when it is the venue that speaks.
pub fn denial_of(report: &ExecutionReport) -> Option<(DenialCode, &str)> {
    let reason =
        report.reason.as_deref().filter(|_| report.state == ReportState::Rejected && report.venue_order_id.is_empty())?;
    let (word, message) = reason.strip_prefix("denied: ")?.split_once(": ")?;
    let code = DenialCode::ALL.iter().find(|code| code.as_str() == word)?;
    Some((*code, message))
}
