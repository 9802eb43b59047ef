//! `create` tried once before a revision is accepted, with the configuration that its defaults make.

use std::sync::Arc;

use serde_json::Map;
use tokio_util::sync::CancellationToken;

use super::snapshot::{LoadFailure, from_fault};
use crate::base::{InstanceId, ProviderName, Timestamp};
use crate::compile::{Diagnostic, Source, check_config};
use crate::market::Symbol;
use crate::sandbox::{Guest, GuestSetup, Limits, NoLog, Pace, Program, SavedInMemory, StartError};

/// The moment at which every dry run takes place: its result depends on nothing but the source.
const MOMENT: Timestamp = Timestamp::from_millis(1_723_075_200_000);

/// Gives the fuel that `create` used; none when a required field has no default, so that it cannot be tried.
pub(super) async fn create(program: &Program, source: &Source, limits: &Limits) -> Result<Option<u64>, LoadFailure> {
    let Ok(config) = check_config(program.metadata(), &Map::new()) else { return Ok(None) };
    let name = |text: &str| LoadFailure::Host(format!("the dry run has a bad name: {text}"));
    let setup = GuestSetup {
        instance: InstanceId::new("dry-run").map_err(|error| name(&error.given))?,
        config,
        seed: 1,
        feeds: vec![(
            ProviderName::new("dry-run").map_err(|error| name(&error.given))?,
            vec![Symbol::new("BTC-USDT").map_err(|error| name(&error.to_string()))?],
        )],
        limits: limits.clone(),
        dry_run: true,
        desk: None,
        pace: Pace::Virtual,
        log: Arc::new(NoLog),
        saved: Box::new(SavedInMemory::default()),
        time: MOMENT,
        cancel: CancellationToken::new(),
    };
    match Guest::start(program, setup).await {
        Ok((_, started)) => Ok(Some(started.fuel)),
        Err(StartError::Exception(thrown)) => Err(LoadFailure::Diagnostic(Box::new(Diagnostic::from_exception(&thrown, source)))),
        Err(StartError::Fault(fault)) => Err(from_fault(&fault)),
    }
}
