//! What strategies say about themselves, and the directory they come from: `/strategies`.

pub(super) mod get;
pub(super) mod list;
pub(super) mod refresh;
pub(super) mod registry;
mod view;
