//! Connections to venues: `/providers`.

pub(super) mod balances;
pub(super) mod list;
