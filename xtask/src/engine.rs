//! `cargo xtask engine`: hands over to the engine's own build tool, which has dependencies that nobody else needs.

use std::process::Command;

use anyhow::Result;

use crate::process;

const MANIFEST: &str = "guest-sdk/engine/build/Cargo.toml";

pub(crate) fn run(args: &[String]) -> Result<()> {
    process::run(&mut tool(args.iter().map(String::as_str)))
}

/// The build tool with these flags; its target folder lies in ours, so that `cargo clean` cleans it too.
pub(crate) fn tool<'a>(flags: impl Iterator<Item = &'a str>) -> Command {
    let mut command = build_crate("run");
    command.arg("--").args(flags);
    command
}

/// The engine's conformance tests: the committed component against the contract with authors, without our host.
pub(crate) fn contract_tests() -> Command {
    build_crate("test")
}

fn build_crate(verb: &str) -> Command {
    let mut command = process::cargo(&[verb, "--quiet", "--locked", "--manifest-path", MANIFEST]);
    command.env("CARGO_TARGET_DIR", process::root().join("target/engine"));
    command
}

/// What building the engine needs and this machine lacks; empty when it can be built.
pub(crate) fn missing_tools() -> Vec<&'static str> {
    let clang = ["/usr/lib/llvm-19/bin/clang", "clang-19"].iter().any(|clang| process::answers(clang, &["--version"]));
    let libc = std::path::Path::new("/usr/include/wasm32-wasi/stdio.h").exists();
    let mut missing = Vec::new();
    if !clang && std::env::var_os("WASI_SDK_PATH").is_none() {
        missing.push("clang-19 (Debian: clang-19 llvm-19 libclang1-19 libclang-rt-19-dev-wasm32)");
    }
    if !libc && std::env::var_os("WASI_SDK_PATH").is_none() {
        missing.push("wasi-libc");
    }
    if !process::answers("wasm-opt", &["--version"]) {
        missing.push("wasm-opt (Debian: binaryen)");
    }
    missing
}
