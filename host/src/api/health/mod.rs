//! Is it alive, is it ready, how is it doing.

pub(super) mod live;
pub(super) mod metrics;
pub(super) mod ready;
