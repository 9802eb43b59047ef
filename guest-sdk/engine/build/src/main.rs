//! Makes `guest-sdk/engine.wasm` from the crate `sandpit-engine` and writes `guest-sdk/engine.lock` beside it.
//!
//! ```text
//! sandpit-engine-build                 rebuild and write both files
//! sandpit-engine-build --check         rebuild elsewhere and compare with the committed files
//! sandpit-engine-build --sources-only  compare the hash of the sources only: needs no compiler
//! ```
//! Exit codes: 0 done or equal, 1 different or failed, 2 wrong arguments.

mod component;
mod lock;
mod sources;
mod toolchain;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use lock::Lock;
use toolchain::Toolchain;

/// The folders and files that the builder reads and writes.
struct Places {
    /// `guest-sdk/engine`
    engine: PathBuf,
    wit: PathBuf,
    wasm: PathBuf,
    lock: PathBuf,
}

impl Places {
    fn new() -> Result<Places> {
        let build = Path::new(env!("CARGO_MANIFEST_DIR"));
        let engine = build.parent().context("the builder lies in the engine's folder")?;
        let guest_sdk = engine.parent().context("the engine lies in guest-sdk")?;
        let root = guest_sdk.parent().context("guest-sdk lies in the repository")?;
        Ok(Places {
            engine: engine.to_owned(),
            wit: root.join("wit"),
            wasm: guest_sdk.join("engine.wasm"),
            lock: guest_sdk.join("engine.lock"),
        })
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => rebuild(),
        ["--check"] => check(),
        ["--sources-only"] => check_sources(),
        _ => {
            eprintln!("usage: sandpit-engine-build [--check | --sources-only]");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn rebuild() -> Result<()> {
    let places = Places::new()?;
    let toolchain = Toolchain::find(&places.engine)?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| places.engine.join("target"), PathBuf::from);
    let wasm = build(&places, &toolchain, &target)?;
    let lock = lock_of(&places, &toolchain, &wasm)?;
    std::fs::write(&places.wasm, &wasm).with_context(|| format!("writing {}", places.wasm.display()))?;
    std::fs::write(&places.lock, lock.to_string()).with_context(|| format!("writing {}", places.lock.display()))?;
    println!("engine.wasm: {} bytes, sha256 {}", wasm.len(), lock.wasm_sha256);
    Ok(())
}

fn check() -> Result<()> {
    check_sources()?;
    let places = Places::new()?;
    let committed = read_lock(&places)?;
    let toolchain = Toolchain::find(&places.engine)?;
    let target = std::env::temp_dir().join(format!("sandpit-engine-check-{}", std::process::id()));
    let built = build(&places, &toolchain, &target);
    // The folder holds nothing but this build; a leftover does no harm.
    let _ = std::fs::remove_dir_all(&target);
    let fresh = lock_of(&places, &toolchain, &built?)?;
    if fresh.rustc != committed.rustc || fresh.clang != committed.clang || fresh.binaryen != committed.binaryen {
        println!("WARNING: not compared byte by byte, because the toolchain differs from the one in engine.lock:");
        println!("  rustc: committed {:?}, here {:?}", committed.rustc, fresh.rustc);
        println!("  clang: committed {:?}, here {:?}", committed.clang, fresh.clang);
        println!("  binaryen: committed {:?}, here {:?}", committed.binaryen, fresh.binaryen);
        println!("The engine built here is a valid component that imports sandpit:strategy/* only.");
        return Ok(());
    }
    if fresh.wasm_sha256 != committed.wasm_sha256 {
        bail!(
            "the engine built from these sources with the same toolchain differs from guest-sdk/engine.wasm \
             (built {}, committed {}): rebuild it with `cargo xtask engine` and commit both files",
            fresh.wasm_sha256,
            committed.wasm_sha256
        );
    }
    println!("engine.wasm is what the sources give, byte for byte");
    Ok(())
}

/// Compares what needs no compiler: the sources with the lock, and the committed file with the lock.
fn check_sources() -> Result<()> {
    let places = Places::new()?;
    let committed = read_lock(&places)?;
    let sources = sources::sha256(&places.engine, &places.wit)?;
    if sources != committed.sources_sha256 {
        bail!(
            "guest-sdk/engine or wit/ changed and guest-sdk/engine.wasm did not (sources {sources}, engine.lock {}): \
             rebuild it with `cargo xtask engine` and commit both files",
            committed.sources_sha256
        );
    }
    let wasm = std::fs::read(&places.wasm).with_context(|| format!("reading {}", places.wasm.display()))?;
    let actual = sources::hex_sha256(&wasm);
    if actual != committed.wasm_sha256 {
        bail!("guest-sdk/engine.wasm is not the file of engine.lock (sha256 {actual}, lock {})", committed.wasm_sha256);
    }
    println!("engine.lock matches the sources and engine.wasm");
    Ok(())
}

fn read_lock(places: &Places) -> Result<Lock> {
    std::fs::read_to_string(&places.lock)
        .with_context(|| format!("reading {}", places.lock.display()))?
        .parse()
        .with_context(|| format!("in {}", places.lock.display()))
}

fn build(places: &Places, toolchain: &Toolchain, target: &Path) -> Result<Vec<u8>> {
    let module = toolchain.compile(&places.engine, target)?;
    component::from_module(&module)
}

fn lock_of(places: &Places, toolchain: &Toolchain, wasm: &[u8]) -> Result<Lock> {
    Ok(Lock {
        wasm_sha256: sources::hex_sha256(wasm),
        sources_sha256: sources::sha256(&places.engine, &places.wit)?,
        rustc: toolchain.rustc_version.clone(),
        clang: toolchain.clang_version.clone(),
        binaryen: toolchain.binaryen_version.clone(),
    })
}
