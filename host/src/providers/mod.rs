//! Where events come from and orders go to, one folder each: the paper venue, which plays tapes, the same venue with a market
//! made up from a seed, markets from CSV files, signals from outside, and later real venues. `roster` keeps all that an operator has set up. Knows
//! nothing of instances or HTTP.

mod account;
pub mod adapter;
mod backoff;
mod check;
pub mod csv;
pub mod error;
pub mod extension;
mod made;
mod metrics;
pub mod paper;
mod record;
mod restore;
pub mod roster;
pub mod settings;
pub mod synthetic;
pub mod tape;

pub use adapter::{AdapterInfo, Setting, SettingKind, adapter, adapters};
pub use backoff::Backoff;
pub use error::ProvidersError;
pub use record::{ProviderNews, ProviderRecord, ProviderSpec};
pub use roster::Providers;
pub use settings::{SettingIssue, Settings};
