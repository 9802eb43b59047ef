//! `GET /risk`: the kill switch of the host, and every instance that has something engaged or a day budget used up.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::extract::Query;
use crate::api::openapi::about;
use crate::api::state::Api;
use crate::base::InstanceId;
use crate::trading::{Engaged, RiskState};

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RiskOverview)]
pub(crate) struct Overview {
    /// The host's kill switch, when engaged.
    #[schema(required)]
    kill_switch: Option<Engaged>,
    /// By id.
    instances: Vec<Concerned>,
    /// Of the instances listed.
    count: usize,
}

#[derive(Serialize, ToSchema)]
#[schema(as = InstanceAtRisk)]
struct Concerned {
    /// The instance.
    id: InstanceId,
    #[serde(flatten)]
    state: RiskState,
}

about! {
    /// The kill switch of the host, and every instance that has something engaged or a day budget used up.
    []
}

pub(crate) async fn get(State(api): State<Api>, _: Query<()>) -> Json<Overview> {
    let risk = api.desk.host_risk();
    let instances: Vec<_> = risk.instances.into_iter().map(|(id, state)| Concerned { id, state }).collect();
    Json(Overview { kill_switch: risk.kill_switch, count: instances.len(), instances })
}
