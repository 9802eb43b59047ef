//! What the control plane shows of an instance. The gateway's keys keep their names (existing-systems 3.3); the new ones
//! stand beside them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::config::Floors;
use super::counters::{FuelUse, MemoryUse};
use super::latency::LatencyView;
use super::priority::Priority;
use super::restart::RestartRule;
use super::slot::{Pin, Slot};
use super::spec::{InstanceSpec, ProviderScope, Scope};
use super::status::{LastError, Status};
use super::usage::{Usage, UsageIndex};
use crate::base::{Digest, InstanceId, ProviderName, StrategyName, Tag, Timestamp};
use crate::bus::DropCounts;
use crate::catalogue::Catalogue;
use crate::market::{EventKind, Symbol};
use crate::sandbox::Limits;
use crate::store::Desired;
use crate::trading::{Profit, ProfitLine};

/// The strategy of an instance.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StrategyView {
    /// Bare name.
    pub identifier: StrategyName,
    /// As it was given.
    #[schema(value_type = Object)]
    pub config: Map<String, Value>,
    /// As it was given: what the instance follows.
    pub selector: String,
    /// The tag of the selector, or the revision's own.
    #[schema(required)]
    pub tag: Option<Tag>,
    /// The revision it is pinned to.
    pub hash: Digest,
}

/// Where to look next.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Links {
    /// This instance.
    #[serde(rename = "self")]
    pub this: String,
    /// The use of its revision.
    pub usage: String,
}

/// Events by what became of them.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct EventCounts {
    /// A handler ran.
    pub delivered: u64,
    /// No handler for them, or no guest at the time.
    pub skipped: u64,
    /// Left out because the mailbox was full, by kind; conflated ones are among them.
    #[schema(value_type = BTreeMap<EventKind, u64>)]
    pub dropped: BTreeMap<&'static str, u64>,
    /// Waiting in the mailbox.
    pub queued: usize,
}

/// `GET /strategy/instances/{id}`.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InstanceView {
    /// Its id.
    pub id: InstanceId,
    /// What it runs.
    pub strategy: StrategyView,
    /// Names of the scope, sorted.
    pub providers: Vec<ProviderName>,
    /// Provider to symbols.
    #[schema(value_type = BTreeMap<ProviderName, ProviderScope>)]
    pub scope: Scope,
    /// Symbols of all providers, sorted, each once.
    pub aggregated_symbols: Vec<Symbol>,
    /// Whether the host keeps it alive.
    pub running: bool,
    /// Whether it is to run: one that waits for its provider is to run and does not.
    pub desired: Desired,
    /// Where it stands.
    pub status: Status,
    /// When it came there, RFC 3339.
    #[schema(value_type = Timestamp)]
    pub since: String,
    /// When it was created, RFC 3339.
    #[schema(value_type = Timestamp)]
    pub created_at: String,
    /// The selector as it was given.
    pub selector: String,
    /// The revision it is pinned to.
    pub hash: Digest,
    /// Whether a refresh would move it, or stop it because its selector resolves to nothing any more.
    pub out_of_date: bool,
    /// The JavaScript engine inside it; known once it was started.
    #[schema(required)]
    pub engine_hash: Option<Digest>,
    /// Starts by operators, by the host and by moves to another revision, over its whole life.
    pub run: u64,
    /// Orders are logged, not sent.
    pub dry_run: bool,
    /// Whether its orders would be taken now.
    pub trading_active: bool,
    /// The host's limits with its own over them.
    pub limits: Limits,
    /// How its faults are answered: the host's ways with its own over them.
    pub restart: RestartRule,
    /// It starts when it is created and whenever the host starts.
    pub autostart: bool,
    /// Its orders that are not final.
    pub open_orders: usize,
    /// Of the exports that were called.
    pub fuel: FuelUse,
    /// Of its guest, bytes.
    pub memory: MemoryUse,
    /// Which threads it runs on: `low` when it exceeds `limits.fuelPerSecond`.
    pub priority: Priority,
    /// Of its events, from their arrival to the end of their handlers.
    pub latency: LatencyView,
    /// Its mailbox.
    pub events: EventCounts,
    /// Timers that fired.
    pub timers: u64,
    /// Uncaught JavaScript exceptions.
    pub exceptions: u64,
    /// Guests that were thrown away.
    pub faults: u64,
    /// Guests that were started after a fault.
    pub restarts: u64,
    /// The newest failure since its start.
    #[schema(required)]
    pub last_error: Option<LastError>,
    /// Per quote currency.
    #[schema(value_type = BTreeMap<String, ProfitLine>)]
    pub profit: Profit,
    /// Of its revision.
    pub usage: Usage,
    /// Where to look next.
    pub links: Links,
}

