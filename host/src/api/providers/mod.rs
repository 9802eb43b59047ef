//! Connections to venues: `/providers`.

pub(super) mod balances;
pub(super) mod body;
pub(super) mod create;
pub(super) mod delete;
pub(super) mod events;
pub(super) mod get;
pub(super) mod list;
pub(super) mod replace;
pub(super) mod start;
pub(super) mod stop;
mod view;
