//! `POST /risk/instances/{id}/kill-switch`: stops the orders of one instance. An answer says that it is on the disk.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::engage::{Request, Word};
use super::on_record;
use crate::api::error::ApiError;
use crate::api::extract::{By, MaybeBody, Query, Segment};
use crate::api::openapi::about;
use crate::api::state::Api;
use crate::base::InstanceId;
use crate::trading::RiskState;

#[derive(Serialize, ToSchema)]
#[schema(as = InstanceKillSwitch)]
pub(crate) struct Switched {
    pub(super) status: Word,
    /// The instance.
    pub(super) id: InstanceId,
    #[serde(flatten)]
    pub(super) state: RiskState,
}

about! {
    /// Engages the kill switch of one instance.
    ///
    /// `stop` takes no orders, `cancel` cancels open ones as well, `flatten` then closes its positions; `flatten.state` says how far it is. An
    /// engaged switch may be made to do more.
    [InstanceNotFound, KillSwitchStronger, StoreUnavailable]
}

pub(crate) async fn engage(
    State(api): State<Api>,
    Segment(id): Segment<String>,
    _: Query<()>,
    by: By,
    MaybeBody(request): MaybeBody<Request>,
) -> Result<Json<Switched>, ApiError> {
    let id = api.instances.get(&id)?.id;
    let order = request.unwrap_or_default().order(&api, by)?;
    let desk = Arc::clone(&api.desk);
    api.carry_through(async move {
        on_record(desk.stop(&id, order)?).await?;
        Ok(Json(Switched { status: Word::Engaged, state: desk.risk_state(&id), id }))
    })
    .await
}
