//! `POST /backtests`: puts a run into the queue. What can be wrong with it is told at once; what comes out, later.

use axum::extract::State;
use serde_json::Value;

use super::body::NewBacktest;
use crate::api::error::{ApiError, Code};
use crate::api::extract::{Body, Query};
use crate::api::openapi::{BegunAt, about};
use crate::api::state::Api;
use crate::backtest::PlayRequest;
use crate::backtest::jobs::{DataFolder, Defaults, JobRecord, JobsError};
use crate::base::InstanceId;
use crate::compile::check_config;
use crate::instances::revision::program;

about! {
    /// Puts a run of a strategy over recorded data into the queue.
    ///
    /// It is played as soon as it is its turn, on threads that give way to live instances.
    [InvalidName, InvalidSelector, TagNotFound, HashNotFound, StrategyNotFound, RevisionInvalid, StrategyValidationFailed, TooManyUploads, ConfigInvalid, LimitsInvalid, InvalidData, BacktestExists, TooManyBacktests, NotReady]
}

pub(crate) async fn create(
    State(api): State<Api>,
    _: Query<()>,
    Body(new): Body<NewBacktest>,
) -> Result<BegunAt<JobRecord>, ApiError> {
    let id = match &new.id {
        Some(id) => InstanceId::new(id)?,
        None => made_up()?,
    };
    // What costs nothing to find out comes first: data may be files of any length.
    let pieces = DataFolder::pieces(&new.data).map_err(JobsError::from)?;
    let place = api.backtests.place(id)?;
    let hash = api.catalogue.resolve(&new.strategy.identifier)?.hash;
    let program = program(&api.catalogue, &api.backtest_compiler, hash).await?;
    let mut config = new.strategy.config;
    config.entry("dry_run").or_insert(Value::Bool(false));
    let config = check_config(program.metadata(), &config).map_err(|issues| {
        let message = issues.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        ApiError::new(Code::ConfigInvalid, message).with_details(issues)
    })?;
    let Defaults { limits, risk, restart } = api.backtests.defaults().clone();
    let limits = limits.with(&new.limits).map_err(|error| ApiError::new(Code::LimitsInvalid, error.to_string()))?;
    let (seed, chaos) = (new.seed, new.chaos.unwrap_or_default());
    let (work, names, settings) = (api.clone(), new.data, new.venue);
    let record = api
        .carry_through(async move {
            let mut venues = place.open_data(pieces).await?;
            for venue in &mut venues {
                venue.configure(&settings).map_err(|error| ApiError::new(Code::ConfigInvalid, error.to_string()))?;
            }
            let request = PlayRequest { venues, config, limits, risk, restart, seed, chaos, ..PlayRequest::new(program) };
            work.carry_through_blocking(move || Ok(place.submit(names, request)?)).await
        })
        .await?;
    Ok(BegunAt { location: format!("/backtests/{}", record.id), view: record })
}

fn made_up() -> Result<InstanceId, ApiError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(ApiError::internal)?;
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(InstanceId::new(&format!("run-{digits}"))?)
}
