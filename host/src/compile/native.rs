//! Machine code: made by Cranelift, or loaded from bytes that are proven to be ours.

use std::hash::{Hash as _, Hasher as _};

use wasmtime::component::Component;

use crate::sandbox::Sandbox;

/// Compiles a component. Functions that were compiled before come from the code cache.
pub(super) fn compile(sandbox: &Sandbox, component: &[u8]) -> wasmtime::Result<Component> {
    // Binary only: `new` would take text as well.
    Component::from_binary(sandbox.engine(), component)
}

/// Loads what `serialize` wrote. An error when it was written by another wasmtime, or for another machine or configuration.
///
/// The bytes must come from [`crate::compile::cache`], which has checked their keyed digest: wasmtime runs what it is given.
pub(super) fn load(sandbox: &Sandbox, proven: &[u8]) -> wasmtime::Result<Component> {
    #[expect(unsafe_code, reason = "wasmtime cannot check native code; its keyed digest says that this host wrote it")]
    // SAFETY: the bytes are what `Component::serialize` gave, unchanged: their HMAC with this host's key was verified.
    unsafe {
        Component::deserialize(sandbox.engine(), proven)
    }
}

/// Says which wasmtime, machine and configuration native code is for: part of its name in the cache.
pub(super) fn compatibility(sandbox: &Sandbox) -> String {
    // The hasher only has to be the same from one run of this binary to the next: a difference means compiling again.
    #[expect(deprecated, reason = "the one hasher of std whose result is fixed between runs")]
    let mut hasher = std::hash::SipHasher::new();
    sandbox.engine().precompile_compatibility_hash().hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
