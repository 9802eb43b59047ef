//! Risk: limits of the host and of instances, kill switches, and where everybody stands.

pub(super) mod drop_own_limits;
pub(super) mod engage;
pub(super) mod engage_own;
pub(super) mod instance;
pub(super) mod limits;
pub(super) mod overview;
pub(super) mod own_limits;
pub(super) mod replace_limits;
pub(super) mod replace_own_limits;
pub(super) mod reset;
pub(super) mod reset_own;

pub(super) mod limits_body;

use crate::store::StoreError;
use crate::trading::Written;

use super::error::{ApiError, Code};

/// Waits until a decision that holds already is on the disk.
pub(super) async fn on_record(written: Written) -> Result<(), ApiError> {
    let failed = |error: StoreError| {
        tracing::error!(%error, "a decision about risk is not on record");
        ApiError::new(
            Code::StoreUnavailable,
            "it holds from now on, but could not be put on record: a restart of the host would forget it; send it again",
        )
    };
    written.on_disk().await.map_err(failed)
}
