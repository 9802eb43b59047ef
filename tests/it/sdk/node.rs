//! Node of a given version, npm, and a place to work in. Everything comes from the npm registry, by its ordinary client.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::support::process::binary;
use crate::support::root;

/// The versions of Node that the package promises to work on.
pub(super) const VERSIONS: [&str; 2] = ["20", "22"];

/// What a program said.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) ok: bool,
    /// Standard output and error, without colours.
    pub(super) text: String,
}

impl Said {
    #[track_caller]
    pub(super) fn well(self) -> String {
        assert!(self.ok, "{}", self.text);
        self.text
    }

    #[track_caller]
    pub(super) fn badly(self) -> String {
        assert!(!self.ok, "it should have failed:\n{}", self.text);
        self.text
    }
}

/// The folder of the programs `node` of this version and an `npm` that runs on it. The machine's own npm fetches them once, into
/// `target`: that of a distribution may run on no Node but its own.
pub(super) fn node(version: &str) -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = root().join("target/node").join(version);
    let programs = folder.join("node_modules/.bin");
    if !programs.join("npm").exists() || !programs.join("node").exists() {
        std::fs::create_dir_all(&folder).unwrap();
        let packages = [format!("node@{version}"), "npm@10".to_owned()];
        let mut command = Command::new("npm");
        command.args(["install", "--no-save", "--no-audit", "--no-fund", "--prefix"]).arg(&folder).args(packages);
        let status = command.current_dir(&folder).stdin(Stdio::null()).stdout(Stdio::null()).status().unwrap();
        assert!(status.success(), "npm gives no node@{version}");
    }
    programs
}

/// Runs a program in a folder with a Node of this version first on the path, and the binary of this build.
pub(super) fn run(version: &str, folder: &Path, words: &[&str]) -> Said {
    run_with(version, folder, words, &[("SANDPIT_BIN", binary().to_str().unwrap())])
}

/// The same with other variables; without any, nothing says where the binary is but the folder itself.
pub(super) fn run_with(version: &str, folder: &Path, words: &[&str], variables: &[(&str, &str)]) -> Said {
    let path = format!("{}:{}", node(version).display(), std::env::var("PATH").unwrap());
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).current_dir(folder).env("PATH", path).env_remove("SANDPIT_BIN");
    // A test runner that is told of a terminal, or of another test runner, writes something else.
    command
        .env("NO_COLOR", "1")
        .env("FORCE_COLOR", "0")
        .env_remove("NODE_OPTIONS")
        .env_remove("NODE_TEST_CONTEXT")
        .env("CI", "true");
    command.envs(variables.iter().copied());
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    Said { ok: output.status.success(), text }
}

/// The package's own folder with what its tests need, as its lock file says.
pub(super) fn installed() -> PathBuf {
    static INSTALLED: OnceLock<PathBuf> = OnceLock::new();
    let install = || {
        let folder = super::package();
        run(VERSIONS[0], &folder, &["npm", "ci", "--no-audit", "--no-fund"]).well();
        folder
    };
    INSTALLED.get_or_init(install).clone()
}
