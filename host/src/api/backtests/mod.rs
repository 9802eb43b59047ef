//! Runs over recorded data on this host: `/backtests`.

pub(super) mod body;
pub(super) mod cancel;
pub(super) mod create;
pub(super) mod delete;
pub(super) mod events;
pub(super) mod get;
pub(super) mod list;
