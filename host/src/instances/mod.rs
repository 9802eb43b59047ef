//! Launched revisions: each is one task with one mailbox, one guest and its limits. Holds their creation, their life, their
//! faults, their logs and what the control plane shows of them. Must not know of HTTP.
//!
//! | file | holds |
//! |---|---|
//! | `spec` | what a client asks for, checked |
//! | `roster` | all instances: create, start, stop, delete |
//! | `restore` | starts that nobody asks for at that moment, and the common end |
//! | `config` | what an operator can set, and the floors below |
//! | `open_orders` | what becomes of the orders of one that stops |
//! | `revision`, `prepared`, `launch` | from a pinned revision to a program, to one that fits the instance, and to a task |
//! | `actor`, `recovery` | the task: events, timers; faults, restarts, quarantine |
//! | `refresh`, `update` | who moves to another revision, who gets another configuration |
//! | `changing`, `moving` | how a running one changes over: who asks and waits, and what its task does |
//! | `status` | the life of an instance as one table |
//! | `restart`, `failure` | backoff and quarantine; why a guest is gone |
//! | `slot` | what is known of one instance |
//! | `priority` | the compute budget, and the threads of those that exceed it |
//! | `logs`, `counters`, `latency`, `usage`, `metrics` | what people read |
//! | `feed`, `news` | what people follow |
//! | `view` | the JSON of the control plane |
//! | `backup`, `secrets` | what goes into a backup and comes back from one, and what must not |
//! | `persist`, `saved` | what outlives the process |

pub mod backup;
mod backup_switch;
pub mod config;
pub mod counters;
pub mod error;
pub mod feed;
pub mod logs;
pub mod news;
pub mod open_orders;
pub mod restart;
pub mod revision;
pub mod secrets;
pub mod seed;
pub mod spec;
pub mod status;
pub mod usage;
pub mod view;

mod actor;
mod changing;
mod failure;
mod latency;
mod launch;
mod metrics;
mod moving;
mod persist;
mod prepared;
mod priority;
mod recovery;
mod refresh;
mod restore;
mod roster;
mod saved;
mod slot;
mod update;

pub use backup::{InstanceBackup, PutBack};
pub use backup_switch::KillSwitchBackup;
pub use config::{Floors, InstancesConfig};
pub use error::InstanceError;
pub use feed::{FeedConfig, FeedEnd, FeedReader, Place};
pub use latency::LatencyView;
pub use logs::{LogConfig, LogLine, LogPage, LogQuery, LogSource};
pub use news::{News, NewsKind};
pub use open_orders::{LeftOrders, OpenOrders};
pub use prepared::is_dry_run;
pub use priority::Priority;
pub use refresh::{InstanceOutcome, RefreshError, RefreshReason, RefreshResult, RefreshTargets};
pub use restart::{RestartConfig, RestartRule, RestartWhen};
pub use restore::Restored;
pub use roster::Instances;
pub use spec::{InstanceSpec, LaunchRequest, ProviderScope, Scope, ScopeRequest, StrategyRequest};
pub use status::{LastError, Status};
pub use update::ChangeRequest;
pub use usage::Usage;
pub use view::{EventCounts, InstanceSummary, InstanceView, Links, RevisionUser, StrategyView};
