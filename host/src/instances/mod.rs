//! Launched revisions: each is one task with one mailbox, one guest and its limits. Holds their creation, their life, their
//! faults, their logs and what the control plane shows of them. Must not know of HTTP.
//!
//! | file | holds |
//! |---|---|
//! | `spec` | what a client asks for, checked |
//! | `roster` | all instances: create, start, stop, delete, restore, shutdown |
//! | `revision`, `prepared`, `launch` | from a pinned revision to a program, to one that fits the instance, and to a task |
//! | `actor` | the task: events, timers, faults, restarts |
//! | `refresh`, `moving` | who moves to another revision, and how a running one does |
//! | `status` | the life of an instance as one table |
//! | `restart`, `failure` | backoff and quarantine; why a guest is gone |
//! | `slot` | what is known of one instance |
//! | `priority` | the compute budget, and the threads of those that exceed it |
//! | `logs`, `counters`, `latency`, `usage`, `metrics` | what people read |
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
mod failure;
mod latency;
mod launch;
mod metrics;
mod moving;
mod persist;
mod prepared;
mod priority;
mod refresh;
mod roster;
mod saved;
mod slot;

pub use error::InstanceError;
pub use latency::LatencyView;
pub use logs::{LogConfig, LogLine, LogPage, LogQuery, LogSource};
pub use prepared::is_dry_run;
pub use priority::Priority;
pub use refresh::{InstanceOutcome, RefreshError, RefreshReason, RefreshResult, RefreshTargets};
pub use restart::RestartConfig;
pub use roster::{Floors, Instances, InstancesConfig, Restored};
pub use spec::{InstanceSpec, LaunchRequest, ProviderScope, Scope, ScopeRequest, StrategyRequest};
pub use status::{LastError, Status};
pub use usage::Usage;
pub use view::{EventCounts, InstanceSummary, InstanceView, Links, RevisionUser, StrategyView};
