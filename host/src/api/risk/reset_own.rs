//! `DELETE /risk/instances/{id}/kill-switch`: lets the orders of one instance go again; its breaches are forgotten and its
//! circuit breaker closes with it. An answer says that it is on the disk.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::engage::Word;
use super::engage_own::Switched;
use super::on_record;
use crate::api::error::ApiError;
use crate::api::extract::{Query, Segment};
use crate::api::openapi::about;
use crate::api::state::Api;

about! {
    /// Resets the kill switch, the circuit breaker and the breaches of one instance.
    [InstanceNotFound, Flattening, StoreUnavailable]
}

pub(crate) async fn reset(
    State(api): State<Api>,
    Segment(id): Segment<String>,
    _: Query<()>,
) -> Result<Json<Switched>, ApiError> {
    let id = api.instances.get(&id)?.id;
    let desk = Arc::clone(&api.desk);
    api.carry_through(async move {
        let (released, written) = desk.release(&id)?;
        on_record(written).await?;
        let status = if released { Word::Reset } else { Word::NotEngaged };
        Ok(Json(Switched { status, state: desk.risk_state(&id), id }))
    })
    .await
}
