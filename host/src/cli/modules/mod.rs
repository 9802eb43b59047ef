//! `sandpit modules`: strategies and their revisions on a running host.

pub(crate) mod ls;
pub(crate) mod push;
pub(crate) mod rm;
pub(crate) mod show;
pub(crate) mod source;
pub(crate) mod usage;

mod files;

/// The path of a selector's operations.
fn module(selector: &str) -> [&str; 3] {
    ["strategies", "modules", selector]
}
