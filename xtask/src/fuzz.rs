//! `cargo xtask fuzz`: asks a running host everything that its description allows and much that it does not (`tests/fuzz/run.py`).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::{process, up};

const SCRIPT: &str = "tests/fuzz/run.py";
const REQUIREMENTS: &str = "tests/fuzz/requirements.txt";

/// Everything given goes to the script; `--help` shows what it takes.
pub(crate) fn run(args: &[String]) -> Result<()> {
    process::run(&mut process::cargo(&["build", "--workspace", "--bin", "sandpit"]))?;
    prepare()?;
    let mut script = Command::new(python(&environment()?));
    script.arg(SCRIPT).arg("--binary").arg(up::binary(false)?).args(args);
    process::run(script.current_dir(process::root()))
}

/// What it needs and this machine lacks. Installs its Python packages if need be.
pub(crate) fn missing_tools() -> Vec<&'static str> {
    if !process::answers("python3", &["-c", "import ensurepip, venv"]) {
        return vec!["python3 with venv (Debian: python3-venv)"];
    }
    match prepare() {
        Ok(()) => vec![],
        Err(error) => {
            eprintln!("{error:#}");
            vec!["the packages of tests/fuzz/requirements.txt (is there a way to PyPI?)"]
        }
    }
}

/// Makes the Python environment of `requirements.txt`, unless it is there.
fn prepare() -> Result<()> {
    let (environment, wanted) = (environment()?, process::root().join(REQUIREMENTS));
    let wanted = fs::read_to_string(&wanted).with_context(|| format!("cannot read {}", wanted.display()))?;
    let installed = environment.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    eprintln!("Installing the fuzzer into {}", environment.display());
    process::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
    let mut pip = Command::new(python(&environment));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--requirement", REQUIREMENTS]);
    process::run(pip.current_dir(process::root()))?;
    fs::write(&installed, wanted).with_context(|| format!("cannot write {}", installed.display()))
}

/// Below the target folder, so that `cargo clean` cleans it too.
fn environment() -> Result<PathBuf> {
    let binary = up::binary(false)?;
    let target = binary.ancestors().nth(2).context("the binary lies in no target folder")?;
    Ok(target.join("fuzz"))
}

fn python(environment: &Path) -> PathBuf {
    environment.join("bin/python")
}
