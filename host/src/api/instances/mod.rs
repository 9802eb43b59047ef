//! Launched revisions: `/strategy/instances`.

pub(super) mod create;
pub(super) mod delete;
pub(super) mod denials;
pub(super) mod events;
pub(super) mod executions;
pub(super) mod get;
mod left_orders;
pub(super) mod list;
pub(super) mod logs;
mod news;
pub(super) mod orders;
pub(super) mod positions;
pub(super) mod start;
pub(super) mod stop;
pub(super) mod update;
