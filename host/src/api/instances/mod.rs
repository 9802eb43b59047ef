//! Launched revisions: `/strategy/instances`.

pub(super) mod create;
pub(super) mod delete;
pub(super) mod denials;
pub(super) mod executions;
pub(super) mod get;
pub(super) mod list;
pub(super) mod logs;
pub(super) mod orders;
pub(super) mod positions;
pub(super) mod start;
pub(super) mod stop;
