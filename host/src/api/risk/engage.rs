//! `POST /risk/kill-switch`: stops all orders of the host. An answer says that it is on the disk.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::on_record;
use crate::api::error::{ApiError, Code};
use crate::api::extract::{By, MaybeBody, Query};
use crate::api::openapi::{about, examples};
use crate::api::state::Api;
use crate::trading::{Engaged, HostRisk, KillSwitch, StopVerb, SwitchError};

/// How to stop.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = KillSwitchRequest, examples(examples::kill_switch))]
pub(crate) struct Request {
    /// `stop` unless it says more.
    #[serde(default)]
    action: Option<StopVerb>,
    /// For people.
    #[serde(default)]
    #[schema(max_length = 500)]
    reason: Option<String>,
}

impl Request {
    /// The operator's order. The one who is named is who was authenticated, and for whom, if they say so.
    pub(super) fn order(self, api: &Api, by: By) -> Result<KillSwitch, ApiError> {
        let cause = by.because(self.reason)?;
        let who = cause.actor.map_or_else(|| cause.who.clone(), |actor| format!("{} for {actor}", cause.who));
        let reason = cause.reason.unwrap_or_else(|| "an operator engaged it".to_owned());
        Ok(KillSwitch { verb: self.action.unwrap_or(StopVerb::Stop), reason, who, at: api.clock.now() })
    }
}

/// What became of a kill switch.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = KillSwitchStatus)]
pub(super) enum Word {
    /// It is engaged.
    Engaged,
    /// It was engaged and is not any more.
    Reset,
    /// It was not engaged.
    NotEngaged,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HostKillSwitch)]
pub(crate) struct Switched {
    status: Word,
    /// The host's kill switch, when engaged.
    #[schema(required)]
    kill_switch: Option<Engaged>,
}

impl Switched {
    pub(super) fn new(status: Word, risk: HostRisk) -> Json<Self> {
        Json(Self { status, kill_switch: risk.kill_switch })
    }
}

about! {
    /// Engages the kill switch of the host.
    ///
    /// `stop` takes no orders, `cancel` cancels open ones as well, `flatten` then closes all positions. An engaged switch may be made to do
    /// more.
    [KillSwitchStronger, StoreUnavailable]
}

pub(crate) async fn engage(
    State(api): State<Api>,
    _: Query<()>,
    by: By,
    MaybeBody(request): MaybeBody<Request>,
) -> Result<Json<Switched>, ApiError> {
    let order = request.unwrap_or_default().order(&api, by)?;
    let desk = Arc::clone(&api.desk);
    api.carry_through(async move {
        on_record(desk.stop_host(order)?).await?;
        Ok(Switched::new(Word::Engaged, desk.host_risk()))
    })
    .await
}

impl From<SwitchError> for ApiError {
    fn from(error: SwitchError) -> Self {
        let code = match &error {
            SwitchError::Weaker { .. } => Code::KillSwitchStronger,
            SwitchError::Flattening(_) => Code::Flattening,
        };
        Self::new(code, error.to_string())
    }
}
