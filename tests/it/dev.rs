//! `sandpit dev` as an author has it: a folder as `sandpit new` makes it, an editor that saves, a program that answers.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use sandpit::base::Digest;

use crate::support::TestApp;
use crate::support::cli::Cli;

/// A `sandpit dev` that watches; killed when dropped.
struct Dev {
    child: Child,
    lines: Receiver<String>,
}

impl Dev {
    fn start(cli: &Cli, words: &[&str]) -> Self {
        let mut child = cli.spawn(&[&["dev"], words].concat());
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                println!("dev: {line}");
                let _ = sender.send(line);
            }
        });
        Self { child, lines }
    }

    /// What one round says, up to the line that says that it waits again.
    fn round(&mut self) -> String {
        let mut text = String::new();
        loop {
            match self.lines.recv_timeout(Duration::from_secs(120)) {
                Ok(line) if line.starts_with("watching ") => return text,
                Ok(line) => text.extend([line.as_str(), "\n"]),
                Err(error) => panic!("{error} after: {text}"),
            }
        }
    }

    /// The rounds up to one of which `wanted` holds: a save may be heard of as two.
    fn until(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        for _ in 0..5 {
            let round = self.round();
            if wanted(&round) {
                return round;
            }
        }
        panic!("not within five rounds");
    }

    /// Whether nothing is said for so long.
    fn is_silent(&self, time: Duration) -> bool {
        self.lines.recv_timeout(time).is_err()
    }

    /// Ctrl-C: its exit code and what it said on standard error.
    fn interrupt(mut self) -> (Option<i32>, String) {
        let told = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(told.success());
        let code = self.child.wait().unwrap().code();
        let mut text = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        (code, text)
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder as `sandpit new demo` makes it.
async fn project(cli: &Cli, folder: &Path) -> PathBuf {
    cli.run(&["new", "demo"]).await.well();
    folder.join("demo")
}

/// A shell without a host.
fn alone(folder: &Path) -> Cli {
    Cli::new(([127, 0, 0, 1], 1).into(), "none", folder)
}

fn is_green(round: &str) -> bool {
    round.contains(": green in ")
}

/// Writes beside it and renames, as many editors do.
fn save_by_rename(file: &Path, text: &str) {
    let beside = file.with_extension("js.new");
    std::fs::write(&beside, text).unwrap();
    std::fs::rename(&beside, file).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_saved_is_played_and_what_is_broken_is_told_until_it_is_mended() {
    let dir = tempfile::tempdir().unwrap();
    let cli = alone(dir.path());
    let project = project(&cli, dir.path()).await;
    let file = project.join("strategy.js");
    let good = std::fs::read_to_string(&file).unwrap();

    let mut dev = Dev::start(&cli, &["demo"]);
    let first = dev.round();
    assert!(is_green(&first) && first.contains("over btcusdt-beginning") && first.contains("✓ 1 scenario\n"), "{first}");
    assert!(first.contains(" orders, ") && first.contains("onTrade") && first.contains("peak memory"), "{first}");

    // It does not compile: the place is the author's, and it goes on watching.
    let line = good.lines().position(|line| line.starts_with("function create")).unwrap() + 1;
    std::fs::write(&file, good.replace("function create(", "function create((")).unwrap();
    let broken = dev.until(|round| round.contains("syntax error"));
    assert!(broken.contains(": red in ") && broken.contains(&format!("at strategy.js:{line}:")), "{broken}");

    // It compiles, and throws.
    let text = good.replace("const mean = average(price);", "throw new Error(\"no mean\");");
    let (line, _) = place(&text, "throw new Error(");
    save_by_rename(&file, &text);
    let throws = dev.until(|round| round.contains("Error: no mean"));
    assert!(throws.contains(&format!("at strategy.js:{line}:")) && throws.contains(": red in "), "{throws}");
    assert!(throws.contains("changed: ") && throws.contains(" exceptions") && throws.contains("-1 passed"), "{throws}");

    // Mended, and other than before: what changed is said.
    std::fs::write(&file, good.replace("default: 0.5,", "default: 0.1,")).unwrap();
    let mended = dev.until(is_green);
    assert!(mended.contains("changed: +") && mended.contains(" orders, +"), "{mended}");

    // A scenario that fails makes it red; a file that is no part of a strategy is not heard.
    let scenario = project.join("scenarios/rise.scenario.json");
    let expected = std::fs::read_to_string(&scenario).unwrap();
    std::fs::write(project.join("notes.md"), "-").unwrap();
    std::fs::create_dir_all(project.join("node_modules/p")).unwrap();
    std::fs::write(project.join("node_modules/p/index.js"), "-").unwrap();
    assert!(dev.is_silent(Duration::from_millis(1_500)));
    std::fs::write(&scenario, expected.replace("\"orderCount\": 2", "\"orderCount\": 3")).unwrap();
    let failed = dev.until(|round| round.contains("expect.orderCount"));
    assert!(failed.contains(": red in ") && failed.contains("1 scenario: 1 failed"), "{failed}");

    // The file goes and comes again.
    std::fs::write(&scenario, expected).unwrap();
    dev.until(is_green);
    std::fs::remove_file(&file).unwrap();
    let gone = dev.until(|round| round.contains("cannot be tried"));
    assert!(gone.contains("no strategy in demo"), "{gone}");
    save_by_rename(&file, &good);
    dev.until(is_green);

    let (code, stderr) = dev.interrupt();
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
}

/// Line and column of a text, from 1.
fn place(text: &str, part: &str) -> (usize, usize) {
    let (number, line) = text.lines().enumerate().find(|(_, line)| line.contains(part)).unwrap();
    (number + 1, line.find(part).unwrap() + 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn once_ends_with_the_code_of_its_round() {
    let dir = tempfile::tempdir().unwrap();
    let cli = alone(dir.path());
    let project = project(&cli, dir.path()).await;
    let file = project.join("strategy.js");
    let good = std::fs::read_to_string(&file).unwrap();

    let green = cli.run(&["dev", "demo", "--once"]).await.well();
    assert!(is_green(&green) && !green.contains("watching") && !green.contains('\u{1b}'), "{green}");
    let of_file = cli.run(&["dev", "demo/strategy.js", "--once", "--config", "window=20"]).await.well();
    assert!(of_file.contains("over btcusdt-beginning"), "{of_file}");
    let data = cli.run(&["dev", "demo", "--once", "--data", "btcusdt-20240808", "--config", "dry_run=true"]).await.well();
    assert!(data.contains("over btcusdt-20240808") && data.contains(" 0 orders"), "{data}");

    let refused = cli.run(&["dev", "demo", "--once", "--config", "windo=1"]).await;
    assert!(refused.stdout.contains("not played: config.windo: is not declared by demo"), "{refused:?}");
    refused.badly(1);
    std::fs::write(&file, good.replace("config.window < 2", "config.window < 200")).unwrap();
    let thrown = cli.run(&["dev", "demo", "--once"]).await;
    let (line, _) = place(&good, "throw new RangeError");
    assert!(
        thrown.stdout.contains("it must be at least 2") && thrown.stdout.contains(&format!("strategy.js:{line}:")),
        "{thrown:?}"
    );
    thrown.badly(1);
    std::fs::remove_file(&file).unwrap();
    assert!(cli.run(&["dev", "demo", "--once"]).await.badly(2).contains("no strategy in demo"));
    assert!(cli.run(&["dev", "nowhere"]).await.badly(2).contains("nowhere: "));
    assert!(cli.run(&["dev", "demo", "--push", "demo"]).await.badly(2).contains("write NAME:TAG"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_green_is_uploaded_once_and_what_is_red_is_not() {
    let app = TestApp::start().await;
    let dir = tempfile::tempdir().unwrap();
    let cli = Cli::new(app.address, &app.token, dir.path());
    let project = project(&cli, dir.path()).await;
    let file = project.join("strategy.js");
    let first = std::fs::read_to_string(&file).unwrap();
    let revision = async || {
        let module = app.client.get("/strategies/modules/demo:dev").await.expect(200);
        module["selectedRevisionHash"].as_str().unwrap().to_owned()
    };
    let hash = |text: &str| Digest::of(text.as_bytes()).to_string();

    let mut dev = Dev::start(&cli, &["demo", "--push", "demo:dev"]);
    let round = dev.round();
    assert!(round.contains(&format!("pushed demo:dev {}\n", hash(&first))), "{round}");
    assert_eq!(revision().await, hash(&first));

    std::fs::write(&file, &first).unwrap();
    let same = dev.round();
    assert!(is_green(&same) && !same.contains("pushed") && same.contains("changed: nothing"), "{same}");

    std::fs::write(&file, first.replace("const mean = average(price);", "throw new Error(\"no\");")).unwrap();
    let red = dev.until(|round| round.contains("Error: no"));
    assert!(!red.contains("pushed"), "{red}");
    assert_eq!(revision().await, hash(&first));

    let second = first.replace("default: 0.5,", "default: 0.4,");
    save_by_rename(&file, &second);
    let round = dev.until(is_green);
    assert!(round.contains(&format!("pushed demo:dev {}\n", hash(&second))), "{round}");
    assert_eq!(revision().await, hash(&second));
    assert_eq!(dev.interrupt().0, Some(0));

    let foreign = cli.run(&["dev", "demo", "--once", "--push", "other:dev"]).await;
    assert!(is_green(&foreign.stdout) && foreign.stdout.contains("not pushed: "), "{foreign:?}");
    foreign.badly(1);
    let gone = cli.with_api("http://127.0.0.1:1").run(&["dev", "demo", "--once", "--push", "demo:dev"]).await;
    assert!(gone.stdout.contains("not pushed: no host answers at http://127.0.0.1:1"), "{gone:?}");
    gone.badly(1);
}
