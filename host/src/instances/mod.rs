//! Launched revisions: each is one task with one mailbox, one guest and its limits. Holds their creation, their life, their
//! faults, their logs and what the control plane shows of them. Must not know of HTTP.
//!
//! | file | holds |
//! |---|---|
//! | `spec` | what a client asks for, checked |
//! | `roster` | all instances: create, start, stop, delete, restore, shutdown |
//! | `revision`, `launch` | from a pinned revision to a program, and to a task |
//! | `actor` | the task: events, timers, faults, restarts |
//! | `status` | the life of an instance as one table |
//! | `restart` | backoff and quarantine |
//! | `slot` | what is known of one instance |
//! | `logs`, `counters`, `usage`, `metrics` | what people read |
//! | `view` | the JSON of the control plane |
//! | `persist`, `saved` | what outlives the process |

pub mod counters;
pub mod error;
pub mod logs;
pub mod restart;
pub mod revision;
pub mod seed;
pub mod spec;
pub mod status;
pub mod usage;
pub mod view;

mod actor;
mod launch;
mod metrics;
mod persist;
mod roster;
mod saved;
mod slot;

pub use error::InstanceError;
pub use launch::is_dry_run;
pub use logs::{LogConfig, LogLine, LogPage, LogQuery, LogSource};
pub use restart::RestartConfig;
pub use roster::{Floors, Instances, InstancesConfig, Restored};
pub use spec::{InstanceSpec, LaunchRequest, ProviderScope, Scope, ScopeRequest, StrategyRequest};
pub use status::{LastError, Status};
pub use usage::Usage;
pub use view::{EventCounts, InstanceSummary, InstanceView, Links, RevisionUser, StrategyView};
