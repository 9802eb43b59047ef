//! Kinds of provider: `/adapters`.

pub(super) mod get;
pub(super) mod list;
