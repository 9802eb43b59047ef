//! What the tests share: the app, a client, the guests, the real binary.

pub(crate) mod app;
pub(crate) mod book;
pub(crate) mod cli;
pub(crate) mod client;
pub(crate) mod contract;
pub(crate) mod gate;
pub(crate) mod guest;
pub(crate) mod process;
pub(crate) mod script;

pub(crate) use app::TestApp;
pub(crate) use client::{Answer, Client};
pub(crate) use script::Script;

use std::path::PathBuf;

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// Asks every 20 ms until `check` gives something; panics with `what` after 30 s.
pub(crate) async fn eventually<T>(what: &str, mut check: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..1_500 {
        if let Some(found) = check().await {
            return found;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("not within 30 s: {what}");
}
