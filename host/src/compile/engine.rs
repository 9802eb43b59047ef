//! The JavaScript engine that is built into this binary.

use std::sync::LazyLock;

use crate::base::Digest;

/// The component that `guest-sdk/engine` builds to. `guest-sdk/engine.lock` says from what.
pub(super) static ENGINE: &[u8] = include_bytes!("../../../guest-sdk/engine.wasm");

static DIGEST: LazyLock<Digest> = LazyLock::new(|| Digest::of(ENGINE));

/// The hash of the engine: recorded with every revision, part of every cache key.
pub(super) fn engine_hash() -> Digest {
    *DIGEST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_is_the_one_that_its_lock_names() {
        let lock = include_str!("../../../guest-sdk/engine.lock");
        assert!(lock.contains(&engine_hash().hex()), "engine.wasm is not what engine.lock says: run `cargo xtask engine`");
    }
}
