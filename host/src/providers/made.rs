//! From settings to a provider: the one place that knows every adapter by name.

use std::path::Path;
use std::sync::Arc;

use super::adapter::{AdapterInfo, adapters};
use super::error::ProvidersError;
use super::extension::{self, ExtensionConfig, ExtensionProvider};
use super::paper::{self, Blueprint, PaperConfig, PaperConfigError, PaperError, PaperProvider, log};
use super::settings::{SettingIssue, Settings};
use super::synthetic::{self, SyntheticConfig};
use crate::base::{Clock, ProviderName};
use crate::trading::Provider;

/// A provider by what it can do beside being one.
#[derive(Clone)]
pub(super) enum Made {
    /// It has a simulated account, which is made of what is on record.
    Simulated(Arc<PaperProvider>),
    /// Events are posted to it.
    Extension(Arc<ExtensionProvider>),
}

impl Made {
    /// Makes one; nothing of it works yet. Reads tapes: not for async threads.
    ///
    /// # Errors
    /// What is wrong with the settings.
    pub(super) fn new(
        name: &ProviderName,
        adapter: &str,
        settings: &Settings,
        wall: &Arc<dyn Clock>,
        data_dir: &Path,
    ) -> Result<Self, Vec<SettingIssue>> {
        let simulated = |blueprint: Blueprint| {
            let provider = PaperProvider::of(blueprint, Arc::clone(wall)).map_err(tape_issue)?;
            Ok(Self::Simulated(Arc::new(provider.with_log(&log::folder(data_dir, name)))))
        };
        match adapter {
            extension::ADAPTER => {
                let config: ExtensionConfig = settings.read()?;
                let provider = ExtensionProvider::new(name.clone(), &config, Arc::clone(wall))?;
                Ok(Self::Extension(Arc::new(provider)))
            }
            paper::ADAPTER => {
                let config: PaperConfig = settings.read()?;
                simulated(Blueprint::of_tapes(name.clone(), config).map_err(tape_issue)?)
            }
            synthetic::ADAPTER => {
                let config: SyntheticConfig = settings.read()?;
                simulated(config.blueprint(name.clone()).map_err(|error| config_issue(&error))?)
            }
            other => Err(vec![SettingIssue { path: "adapter.identifier".to_owned(), message: unknown(other).to_string() }]),
        }
    }

    pub(super) fn provider(&self) -> Arc<dyn Provider> {
        match self {
            Self::Simulated(provider) => Arc::clone(provider) as _,
            Self::Extension(provider) => Arc::clone(provider) as _,
        }
    }
}

/// The adapter that is meant: trimmed, in small letters.
pub(super) fn known(asked: Option<&str>) -> Result<AdapterInfo, ProvidersError> {
    let asked = asked.map(str::trim).filter(|asked| !asked.is_empty()).ok_or(ProvidersError::AdapterRequired)?;
    super::adapter::adapter(&asked.to_ascii_lowercase()).ok_or_else(|| unknown(asked))
}

fn unknown(asked: &str) -> ProvidersError {
    let known: Vec<_> = adapters().iter().map(|adapter| adapter.identifier).collect();
    let asked = asked.chars().take(60).flat_map(char::escape_debug).collect();
    ProvidersError::AdapterUnknown { asked, known: known.join(", ") }
}

fn tape_issue(error: PaperError) -> Vec<SettingIssue> {
    match error {
        PaperError::Config(error) => config_issue(&error),
        error @ (PaperError::Tape(_) | PaperError::SameSymbol(_) | PaperError::Log(_)) => {
            vec![SettingIssue::new("tapes", error.to_string())]
        }
    }
}

fn config_issue(error: &PaperConfigError) -> Vec<SettingIssue> {
    vec![SettingIssue::new(error.field, format!("is `{}`: {}", error.given, error.rule))]
}
