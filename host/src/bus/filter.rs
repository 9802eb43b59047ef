//! What an instance asks to hear.

use std::fmt;

use crate::base::ProviderName;
use crate::market::{EventKind, Symbol};

/// A set of kinds of event.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct KindSet(u16);

impl KindSet {
    /// None.
    pub const EMPTY: Self = Self(0);

    /// All that a provider publishes to everyone: not the instance's own reports and risk events, which are posted to it
    /// and need no subscription.
    pub const PUBLIC: Self = Self::EMPTY
        .with(EventKind::Trade)
        .with(EventKind::Ticker)
        .with(EventKind::BookSnapshot)
        .with(EventKind::KlineSummary)
        .with(EventKind::InstrumentUpdate)
        .with(EventKind::BalanceUpdate)
        .with(EventKind::Extension);

    /// This set and `kind`.
    #[must_use]
    pub const fn with(self, kind: EventKind) -> Self {
        Self(self.0 | 1 << kind as u16)
    }

    /// What is in either.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether `kind` is in it.
    pub const fn contains(self, kind: EventKind) -> bool {
        self.0 & 1 << kind as u16 != 0
    }

    /// Whether nothing is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<EventKind> for KindSet {
    fn from_iter<I: IntoIterator<Item = EventKind>>(kinds: I) -> Self {
        kinds.into_iter().fold(Self::EMPTY, Self::with)
    }
}

impl fmt::Debug for KindSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(EventKind::ALL.into_iter().filter(|kind| self.contains(*kind)).map(EventKind::as_str)).finish()
    }
}

/// One provider with the symbols and kinds of event that an instance wants from it. Balances come for the base and quote
/// currencies of the symbols, extensions whatever their symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Whose events.
    pub provider: ProviderName,
    /// Of these symbols.
    pub symbols: Vec<Symbol>,
    /// Of these kinds. Own reports and risk events come in any case.
    pub kinds: KindSet,
}
