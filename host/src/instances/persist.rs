//! Instances as rows of the database, and back. Must not decide anything about them.

use std::sync::Arc;

use serde_json::Value;

use super::prepared::Prepared;
use super::slot::{Pin, Slot, State};
use super::spec::{InstanceSpec, Scope};
use super::status::Status;
use crate::base::{InstanceId, Timestamp};
use crate::sandbox::{LimitOverrides, Limits};
use crate::store::{Desired, InstanceRow, OrderFilter, Store, StoreError, UsageRow, WriteOp, Writer};

/// Puts an instance on record as it is; returns when it is on the disk.
pub(super) async fn save(store: &Store, slot: &Slot) -> Result<(), StoreError> {
    store.writer().commit(vec![WriteOp::UpsertInstance(Box::new(row(slot)))]).await
}

/// Puts a new instance on record and takes over the moment that the database calls its creation.
pub(super) async fn save_new(store: &Store, slot: &Slot) -> Result<(), StoreError> {
    save(store, slot).await?;
    let rows = store.instances().await?;
    if let Some(row) = rows.iter().find(|row| row.id == slot.spec.id) {
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
    let id = slot.spec.id.clone();
    let note = move |result: Result<(), StoreError>| {
        if let Err(error) = result {
            tracing::error!(instance = %id, %error, "the state of an instance was not written");
        }
    };
    if let Err(error) = store.writer().write(vec![WriteOp::UpsertInstance(Box::new(row(slot)))], Some(Box::new(note))) {
        tracing::error!(instance = %slot.spec.id, %error, "the state of an instance was not written");
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
    let Pin { name, hash, tag } = to.pin.clone();
    WriteOp::UpsertInstance(Box::new(InstanceRow { strategy: name, hash, tag, run: to.run, ..row(slot) }))
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
    pub state: State,
}

/// Reads back every instance. Limits that the host no longer allows fall back to the host's, with a line in the log.
pub(super) async fn load(store: &Store, host: &Limits, now: Timestamp) -> Result<Vec<Record>, StoreError> {
    store.instances().await?.into_iter().map(|row| read(row, host, now)).collect()
}

fn row(slot: &Slot) -> InstanceRow {
    let (spec, state) = (&slot.spec, slot.state());
    InstanceRow {
        id: spec.id.clone(),
        selector: spec.selector.clone(),
        strategy: state.pin.name,
        hash: state.pin.hash,
        tag: state.pin.tag,
        config: Value::Object(spec.config.clone()),
        scope: json(&spec.scope),
        limits: json(&spec.limits),
        desired: if state.wanted { Desired::Running } else { Desired::Stopped },
        run: state.run,
        created_at: state.created_at,
        updated_at: slot.now(),
    }
}

fn json<T: serde::Serialize>(value: &T) -> Value {
    // Maps with text keys and plain numbers: serialization cannot fail.
    serde_json::to_value(value).unwrap_or(Value::Null)
}

fn read(row: InstanceRow, host: &Limits, now: Timestamp) -> Result<Record, StoreError> {
    let scope: Scope = column("instances.scope", row.scope)?;
    let overrides: LimitOverrides = column("instances.limits", row.limits)?;
    let config = column("instances.config", row.config)?;
    let limits = host.with(&overrides).unwrap_or_else(|error| {
        tracing::warn!(instance = %row.id, %error, "the limits on record are not allowed any more: the host's are used");
        host.clone()
    });
    let pin = Pin { name: row.strategy, hash: row.hash, tag: row.tag };
    let mut state = State::new(pin, limits, now);
    state.status = if row.run == 0 { Status::Created } else { Status::Stopped };
    state.wanted = row.desired == Desired::Running;
    state.run = row.run;
    state.created_at = row.created_at;
    let spec = InstanceSpec { id: row.id, selector: row.selector, config, scope, limits: overrides };
    Ok(Record { spec, state })
}

fn column<T: serde::de::DeserializeOwned>(column: &str, value: Value) -> Result<T, StoreError> {
    let text: String = value.to_string().chars().take(80).collect();
    serde_json::from_value(value).map_err(|_| StoreError::Corrupt {
        column: column.to_owned(),
        value: text,
        expected: "value of this version",
    })
}
