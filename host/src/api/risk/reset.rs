//! `DELETE /risk/kill-switch`: lets the orders of the host go again. An answer says that it is on the disk.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::engage::{Switched, Word};
use super::on_record;
use crate::api::error::ApiError;
use crate::api::extract::Query;
use crate::api::openapi::about;
use crate::api::state::Api;

about! {
    /// Resets the kill switch of the host. What instances have engaged themselves stays.
    [Flattening, StoreUnavailable]
}

pub(crate) async fn reset(State(api): State<Api>, _: Query<()>) -> Result<Json<Switched>, ApiError> {
    let desk = Arc::clone(&api.desk);
    api.carry_through(async move {
        let (released, written) = desk.release_host()?;
        on_record(written).await?;
        Ok(Switched::new(if released { Word::Reset } else { Word::NotEngaged }, desk.host_risk()))
    })
    .await
}
