//! What an instance asked to keep: read from the database once per start, written behind the guest's back.

use std::sync::{Arc, Mutex, PoisonError};

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
}

impl SavedState for Saved {
    fn save(&self, json: &str) -> Result<(), String> {
        let op = WriteOp::SaveState { instance: self.instance.clone(), json: json.to_owned() };
        let id = self.instance.clone();
        let note = move |result: Result<(), StoreError>| {
            if let Err(error) = result {
                tracing::error!(instance = %id, %error, "saved state was not written");
            }
        };
        self.writer.write(vec![op], Some(Box::new(note))).map_err(|error| error.to_string())?;
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = Some(json.to_owned());
        Ok(())
    }

    fn load(&self) -> Option<String> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
