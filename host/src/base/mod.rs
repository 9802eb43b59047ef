//! The ground floor: time, names, digests, blame, metrics and life cycle. Knows nothing of markets, disks or wasm.

pub mod blame;
pub mod canonical;
pub mod clock;
pub mod digest;
pub mod duration;
pub(crate) mod fail_point;
pub mod id;
pub mod lifecycle;
pub mod metrics;

pub use blame::Blame;
pub use clock::{Clock, ManualClock, SystemClock, Timestamp};
pub use digest::Digest;
pub use id::{InstanceId, ProviderName, StrategyName, Tag};
