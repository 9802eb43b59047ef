//! The hash over everything the engine is made from: the crate's own files and the world in `wit/`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// The parts of the crate that end up in the module. The builder is not one of them: a change in it that matters changes
/// the bytes, and `--check` compares those.
const CRATE_PARTS: [&str; 4] = ["Cargo.toml", "Cargo.lock", "prelude.h", "src"];

/// SHA-256 over the sorted list of path, length and content.
pub fn sha256(engine: &Path, wit: &Path) -> Result<String> {
    let mut files = Vec::new();
    for part in CRATE_PARTS {
        collect(&engine.join(part), &format!("engine/{part}"), &mut files)?;
    }
    collect(wit, "wit", &mut files)?;
    files.sort();
    let mut hasher = Sha256::new();
    for (name, path) in files {
        let content = std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        hasher.update(format!("{name}\0{}\0", content.len()));
        hasher.update(content);
    }
    Ok(hex(&hasher.finalize()))
}

fn collect(path: &Path, name: &str, files: &mut Vec<(String, PathBuf)>) -> Result<()> {
    if !path.is_dir() {
        files.push((name.to_owned(), path.to_owned()));
        return Ok(());
    }
    for entry in std::fs::read_dir(path).with_context(|| format!("reading {}", path.display()))? {
        let entry = entry?;
        collect(&entry.path(), &format!("{name}/{}", entry.file_name().to_string_lossy()), files)?;
    }
    Ok(())
}

pub fn hex_sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
