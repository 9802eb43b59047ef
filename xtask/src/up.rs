//! `cargo xtask up`: build what is missing, then serve the demo.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::process;

/// Everything but `--release` goes to `sandpit serve`.
pub(crate) fn run(args: &[String]) -> Result<()> {
    eprintln!("Building Sandpit: some minutes the first time, because Cranelift is compiled with optimisation.");
    let release = args.iter().any(|arg| arg == "--release");
    // The whole workspace, so that dependencies get the features that the tests need too and are compiled once.
    let mut build = process::cargo(&["build", "--workspace", "--bin", "sandpit"]);
    if release {
        build.arg("--release");
    }
    process::run(&mut build)?;
    let mut serve = Command::new(binary(release)?);
    serve.args(["serve", "--demo"]).args(args.iter().filter(|arg| *arg != "--release"));
    process::run(serve.current_dir(process::root()))
}

/// The host. Beside this program, which lies in `<target folder>/debug`.
pub(crate) fn binary(release: bool) -> Result<PathBuf> {
    let here = std::env::current_exe().context("cannot find the target folder")?;
    let debug = here.parent().context("this program lies in no folder")?;
    let folder = if release { debug.with_file_name("release") } else { debug.to_path_buf() };
    Ok(folder.join(format!("sandpit{}", std::env::consts::EXE_SUFFIX)))
}