/// One row of `GET /strategy/instances`.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InstanceSummary {
    /// Its id.
    pub id: InstanceId,
    /// Bare name.
    pub strategy_identifier: StrategyName,
    /// The tag of the selector, or the revision's own.
    #[schema(required)]
    pub strategy_tag: Option<Tag>,
    /// The revision it is pinned to.
    pub strategy_hash: Digest,
    /// As it was given.
    pub strategy_selector: String,
    /// Whether a refresh would move it, or stop it because its selector resolves to nothing any more.
    pub out_of_date: bool,
    /// Names of the scope, sorted.
    pub providers: Vec<ProviderName>,
    /// Symbols of all providers, sorted, each once.
    pub aggregated_symbols: Vec<Symbol>,
    /// Whether the host keeps it alive.
    pub running: bool,
    /// Whether it is to run.
    pub desired: Desired,
    /// Where it stands.
    pub status: Status,
    /// When it came there, RFC 3339.
    #[schema(value_type = Timestamp)]
    pub since: String,
    /// The newest failure since its start.
    #[schema(required)]
    pub last_error: Option<LastError>,
    /// Of its revision.
    pub usage: Usage,
    /// Where to look next.
    pub links: Links,
}

/// Someone who keeps a revision from being deleted.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RevisionUser {
    /// Its id.
    pub id: InstanceId,
    /// Whether it runs; stopped ones count as users too (decision 9).
    pub running: bool,
}

impl InstanceView {
    /// What is known of one instance at this moment.
    pub(super) fn of(slot: &Slot, usage: &UsageIndex, floors: &Floors) -> Self {
        let (state, desk) = (slot.state(), &floors.desk);
        let (spec, pin, counters) = (&*state.spec, state.pin, state.counters);
        Self {
            id: spec.id.clone(),
            strategy: StrategyView {
                identifier: pin.name.clone(),
                config: spec.config.clone(),
                selector: spec.selector.clone(),
                tag: pin.tag.clone(),
                hash: pin.hash,
            },
            providers: spec.scope.keys().cloned().collect(),
            scope: spec.scope.clone(),
            aggregated_symbols: aggregated(spec),
            running: state.status.is_running(),
            desired: if state.wanted { Desired::Running } else { Desired::Stopped },
            status: state.status,
            since: state.since.to_rfc3339(),
            created_at: state.created_at.to_rfc3339(),
            selector: spec.selector.clone(),
            hash: pin.hash,
            out_of_date: is_out_of_date(&floors.catalogue, spec, &pin),
            engine_hash: state.engine_hash,
            run: state.run,
            dry_run: state.dry_run,
            trading_active: desk.trading_active(&spec.id),
            limits: state.limits,
            restart: spec.restart.filled(state.restart),
            autostart: spec.autostart,
            open_orders: desk.open_orders(&spec.id, None, None).len(),
            fuel: counters.fuel,
            memory: counters.memory,
            priority: state.priority,
            latency: slot.latency(),
            events: EventCounts {
                delivered: counters.delivered,
                skipped: counters.skipped,
                dropped: by_kind(&state.dropped),
                queued: state.queued,
            },
            timers: counters.timers,
            exceptions: counters.exceptions,
            faults: counters.faults,
            restarts: counters.restarts,
            last_error: state.last_error,
            profit: tidy(desk.profit(&spec.id)),
            usage: usage.of(&pin.name, pin.hash),
            links: Links::of(spec, &pin),
        }
    }
}

impl InstanceSummary {
    /// What is known of one instance at this moment, in one row.
    pub(super) fn of(slot: &Slot, usage: &UsageIndex, catalogue: &Catalogue) -> Self {
        let state = slot.state();
        let spec = &*state.spec;
        Self {
            id: spec.id.clone(),
            usage: usage.of(&state.pin.name, state.pin.hash),
            links: Links::of(spec, &state.pin),
            out_of_date: is_out_of_date(catalogue, spec, &state.pin),
            strategy_identifier: state.pin.name,
            strategy_tag: state.pin.tag,
            strategy_hash: state.pin.hash,
            strategy_selector: spec.selector.clone(),
            providers: spec.scope.keys().cloned().collect(),
            aggregated_symbols: aggregated(spec),
            running: state.status.is_running(),
            desired: if state.wanted { Desired::Running } else { Desired::Stopped },
            status: state.status,
            since: state.since.to_rfc3339(),
            last_error: state.last_error,
        }
    }
}

impl Links {
    /// Revisions are linked by their hash: that never moves.
    fn of(spec: &InstanceSpec, pin: &Pin) -> Self {
        Self {
            this: format!("/strategy/instances/{}", spec.id),
            usage: format!("/strategies/modules/{}@{}/usage", pin.name, pin.hash),
        }
    }
}

/// Looks at memory only.
fn is_out_of_date(catalogue: &Catalogue, spec: &InstanceSpec, pin: &Pin) -> bool {
    catalogue.resolve(&spec.selector).map_or(true, |resolved| resolved.hash != pin.hash)
}

fn aggregated(spec: &InstanceSpec) -> Vec<Symbol> {
    spec.scope.values().flat_map(|scope| &scope.symbols).cloned().collect::<BTreeSet<_>>().into_iter().collect()
}

/// The same figures without trailing zeros.
pub fn tidy(mut profit: Profit) -> Profit {
    for line in profit.values_mut() {
        for figure in [&mut line.realised, &mut line.unrealised, &mut line.fees, &mut line.net] {
            *figure = figure.normalize();
        }
    }
    profit
}

/// Kinds of which something was dropped.
fn by_kind(dropped: &DropCounts) -> BTreeMap<&'static str, u64> {
    let counts = EventKind::ALL.into_iter().map(|kind| (kind.as_str(), dropped.of(kind)));
    counts.filter(|(_, count)| *count > 0).collect()
}
