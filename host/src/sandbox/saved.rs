//! Where a guest's one saved value is kept.

use std::sync::{Arc, Mutex, PoisonError};

/// Keeps the saved value of one instance. Called on the task that runs the guest: it must not block.
pub trait SavedState: Send {
    /// Replaces the value (JSON text, within the limit). It becomes durable soon.
    ///
    /// # Errors
    /// A sentence for the author when it cannot be kept.
    fn save(&self, json: &str) -> Result<(), String>;

    /// The newest saved value, durable or not.
    fn load(&self) -> Option<String>;
}

/// Keeps the value in memory only: backtests, dry runs, tests. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct SavedInMemory(Arc<Mutex<Option<String>>>);

impl SavedState for SavedInMemory {
    fn save(&self, json: &str) -> Result<(), String> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(json.to_owned());
        Ok(())
    }

    fn load(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
