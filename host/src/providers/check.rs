//! Whether a provider could be set up as somebody asks, without doing it.

use super::error::ProvidersError;
use super::made::known;
use super::record::ProviderSpec;
use super::roster::Providers;
use super::settings::Settings;
use crate::base::ProviderName;

impl Providers {
    /// What a creation, or a replacement of one that is there, would refuse.
    ///
    /// # Errors
    /// What is missing or wrong in the specification.
    pub async fn check(&self, spec: ProviderSpec) -> Result<(), ProvidersError> {
        let name = spec.name.as_deref().map(str::trim).filter(|name| !name.is_empty()).ok_or(ProvidersError::NameRequired)?;
        let adapter = known(spec.adapter.as_deref())?;
        let name = ProviderName::new(name)?;
        let wrong = |issues| ProvidersError::Settings { name: name.clone(), issues };
        let before = self.entry(name.as_str()).ok().map(|entry| entry.state().row.clone());
        let before = before.filter(|row| row.adapter == adapter.identifier).map(|row| Settings::stored(row.config));
        let settings = Settings::given(spec.settings, &adapter, before.as_ref()).map_err(wrong)?;
        self.make(&name, adapter.identifier, &settings).await?.map(drop).map_err(wrong)
    }
}
