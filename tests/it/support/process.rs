//! The real binary as a child process, for what only a process can show: being killed, starting again.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::{Client, eventually};

/// A `sandpit serve`. Killed when dropped.
pub(crate) struct Host {
    child: Child,
    pub(crate) client: Client,
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
}

/// `SANDPIT_BIN`, or the binary that the same build put beside the tests.
pub(crate) fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("SANDPIT_BIN") {
        return path.into();
    }
    let beside = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("sandpit");
    assert!(
        beside.is_file(),
        "{} is missing: run `cargo build --package sandpit-host --bin sandpit`, or name the binary in SANDPIT_BIN",
        beside.display()
    );
    beside
}

fn command(data_dir: &Path, config: &str) -> Command {
    let file = data_dir.join("test.toml");
    std::fs::write(&file, config).unwrap();
    let mut command = Command::new(binary());
    // The host refuses variables it does not know, and the tests have some of their own.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("SANDPIT_")) {
        command.env_remove(name);
    }
    command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(data_dir).arg("--config").arg(file);
    command
}

impl Host {
    /// Starts it on a free port and waits until it is ready.
    pub(crate) async fn start(data_dir: &Path, config: &str) -> Self {
        Self::start_saying(data_dir, config, Stdio::inherit()).await
    }

    /// The same, with what it says on stderr going somewhere else.
    pub(crate) async fn start_saying(data_dir: &Path, config: &str, stderr: Stdio) -> Self {
        let mut child = command(data_dir, config).stdout(Stdio::piped()).stderr(stderr).spawn().unwrap();
        let address = announced(&mut child);
        let token = std::fs::read_to_string(data_dir.join("admin.token")).unwrap();
        let client = Client::new(address, Some(token.trim()));
        eventually("the host is ready", async || (client.get("/readyz").await.status == 200).then_some(())).await;
        Self { child, client, address, token }
    }

    /// Starts one that is to end by itself with a failure, and gives what it says.
    pub(crate) fn refused(data_dir: &Path) -> String {
        let output = command(data_dir, "").output().unwrap();
        assert!(!output.status.success(), "it should have failed");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGTERM, as an operator ends it; panics when it does not end well within a minute.
    pub(crate) async fn end(mut self) {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(told.success(), "the host is gone already");
        for _ in 0..1_200 {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert!(status.success(), "the host ended with {status}");
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the host did not end within 60 s");
    }

    /// SIGKILL: nothing is said good-bye to.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address in the URL that the host prints; what it prints afterwards is passed on, so that it never waits for us.
fn announced(child: &mut Child) -> SocketAddr {
    let output = BufReader::new(child.stdout.take().unwrap());
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            println!("sandpit: {line}");
            if let Some((_, url)) = line.split_once("http://") {
                let end = url.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ':')).unwrap_or(url.len());
                let _ = sender.send(url[..end].parse::<SocketAddr>());
            }
        }
    });
    let found = receiver.recv_timeout(Duration::from_secs(60));
    found.expect("the host prints its URL within 60 s").expect("the URL has an address and a port")
}
