//! Instances as rows of the database, and back. Must not decide anything about them.

use std::sync::Arc;

use serde_json::Value;

use super::prepared::{Prepared, Ways};
use super::slot::{Pin, Slot, State};
use super::spec::InstanceSpec;
use super::status::{LastError, Status};
use crate::base::{InstanceId, Timestamp};
use crate::store::{Desired, InstanceRow, OrderFilter, Store, StoreError, UsageRow, WriteOp, Writer};

/// Puts an instance on record as it is; returns when it is on the disk.
pub(super) async fn save(store: &Store, slot: &Slot) -> Result<(), StoreError> {
    store.writer().commit(vec![WriteOp::UpsertInstance(Box::new(row(slot)))]).await
}

/// Puts a new instance on record and takes over the moment that the database calls its creation.
pub(super) async fn save_new(store: &Store, slot: &Slot) -> Result<(), StoreError> {
    save(store, slot).await?;
    let rows = store.instances().await?;
    if let Some(row) = rows.iter().find(|row| row.id == slot.id) {
        slot.update(|state| state.created_at = row.created_at);
    }
    Ok(())
}

/// Several at once, in one commit.
pub(super) async fn save_all(store: &Store, slots: &[Arc<Slot>]) -> Result<(), StoreError> {
    store.writer().commit(slots.iter().map(|slot| WriteOp::UpsertInstance(Box::new(row(slot)))).collect()).await
}

/// The same without waiting: for the instance's own task. A failure is logged; the next save repairs it.
pub(super) fn save_soon(store: &Store, slot: &Slot) {
    let id = slot.id.clone();
    let note = move |result: Result<(), StoreError>| {
        if let Err(error) = result {
            tracing::error!(instance = %id, %error, "the state of an instance was not written");
        }
    };
    if let Err(error) = store.writer().write(vec![WriteOp::UpsertInstance(Box::new(row(slot)))], Some(Box::new(note))) {
        tracing::error!(instance = %slot.id, %error, "the state of an instance was not written");
    }
}

/// Puts on record that the runs up to `last` may be used, while the instance stays what it is: a run number that came twice
/// would repeat client order ids. The next [`save`] says which of them was the last.
pub(super) async fn reserve_runs(store: &Store, slot: &Slot, last: u64) -> Result<(), StoreError> {
    let row = InstanceRow { run: last, ..row(slot) };
    store.writer().commit(vec![WriteOp::UpsertInstance(Box::new(row))]).await
}

/// The instance as it will be once it has moved.
pub(super) fn moved(slot: &Slot, to: &Prepared) -> WriteOp {
    let state = State { spec: Arc::clone(&to.spec), pin: to.pin.clone(), run: to.run, ..slot.state() };
    WriteOp::UpsertInstance(Box::new(row_of(state, slot.now())))
}

/// Puts the times of a revision's use on record without waiting. A failure is logged; the next start or stop repairs it.
pub(super) fn usage_soon(writer: &Writer, row: UsageRow) {
    let note = |result: Result<(), StoreError>| {
        if let Err(error) = result {
            tracing::error!(%error, "the use of a revision was not written");
        }
    };
    if let Err(error) = writer.write(vec![WriteOp::WidenUsage(Box::new(row))], Some(Box::new(note))) {
        tracing::error!(%error, "the use of a revision was not written");
    }
}

/// Takes an instance and its saved state off the record. Its orders stay.
pub(super) async fn delete(store: &Store, id: &InstanceId) -> Result<(), StoreError> {
    store.writer().commit(vec![WriteOp::DeleteInstance(id.clone())]).await
}

/// The run that a new instance counts on from. An id that is used again after a deletion must not repeat the client order
/// ids of its predecessor, whose orders are still on record.
pub(super) async fn last_run(store: &Store, id: &InstanceId) -> Result<u64, StoreError> {
    let newest = store.orders(&OrderFilter::of(id.clone(), 1)).await?;
    Ok(newest.first().map_or(0, |order| order.run))
}

/// An instance read back.
pub(super) struct Record {
    pub spec: InstanceSpec,
    pub pin: Pin,
    pub wanted: bool,
    pub run: u64,
    pub created_at: Timestamp,
    pub quarantined_at: Option<Timestamp>,
    pub last_error: Option<LastError>,
}

impl Record {
    /// As it was when the host ended; what ran does not yet run again.
    pub(super) fn state(self, ways: Ways, now: Timestamp) -> State {
        let mut state = State::new(Arc::new(self.spec), self.pin, ways, now);
        match self.quarantined_at {
            Some(since) => (state.status, state.since) = (Status::Quarantined, since),
            None if self.run > 0 => state.status = Status::Stopped,
            None => {}
        }
        (state.wanted, state.run, state.created_at, state.last_error) = (self.wanted, self.run, self.created_at, self.last_error);
        state
    }
}

/// Reads back every instance.
pub(super) async fn load(store: &Store) -> Result<Vec<Record>, StoreError> {
    store.instances().await?.into_iter().map(read).collect()
}

fn row(slot: &Slot) -> InstanceRow {
    row_of(slot.state(), slot.now())
}

fn row_of(state: State, now: Timestamp) -> InstanceRow {
    let spec = &state.spec;
    InstanceRow {
        id: spec.id.clone(),
        selector: spec.selector.clone(),
        strategy: state.pin.name,
        hash: state.pin.hash,
        tag: state.pin.tag,
        config: Value::Object(spec.config.clone()),
        scope: json(&spec.scope),
        limits: json(&spec.limits),
        restart: json(&spec.restart),
        autostart: spec.autostart,
        quarantined_at: (state.status == Status::Quarantined).then_some(state.since),
        last_error: state.last_error.as_ref().map(json),
        desired: if state.wanted { Desired::Running } else { Desired::Stopped },
        run: state.run,
        created_at: state.created_at,
        updated_at: now,
    }
}

fn json<T: serde::Serialize>(value: &T) -> Value {
    // Maps with text keys and plain numbers: serialization cannot fail.
    serde_json::to_value(value).unwrap_or(Value::Null)
}

fn read(row: InstanceRow) -> Result<Record, StoreError> {
    let spec = InstanceSpec {
        id: row.id,
        selector: row.selector,
        config: column("instances.config", row.config)?,
        scope: column("instances.scope", row.scope)?,
        limits: column("instances.limits", row.limits)?,
        restart: column("instances.restart", row.restart)?,
        autostart: row.autostart,
    };
    Ok(Record {
        spec,
        pin: Pin { name: row.strategy, hash: row.hash, tag: row.tag },
        wanted: row.desired == Desired::Running,
        run: row.run,
        created_at: row.created_at,
        quarantined_at: row.quarantined_at,
        last_error: row.last_error.map(|error| column("instances.last_error", error)).transpose()?,
    })
}

fn column<T: serde::de::DeserializeOwned>(column: &str, value: Value) -> Result<T, StoreError> {
    let text: String = value.to_string().chars().take(80).collect();
    serde_json::from_value(value).map_err(|_| StoreError::Corrupt {
        column: column.to_owned(),
        value: text,
        expected: "value of this version",
    })
}
