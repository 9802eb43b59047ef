//! What an instance asked to keep: read from the database once per start, written behind the guest's back.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::base::InstanceId;
use crate::sandbox::SavedState;
use crate::store::{Store, StoreError, WriteOp, Writer};

/// The newest saved value, shared by all guests of one start. A faulted guest's successor sees what it saved last, whether or
/// not the disk has it already.
#[derive(Clone)]
pub(super) struct Saved {
    instance: InstanceId,
    writer: Writer,
    newest: Arc<Mutex<Option<String>>>,
}

impl Saved {
    pub(super) async fn read(store: &Store, instance: &InstanceId) -> Result<Self, StoreError> {
        let newest = store.saved_state(instance).await?;
        Ok(Self { instance: instance.clone(), writer: store.writer(), newest: Arc::new(Mutex::new(newest)) })
    }

    /// The newest value.
    pub(super) fn newest(&self) -> Option<String> {
        self.lock().clone()
    }

    /// Makes `before` the newest value again: what a guest saved that did not come to life is not to be seen by anyone. What
    /// the disk does not take is logged; the guests of this start see the right value all the same.
    pub(super) fn put_back(&self, before: Option<String>) {
        let mut newest = self.lock();
        if *newest == before {
            return;
        }
        let instance = self.instance.clone();
        let op = match &before {
            Some(json) => WriteOp::SaveState { instance, json: json.clone() },
            None => WriteOp::DropState(instance),
        };
        if let Err(error) = self.write(op) {
            tracing::error!(instance = %self.instance, %error, "saved state was not put back on the disk");
        }
        *newest = before;
    }

    fn write(&self, op: WriteOp) -> Result<(), StoreError> {
        let id = self.instance.clone();
        let note = move |result: Result<(), StoreError>| {
            if let Err(error) = result {
                tracing::error!(instance = %id, %error, "saved state was not written");
            }
        };
        self.writer.write(vec![op], Some(Box::new(note)))
    }

    fn lock(&self) -> MutexGuard<'_, Option<String>> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SavedState for Saved {
    fn save(&self, json: &str) -> Result<(), String> {
        let op = WriteOp::SaveState { instance: self.instance.clone(), json: json.to_owned() };
        self.write(op).map_err(|error| error.to_string())?;
        *self.lock() = Some(json.to_owned());
        Ok(())
    }

    fn load(&self) -> Option<String> {
        self.newest()
    }
}
