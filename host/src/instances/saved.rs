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
    kept: Arc<Mutex<Kept>>,
}

struct Kept {
    newest: Option<String>,
    /// The guest of another revision is being started: what it saves is not written yet.
    on_trial: bool,
}

impl Saved {
    pub(super) async fn read(store: &Store, instance: &InstanceId) -> Result<Self, StoreError> {
        let kept = Kept { newest: store.saved_state(instance).await?, on_trial: false };
        Ok(Self { instance: instance.clone(), writer: store.writer(), kept: Arc::new(Mutex::new(kept)) })
    }

    /// From here on nothing is written until the trial is passed; a trial that is dropped was never held.
    pub(super) fn trial(&self) -> Trial {
        let mut kept = self.lock();
        kept.on_trial = true;
        Trial { saved: self.clone(), before: kept.newest.clone(), passed: false }
    }

    /// Queues `ops` as one unit. Failures that come later are logged.
    fn write(&self, ops: Vec<WriteOp>) -> Result<(), StoreError> {
        let id = self.instance.clone();
        let note = move |result: Result<(), StoreError>| {
            if let Err(error) = result {
                tracing::error!(instance = %id, %error, "saved state was not written");
            }
        };
        self.writer.write(ops, Some(Box::new(note)))
    }

    fn op(&self, json: &str) -> WriteOp {
        WriteOp::SaveState { instance: self.instance.clone(), json: json.to_owned() }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SavedState for Saved {
    fn save(&self, json: &str) -> Result<(), String> {
        let mut kept = self.lock();
        if !kept.on_trial {
            self.write(vec![self.op(json)]).map_err(|error| error.to_string())?;
        }
        kept.newest = Some(json.to_owned());
        Ok(())
    }

    fn load(&self) -> Option<String> {
        self.lock().newest.clone()
    }
}

/// While the first guest of another revision is made. What it saves reaches the disk together with the new pin or not at all: a
/// host that is killed in between must not give one revision the state of the other.
pub(super) struct Trial {
    saved: Saved,
    before: Option<String>,
    passed: bool,
}

impl Trial {
    /// Whether there was something for it to load.
    pub(super) fn had_state(&self) -> bool {
        self.before.is_some()
    }

    /// The guest lives: what it saved is queued in one unit with `pin`, before anything that it saves later.
    ///
    /// # Errors
    /// The queue is full or closed; then the trial was not passed.
    pub(super) fn pass(mut self, pin: WriteOp) -> Result<(), StoreError> {
        let mut kept = self.saved.lock();
        let saved = kept.newest.as_ref().filter(|_| kept.newest != self.before).map(|json| self.saved.op(json));
        self.saved.write(std::iter::once(pin).chain(saved).collect())?;
        kept.on_trial = false;
        drop(kept);
        self.passed = true;
        Ok(())
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        if !self.passed {
            let mut kept = self.saved.lock();
            kept.newest = self.before.take();
            kept.on_trial = false;
        }
    }
}
