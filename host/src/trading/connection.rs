//! Connections that break: what a provider says about its own, who hears of it, and how long ago the market was last heard.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::{ProviderName, Timestamp};
use crate::bus::locked;
use crate::market::RiskStatus;
use crate::trading::lane::Lane;
use crate::trading::notices::RiskNews;
use crate::trading::trader::Trader;
use crate::trading::{Denial, DenialCode, Desk, ProviderStatus};

/// The breach type of the risk events that tell of a connection.
const DISCONNECTED: &str = "PROVIDER_DISCONNECTED";

/// What a running provider says about its connection. Times are by its clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connection {
    /// It is gone; the provider tries again by itself.
    Lost {
        /// In words, without secrets.
        reason: String,
        /// When it was noticed.
        at: Timestamp,
    },
    /// It is back, and what the venue reported meanwhile has been told.
    Restored {
        /// When.
        at: Timestamp,
    },
}

/// Since when nothing is heard of a provider's market.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staleness {
    /// By the provider's clock.
    pub since: Timestamp,
    /// In words.
    pub reason: String,
}

/// Hears where a provider stands whenever that changes without anyone having asked for it.
pub trait ProviderWatch: Send + Sync {
    /// It stands elsewhere now; `reason` when something went wrong.
    fn status_changed(&self, status: ProviderStatus, reason: Option<&str>);

    /// It tried to restore its connection; whether that helped is another change of status.
    fn connection_tried(&self);
}

impl Desk {
    /// Takes news of a provider's connection. Done by [`Outlet::connection`](crate::trading::Outlet::connection).
    ///
    /// While it is lost, orders are denied as `provider_disconnected` and what the market last said counts as stale. Positions and
    /// open orders stay as they are: the orders are at the venue. Every instance with the provider in its scope gets a risk event.
    pub fn on_connection(&self, name: &ProviderName, connection: Connection) {
        let lane = self.lane(name);
        let (status, reason, at) = match connection {
            Connection::Lost { reason, at } => {
                *locked(&lane.stale) = Some(Staleness { since: at, reason: reason.clone() });
                (RiskStatus::Triggered, reason, at)
            }
            Connection::Restored { at } => match locked(&lane.stale).take() {
                Some(lost) => (RiskStatus::Cleared, format!("the connection that was lost at {} is restored", lost.since), at),
                None => return,
            },
        };
        for trader in self.traders_at(name) {
            self.tell_connection(&lane, &trader, status, &reason, at);
        }
    }

    pub(super) fn tell_connection(&self, lane: &Lane, trader: &Trader, status: RiskStatus, reason: &str, at: Timestamp) {
        // A provider without symbols has no market that could be stale, and takes no orders.
        let scope = trader.details.scope.iter().find(|(name, _)| *name == lane.name);
        let Some(symbol) = scope.and_then(|(_, symbols)| symbols.first()) else { return };
        let (metrics, reason) = (BTreeMap::new(), reason.to_owned());
        let news = RiskNews { symbol, status, breach_type: DISCONNECTED, reason, metrics, at, seen_at: at };
        self.post_risk(lane, &mut locked(&lane.book), trader, news);
    }

    /// Since when the market of a provider is not heard of: its connection is lost, or it is attached and does not run. None when all
    /// is well, and for a provider that is not there.
    pub fn staleness(&self, name: &str) -> Option<Staleness> {
        self.lane_of(name)?.staleness()
    }
}

impl Lane {
    /// See [`Desk::staleness`].
    pub(super) fn staleness(&self) -> Option<Staleness> {
        if let Some(lost) = locked(&self.stale).clone() {
            return Some(lost);
        }
        let status = self.provider()?.status();
        let well = status == ProviderStatus::Running;
        (!well)
            .then(|| Staleness { since: self.now().unwrap_or_default(), reason: format!("provider `{}` is {status}", self.name) })
    }

    /// Why no order can go there now; none when one can.
    pub(super) fn closed(&self) -> Option<Denial> {
        let status = self.provider().map(|provider| provider.status());
        let lost = locked(&self.stale).clone();
        match (status, lost) {
            (Some(ProviderStatus::Running), None) => None,
            (Some(ProviderStatus::Running | ProviderStatus::Reconnecting), lost) => {
                let text = lost.map_or_else(
                    || "it has just been noticed".to_owned(),
                    |lost| format!("since {}: {}", lost.since, lost.reason),
                );
                let message = format!("the connection to `{}` is lost ({text}): wait until it is restored", self.name);
                Some(Denial::new(DenialCode::ProviderDisconnected, message))
            }
            (status, _) => {
                let status = status.map_or_else(|| "not there".to_owned(), |status| status.to_string());
                let message = format!("provider `{}` is {status}: start it first", self.name);
                Some(Denial::new(DenialCode::ProviderUnavailable, message))
            }
        }
    }
}

impl Trader {
    /// Whether this provider is in its scope.
    pub(super) fn uses(&self, name: &ProviderName) -> bool {
        self.details.scope.iter().any(|(provider, _)| provider == name)
    }
}

impl Desk {
    fn traders_at(&self, name: &ProviderName) -> Vec<Arc<Trader>> {
        self.all_traders().into_iter().filter(|trader| trader.uses(name)).collect()
    }
}
