//! `GET /risk`: the kill switch of the host, and every instance that has something engaged or a day budget used up.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::api::extract::Query;
use crate::api::state::Api;
use crate::base::InstanceId;
use crate::trading::{Engaged, RiskState};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Overview {
    kill_switch: Option<Engaged>,
    /// By id.
    instances: Vec<Concerned>,
    count: usize,
}

#[derive(Serialize)]
struct Concerned {
    id: InstanceId,
    #[serde(flatten)]
    state: RiskState,
}

pub(crate) async fn get(State(api): State<Api>, _: Query<()>) -> Json<Overview> {
    let risk = api.desk.host_risk();
    let instances: Vec<_> = risk.instances.into_iter().map(|(id, state)| Concerned { id, state }).collect();
    Json(Overview { kill_switch: risk.kill_switch, count: instances.len(), instances })
}
