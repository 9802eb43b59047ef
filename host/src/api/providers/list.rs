//! `GET /providers`: every connection to a venue, by name. Settings are never shown: they may hold keys.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::extract::Query;
use crate::api::openapi::about;
use crate::api::state::Api;
use crate::base::{InstanceId, ProviderName, Timestamp};
use crate::trading::{Provider, ProviderStatus};

#[derive(Serialize, ToSchema)]
#[schema(as = ProviderListing)]
pub(crate) struct Listing {
    /// By name.
    providers: Vec<Summary>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ProviderSummary)]
struct Summary {
    #[schema(value_type = ProviderName)]
    name: String,
    /// What kind of connection it is.
    adapter: &'static str,
    /// The same as `adapter`: clients of the gateway read either.
    identifier: &'static str,
    /// What can be traded there.
    instrument_count: usize,
    /// Whether it takes orders now.
    running: bool,
    #[schema(value_type = ProviderStatus)]
    status: &'static str,
    /// No real money is at stake.
    paper: bool,
    /// The venue's time, RFC 3339: for a paper venue the tape's.
    #[schema(value_type = Timestamp)]
    time: String,
    /// Instances with it in their scope, running or not.
    dependent_instances: Vec<InstanceId>,
    /// Of `dependentInstances`.
    dependent_instance_count: usize,
}

about! {
    /// Every connection to a venue, by name. Settings are never shown.
    []
}

pub(crate) async fn list(State(api): State<Api>, _: Query<()>) -> Result<Json<Listing>, ApiError> {
    let summary = |provider: &dyn Provider| {
        let dependent_instances = api.instances.users_of_provider(provider.name().as_str());
        Summary {
            name: provider.name().to_string(),
            adapter: provider.adapter(),
            identifier: provider.adapter(),
            instrument_count: provider.instruments().len(),
            running: provider.status() == ProviderStatus::Running,
            status: provider.status().as_str(),
            paper: provider.is_paper(),
            time: provider.clock().now().to_rfc3339(),
            dependent_instance_count: dependent_instances.len(),
            dependent_instances,
        }
    };
    let mut providers: Vec<Summary> = api.desk.providers().iter().map(|provider| summary(provider.as_ref())).collect();
    providers.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Json(Listing { providers }))
}
