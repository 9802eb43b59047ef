//! Sources, revisions and tags: `/strategies/modules`.

pub(super) mod delete;
pub(super) mod get;
pub(super) mod list;
mod moment;
pub(super) mod replace;
pub(super) mod source;
pub(super) mod upload;
pub(super) mod usage;
mod view;
