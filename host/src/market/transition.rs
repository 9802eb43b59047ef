//! The life of an order in one table. Everything that is not in it is an error.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::market::ReportState;

/// Where an order stands. `Pending`, `Acknowledged` and `Partial` are open; the others are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum OrderState {
    /// Approved and recorded; the venue has not answered.
    Pending,
    /// In the venue's book.
    #[serde(rename = "ACK")]
    Acknowledged,
    /// Filled in part, the rest still in the book.
    Partial,
    /// Filled whole.
    Filled,
    /// Taken out of the book, by us or because the rest could not rest.
    Cancelled,
    /// Refused by the venue.
    Rejected,
    /// Ended by the venue.
    Expired,
    /// Refused by our own risk check; no venue saw it.
    Denied,
    /// The venue does not know it after a crash: it is never sent again.
    Unknown,
}

/// A report that cannot follow from where the order stands. The old state is kept; the report is logged and counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an order that is {from:?} cannot become {to:?}")]
pub struct IllegalTransition {
    /// Where the order stands.
    pub from: OrderState,
    /// What the report says.
    pub to: ReportState,
}

impl OrderState {
    /// All of them, in the order of life.
    pub const ALL: [Self; 9] = [
        Self::Pending,
        Self::Acknowledged,
        Self::Partial,
        Self::Filled,
        Self::Cancelled,
        Self::Rejected,
        Self::Expired,
        Self::Denied,
        Self::Unknown,
    ];

    /// What a report of the venue makes of an order.
    ///
    /// # Errors
    /// [`IllegalTransition`] for a pair that the table does not have.
    pub fn after(self, report: ReportState) -> Result<Self, IllegalTransition> {
        use OrderState as S;
        use ReportState as R;
        match (self, report) {
            // From        report           becomes
            (S::Pending, R::Ack) => Ok(S::Acknowledged),
            (S::Pending | S::Acknowledged | S::Partial, R::Partial) => Ok(S::Partial),
            (S::Pending | S::Acknowledged | S::Partial, R::Filled) => Ok(S::Filled),
            (S::Pending | S::Acknowledged | S::Partial, R::Cancelled) => Ok(S::Cancelled),
            (S::Pending | S::Acknowledged | S::Partial, R::Expired) => Ok(S::Expired),
            (S::Pending, R::Rejected) => Ok(S::Rejected),
            (from, to) => Err(IllegalTransition { from, to }),
        }
    }

    /// Nothing more can happen to it.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Pending | Self::Acknowledged | Self::Partial)
    }

    /// The word on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Acknowledged => "ACK",
            Self::Partial => "PARTIAL",
            Self::Filled => "FILLED",
            Self::Cancelled => "CANCELLED",
            Self::Rejected => "REJECTED",
            Self::Expired => "EXPIRED",
            Self::Denied => "DENIED",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// The reverse of [`OrderState::as_str`].
    pub fn from_wire(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_an_orders_life() {
        let mut table = String::new();
        for from in OrderState::ALL {
            let row: Vec<_> = ReportState::ALL
                .into_iter()
                .filter_map(|report| from.after(report).ok().map(|to| format!("{}>{}", report.as_str(), to.as_str())))
                .collect();
            assert_eq!(row.is_empty(), from.is_final(), "{from:?}: only final states have no way out");
            table.push_str(&format!("{}: {}\n", from.as_str(), row.join(" ")));
        }
        let expected = "PENDING: ACK>ACK PARTIAL>PARTIAL FILLED>FILLED CANCELLED>CANCELLED REJECTED>REJECTED EXPIRED>EXPIRED\n\
             ACK: PARTIAL>PARTIAL FILLED>FILLED CANCELLED>CANCELLED EXPIRED>EXPIRED\n\
             PARTIAL: PARTIAL>PARTIAL FILLED>FILLED CANCELLED>CANCELLED EXPIRED>EXPIRED\n\
             FILLED: \nCANCELLED: \nREJECTED: \nEXPIRED: \nDENIED: \nUNKNOWN: \n";
        assert_eq!(table, expected);
    }

    #[test]
    fn states_survive_their_spelling() {
        for state in OrderState::ALL {
            assert_eq!(OrderState::from_wire(state.as_str()), Some(state));
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
    }
}
