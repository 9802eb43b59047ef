//! `engine.lock`: five lines of TOML that say what `engine.wasm` was made of.

use std::fmt::{Display, Formatter};
use std::str::FromStr;

use anyhow::{Context, Result};

pub struct Lock {
    pub wasm_sha256: String,
    pub sources_sha256: String,
    pub rustc: String,
    pub clang: String,
    pub binaryen: String,
}

impl Display for Lock {
    fn fmt(&self, out: &mut Formatter<'_>) -> std::fmt::Result {
        writeln!(out, "# Written by `cargo xtask engine`. What guest-sdk/engine.wasm was made of, and by what.")?;
        writeln!(out, "wasm_sha256 = \"{}\"", self.wasm_sha256)?;
        writeln!(out, "sources_sha256 = \"{}\"", self.sources_sha256)?;
        writeln!(out, "rustc = \"{}\"", self.rustc)?;
        writeln!(out, "clang = \"{}\"", self.clang)?;
        writeln!(out, "binaryen = \"{}\"", self.binaryen)
    }
}

impl FromStr for Lock {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Lock> {
        let value = |key: &str| {
            text.lines()
                .find_map(|line| {
                    line.strip_prefix(key)?.trim_start().strip_prefix('=')?.trim().strip_prefix('"')?.strip_suffix('"')
                })
                .map(str::to_owned)
                .with_context(|| format!("no line `{key} = \"...\"`"))
        };
        Ok(Lock {
            wasm_sha256: value("wasm_sha256")?,
            sources_sha256: value("sources_sha256")?,
            rustc: value("rustc")?,
            clang: value("clang")?,
            binaryen: value("binaryen")?,
        })
    }
}
