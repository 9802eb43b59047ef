//! The command line as an operator has it: the real binary as a child process, with a host to ask.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::process::binary;

/// One operator's shell: a working folder, a host and a token.
#[derive(Clone)]
pub(crate) struct Cli {
    api: String,
    token: String,
    folder: PathBuf,
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Cli {
    pub(crate) fn new(address: SocketAddr, token: &str, folder: &Path) -> Self {
        Self { api: format!("http://{address}"), token: token.trim().to_owned(), folder: folder.to_owned() }
    }

    /// The same shell with another host.
    pub(crate) fn with_api(&self, api: &str) -> Self {
        Self { api: api.to_owned(), ..self.clone() }
    }

    /// The same shell with another token.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// Runs `sandpit` with these words. The host may live in this process: the child is waited for beside it.
    pub(crate) async fn run(&self, words: &[&str]) -> Said {
        self.run_with(words, "").await
    }

    /// Runs `sandpit` with these words and this on its standard input.
    pub(crate) async fn run_with(&self, words: &[&str], input: &str) -> Said {
        let child = self.spawn(words);
        let input = input.to_owned();
        finish(child, input).await
    }

    /// Starts `sandpit`, to be answered later.
    pub(crate) fn spawn(&self, words: &[&str]) -> Child {
        let mut command = Command::new(binary());
        command.args(words);
        self.start(command)
    }

    /// Runs a script with bash, in which `sandpit` is the real binary.
    pub(crate) async fn bash(&self, script: &str) -> Said {
        let mut command = Command::new("bash");
        command.args(["-euo", "pipefail", "-c", script]);
        let path = std::env::var("PATH").unwrap();
        command.env("PATH", format!("{}:{path}", binary().parent().unwrap().display()));
        finish(self.start(command), String::new()).await
    }

    fn start(&self, mut command: Command) -> Child {
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("SANDPIT_")) {
            command.env_remove(name);
        }
        for name in ["REFRESH", "ALLOW_ORPHAN"] {
            command.env_remove(name);
        }
        command.env("SANDPIT_API", &self.api).env("SANDPIT_TOKEN", &self.token).env("SANDPIT_ACTOR", "operator");
        // Of its own: what a test finds in a cache it has put there.
        command.env("SANDPIT_CACHE_DIR", self.folder.join(".cache"));
        command.current_dir(&self.folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }
}

/// Gives the child its input and waits for its end.
pub(crate) async fn finish(mut child: Child, input: String) -> Said {
    let waited = tokio::task::spawn_blocking(move || {
        // A child that ends without reading is no failure of the test.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    });
    let output = waited.await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

impl Said {
    /// Standard output, when it ended well.
    #[track_caller]
    pub(crate) fn well(self) -> String {
        assert_eq!(self.code, 0, "{self:#?}");
        self.stdout
    }

    /// Standard error, when it ended with this code.
    #[track_caller]
    pub(crate) fn badly(self, code: i32) -> String {
        assert_eq!(self.code, code, "{self:#?}");
        assert!(!self.stderr.contains("panicked"), "{self:#?}");
        self.stderr
    }
}
