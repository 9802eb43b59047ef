//! What a simulated venue is made of: its rules, its market, and how well it can be reached. Adapters make one of their settings.

use super::conduct::Conduct;
use super::config::{PaperConfig, Speed};
use super::link::Outages;
use super::provider::PaperError;
use super::source::{Market, Tapes};
use super::venue::VenueSetup;
use crate::base::ProviderName;
use crate::bus::KindSet;
use crate::providers::tape::Tape;

/// Process lifetime: every session of a provider is built from the same one.
pub struct Blueprint {
    /// Whose settings it was made of.
    pub adapter: &'static str,
    /// How fast its market is played.
    pub speed: Speed,
    /// Its rules; `session` is set anew by each start.
    pub setup: VenueSetup,
    /// What happens there.
    pub market: Box<dyn Market>,
    /// Moods; none for a venue that is always the same.
    pub conduct: Option<Conduct>,
    /// None for a connection that never breaks.
    pub outages: Option<Outages>,
}

impl Blueprint {
    /// Of recorded markets. Opens the tapes.
    ///
    /// # Errors
    /// [`PaperError`] when a setting or a tape is not usable.
    pub fn of_tapes(name: ProviderName, config: PaperConfig) -> Result<Self, PaperError> {
        let setup = config.venue(name, Default::default(), KindSet::PUBLIC)?;
        let tapes = config.tapes.into_iter().map(|tape| Tape::open(&tape)).collect::<Result<Vec<_>, _>>()?;
        let market = Box::new(Tapes::together(tapes, config.looping));
        Ok(Self { adapter: super::ADAPTER, speed: config.speed, setup, market, conduct: None, outages: None })
    }
}
