//! Signals from outside: what is posted to such a provider becomes an event for every instance that has it in scope. It has
//! no market, no account and takes no orders. Must not know of HTTP.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use subtle::ConstantTimeEq as _;

use super::adapter::Draft;
use super::settings::SettingIssue;
use crate::base::{Clock, Digest, ProviderName, Timestamp};
use crate::market::{ClientOrderId, Event, ExecutionReport, Instrument, OrderRequest, Payload, ReportState};
use crate::trading::{Approved, Balance, OrderAnswer, Outlet, Provider, ProviderError, ProviderStatus};

/// The adapter's identifier.
pub const ADAPTER: &str = "extension";

/// Longest payload, as JSON text. The gateway's limit.
pub const PAYLOAD_BYTES: usize = 102_400;

/// Most events in one post.
pub const EVENTS_PER_POST: usize = 256;

/// The settings of the adapter `extension`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ExtensionConfig {
    /// A bearer token that may post here and do nothing else: 16 to 256 visible ASCII characters. Without one only the
    /// administrator posts.
    #[serde(skip_serializing)]
    pub token: Option<String>,
}

pub(super) fn settings() -> Vec<Draft> {
    vec![Draft::secret(
        "token",
        "A bearer token that may post events here and do nothing else, 16 to 256 visible ASCII characters; without it the admin \
         token is needed",
    )]
}

/// Process lifetime.
pub struct ExtensionProvider {
    name: ProviderName,
    /// Of the token, so that the token itself is not kept.
    token: Option<Digest>,
    wall: Arc<dyn Clock>,
    /// Of the last event.
    sequence: AtomicU64,
    /// Held while events are passed on, so that those of one post stay together and none comes after a stop. Taken before
    /// `shared`, never by what a publication calls.
    turn: Mutex<()>,
    /// Never held during a publication: whoever hears of an event may ask for the status.
    shared: Mutex<Shared>,
}

struct Shared {
    status: ProviderStatus,
    outlet: Option<Outlet>,
}

impl ExtensionProvider {
    /// Not started yet.
    ///
    /// # Errors
    /// What is wrong with the token, without the token.
    pub fn new(name: ProviderName, config: &ExtensionConfig, wall: Arc<dyn Clock>) -> Result<Self, Vec<SettingIssue>> {
        let token = config.token.as_deref();
        if token.is_some_and(|token| !(16..=256).contains(&token.len()) || !token.bytes().all(|b| b.is_ascii_graphic())) {
            return Err(vec![SettingIssue::new("token", "must be 16 to 256 visible ASCII characters")]);
        }
        Ok(Self {
            name,
            token: token.map(|token| Digest::of(token.as_bytes())),
            wall,
            sequence: AtomicU64::new(0),
            turn: Mutex::default(),
            shared: Mutex::new(Shared { status: ProviderStatus::Pending, outlet: None }),
        })
    }

    /// Whether this is its token. Digests of equal length are compared in constant time.
    pub fn knows(&self, token: &[u8]) -> bool {
        self.token.as_ref().is_some_and(|known| Digest::of(token).as_bytes().ct_eq(known.as_bytes()).into())
    }

    /// Passes on events, in this order and together: nobody else's come between. The number of the last one; none when it does
    /// not run. Payloads are JSON of at most [`PAYLOAD_BYTES`]: the caller has checked.
    pub fn post(&self, payloads: Vec<String>) -> Option<u64> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let outlet = self.running()?;
        let time = self.wall.now();
        for payload in payloads {
            let sequence = self.sequence.fetch_add(1, Ordering::AcqRel) + 1;
            let payload = Payload::Extension(payload);
            outlet.publish(Event {
                provider: self.name.clone(),
                symbol: None,
                sequence,
                ingest_time: time,
                emit_time: time,
                payload,
            });
        }
        Some(self.sequence.load(Ordering::Acquire))
    }

    /// Where events go, while it runs.
    fn running(&self) -> Option<Outlet> {
        let shared = self.shared();
        shared.outlet.clone().filter(|_| shared.status == ProviderStatus::Running)
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        // Every section is one assignment: what a panicking holder left is whole.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Provider for ExtensionProvider {
    fn name(&self) -> &ProviderName {
        &self.name
    }

    fn adapter(&self) -> &'static str {
        ADAPTER
    }

    fn status(&self) -> ProviderStatus {
        self.shared().status
    }

    fn instruments(&self) -> Arc<[Instrument]> {
        Arc::new([])
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.wall)
    }

    fn submit(&self, order: Approved<OrderRequest>) {
        let outlet = self.shared().outlet.clone();
        let Some(outlet) = outlet else { return };
        let reason = format!("provider `{}` takes no orders: its adapter `{ADAPTER}` only passes on events", self.name);
        outlet.report(ExecutionReport {
            client_order_id: order.client_order_id.clone(),
            venue_order_id: SmolStr::default(),
            state: ReportState::Rejected,
            filled_quantity: Default::default(),
            leaves_quantity: Default::default(),
            average_price: Default::default(),
            fill: None,
            time: order.requested_at,
            reason: Some(reason.into()),
        });
    }

    fn cancel(&self, _order: &ClientOrderId, _requested_at: Timestamp) {}

    fn balances(&self) -> Vec<Balance> {
        Vec::new()
    }

    /// Not that: paper venues are where trading is switched on, and here is nothing to trade.
    fn is_paper(&self) -> bool {
        false
    }

    async fn query(&self, orders: &[OrderRequest]) -> Vec<OrderAnswer> {
        // It refuses every order at once and has none.
        orders.iter().map(|order| OrderAnswer::Unknown(order.client_order_id.clone())).collect()
    }

    async fn start(self: Arc<Self>, outlet: Outlet) -> Result<(), ProviderError> {
        let mut shared = self.shared();
        if shared.status == ProviderStatus::Running {
            return Err(ProviderError { provider: self.name.clone(), message: "is running already".into() });
        }
        *shared = Shared { status: ProviderStatus::Running, outlet: Some(outlet) };
        Ok(())
    }

    async fn stop(&self) {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut shared = self.shared();
        if shared.status == ProviderStatus::Running {
            shared.status = ProviderStatus::Stopped;
        }
    }
}
