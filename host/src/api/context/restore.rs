//! `POST /context/backup`: providers, limits and instances as a backup says. Nothing is done without a mode, and a part that the
//! backup does not have is left alone; what cannot be brought back is named, and the rest goes on.

use axum::Json;
use axum::extract::State;

use super::document::{Changes, Mode, Report, Restore, VERSION};
use super::{instances, providers, risk};
use crate::api::error::{ApiError, Code};
use crate::api::extract::{FromQuery, MaybeBody, Parameters, Query, Rule};
use crate::api::openapi::about;
use crate::api::state::Api;

/// The same as in the body, for a backup that is sent as it was kept.
pub(crate) struct Wanted {
    mode: Option<String>,
    dry_run: bool,
}

impl FromQuery for Wanted {
    fn take(parameters: &mut Parameters) -> Result<Self, ApiError> {
        let mode = parameters.says("What becomes of what the backup does not have; instead of the same in the body.").parsed(
            "mode",
            Rule::OneOf(|| vec!["merge", "replace"]),
            |text| Some(text.to_owned()),
        )?;
        Ok(Self { mode, dry_run: parameters.says("Only say what would happen.").flag("dryRun")? })
    }
}

about! {
    /// Makes providers, limits and instances what a backup says.
    ///
    /// Nothing is done without a mode. A part that the backup does not have is left alone; what cannot be brought back is named, and
    /// the rest goes on.
    [InvalidParameter, InvalidBody, StoreUnavailable, NotReady]
}

pub(crate) async fn restore(
    State(api): State<Api>,
    Query(wanted): Query<Wanted>,
    MaybeBody(backup): MaybeBody<Restore>,
) -> Result<Json<Report>, ApiError> {
    let Some(backup) = backup else { return Err(ApiError::new(Code::InvalidBody, "a backup is required: the body is empty")) };
    let mode = mode(&backup, &wanted)?;
    if backup.providers.is_none() && backup.lambdas.is_none() && backup.risk.is_none() {
        let message = "the backup has none of providers, lambdas and risk: there is nothing to restore, and nothing was removed";
        return Err(ApiError::new(Code::InvalidBody, message));
    }
    if let Some(version) = backup.version.filter(|version| *version != VERSION) {
        let message = format!("the backup has version {version}: this host reads version {VERSION} and those of the gateway");
        return Err(ApiError::new(Code::InvalidBody, message));
    }
    let dry_run = wanted.dry_run || backup.dry_run.unwrap_or(false);
    let at_work = api.clone();
    api.carry_through(async move { Ok(Json(carry_out(&at_work, backup, mode, dry_run).await)) }).await
}

fn mode(backup: &Restore, wanted: &Wanted) -> Result<Mode, ApiError> {
    let said: Vec<_> = [&backup.mode, &wanted.mode].into_iter().flatten().map(String::as_str).collect();
    match said.as_slice() {
        ["merge"] | ["merge", "merge"] => Ok(Mode::Merge),
        ["replace"] | ["replace", "replace"] => Ok(Mode::Replace),
        _ => {
            let rule = "mode must be `merge` (what the backup does not have stays) or `replace` (it is removed)";
            Err(ApiError::new(Code::InvalidParameter, format!("{rule}; nothing was changed")))
        }
    }
}

/// What goes, goes before what comes: instances before the providers that they use, and the other way round.
async fn carry_out(api: &Api, backup: Restore, mode: Mode, dry_run: bool) -> Report {
    let (mut of_providers, mut of_instances, mut of_risk) = (Changes::default(), Changes::default(), Changes::default());
    if mode == Mode::Replace {
        if let Some(backup) = &backup.lambdas {
            instances::remove_others(api, backup, dry_run, &mut of_instances).await;
        }
        if let Some(backup) = &backup.providers {
            providers::remove_others(api, backup, &of_instances.removed, dry_run, &mut of_providers).await;
        }
    }
    if let Some(backup) = backup.providers {
        providers::put_back(api, backup, dry_run, &mut of_providers).await;
    }
    if let Some(backup) = backup.lambdas {
        instances::put_back(api, backup, dry_run, &mut of_instances).await;
    }
    if let Some(backup) = backup.risk {
        risk::put_back(api, backup, mode, dry_run, &mut of_risk).await;
    }
    let status = if dry_run { "unchanged" } else { "restored" };
    tracing::info!(?mode, dry_run, "a backup was read");
    Report { status, mode, dry_run, providers: of_providers, lambdas: of_instances, risk: of_risk }
}
