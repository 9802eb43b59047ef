//! Movable pointers to revisions: `/strategies/modules/{name}/tags`.

pub(super) mod assign;
pub(super) mod delete;
pub(super) mod history;
mod if_match;
pub(super) mod list;
