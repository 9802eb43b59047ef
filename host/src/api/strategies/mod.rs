//! What strategies say about themselves: `/strategies`.

pub(super) mod get;
pub(super) mod list;
mod view;
