//! `POST` and `DELETE /risk/kill-switch`: stops all orders of the host, and lets them go again. An answer says that it is on
//! the disk.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::on_record;
use crate::api::error::{ApiError, Code};
use crate::api::extract::{By, MaybeBody, Query};
use crate::api::state::Api;
use crate::trading::{Engaged, HostRisk, KillSwitch, StopVerb, SwitchError};

/// How to stop.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Request {
    /// `stop` unless it says more.
    #[serde(default)]
    action: Option<StopVerb>,
    /// For people.
    #[serde(default)]
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

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Switched {
    /// `engaged`, `reset` or `notEngaged`.
    status: &'static str,
    kill_switch: Option<Engaged>,
}

impl Switched {
    fn new(status: &'static str, risk: HostRisk) -> Json<Self> {
        Json(Self { status, kill_switch: risk.kill_switch })
    }
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
        Ok(Switched::new("engaged", desk.host_risk()))
    })
    .await
}

pub(crate) async fn reset(State(api): State<Api>, _: Query<()>) -> Result<Json<Switched>, ApiError> {
    let desk = Arc::clone(&api.desk);
    api.carry_through(async move {
        let (released, written) = desk.release_host()?;
        on_record(written).await?;
        Ok(Switched::new(if released { "reset" } else { "notEngaged" }, desk.host_risk()))
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
