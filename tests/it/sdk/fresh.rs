//! `sandpit new`, and the folder that it makes, as an author has it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::node::{VERSIONS, run, run_with};
use crate::support::process::binary;

/// A new folder, with what it asks of npm.
struct Project {
    _home: tempfile::TempDir,
    folder: PathBuf,
    source: &'static str,
    version: &'static str,
}

impl Project {
    fn new(flags: &[&str], source: &'static str, version: &'static str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let made = Command::new(binary()).args(["new", "demo"]).args(flags).current_dir(home.path()).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let said = String::from_utf8(made.stdout).unwrap();
        assert_eq!(said, "demo is ready. Next:\n\n  cd demo\n  npm install\n  npm test\n");
        let project = Self { folder: home.path().join("demo"), _home: home, source, version };
        project.npm(&["install", "--no-audit", "--no-fund"]).well();
        project
    }

    /// npm, with nothing that says where the binary is but the folder itself.
    fn npm(&self, words: &[&str]) -> super::node::Said {
        run_with(self.version, &self.folder, &[&["npm"], words].concat(), &[])
    }

    /// Puts something into the source in place of the first `what`, and gives the line where it is now.
    fn change(&self, what: &str, with: &str) -> usize {
        let path = self.folder.join(self.source);
        let text = fs::read_to_string(&path).unwrap();
        let at = text.find(what).unwrap_or_else(|| panic!("{what:?} is not in {}", self.source));
        fs::write(&path, text.replacen(what, with, 1)).unwrap();
        text[..at].lines().count()
    }

    fn restore(&self, text: &str) {
        fs::write(self.folder.join(self.source), text).unwrap();
    }

    fn text(&self) -> String {
        fs::read_to_string(self.folder.join(self.source)).unwrap()
    }

    /// `sandpit` itself, without Node.
    fn sandpit(&self, words: &[&str]) -> super::node::Said {
        run(self.version, &self.folder, &[&[binary().to_str().unwrap()], words].concat())
    }
}

/// The tests of the folder fail, and what they say has this place and this text.
#[track_caller]
fn fails(project: &Project, place: &str, text: &str) {
    let said = project.npm(&["test"]).badly();
    assert!(said.contains(place) && said.contains(text), "neither {place} nor {text:?}, or only one, is in:\n{said}");
}

/// The column, from 1, at which `what` stands in a line of the source.
fn column(project: &Project, line: usize, what: &str) -> usize {
    let text = project.text();
    let line = text.lines().nth(line - 1).unwrap();
    line.find(what).map(|at| line[..at].chars().count() + 1).unwrap()
}

/// Works at once; then a syntax error, an exception in a handler and one at the top level.
fn works_and_breaks(project: &Project) {
    let sound = project.text();
    project.npm(&["test"]).well();
    project.npm(&["run", "check"]).well();
    let source = project.source;

    let line = project.change("const pause = () =>", "const pause = ( =>");
    fails(project, &format!("{source}:{line}:{}", column(project, line, "=>")), "const pause = ( =>");
    project.restore(&sound);

    let line = project.change("isBusy = true;", "isBusy = true; evt.payload.nothing.here;");
    // The words are the sandbox's own: plain Node, where the logic alone is tested, says it in others.
    let place = format!("{source}:{line}:{}: TypeError", column(project, line, "evt.payload"));
    fails(project, &place, "cannot read property 'here' of undefined (in onTrade)");
    project.restore(&sound);

    // An expectation that does not hold names what was sent.
    project.change("send(evt, \"buy\")", "send(evt, \"sell\")");
    fails(project, "[0].side: expected \"Buy\", got \"Sell\"", "Sell Market 0.001 BTC-USDT");
    project.restore(&sound);
    project.npm(&["test"]).well();
}

#[test]
#[ignore = "needs node and npm: `cargo xtask test` runs it where they are"]
fn a_new_folder_works_at_once_and_fails_with_the_author_s_own_lines() {
    let project = Project::new(&[], "strategy.js", VERSIONS[0]);
    works_and_breaks(&project);
    project.sandpit(&["test", "scenarios"]).well();
    project.sandpit(&["play", "strategy.js", "--tape", "tapes/btcusdt-beginning.tape"]).well();

    // Of several files it is the same strategy to every command.
    fs::write(
        project.folder.join("lib.js"),
        "exports.twice = (value) => {\n  if (value > 9) throw new Error(\"too much\");\n};\n",
    )
    .unwrap();
    project.change("const pause = () =>", "const { twice } = require(\"./lib.js\");\n    twice(1);\n    const pause = () =>");
    let tape = "tapes/btcusdt-beginning.tape";
    for words in [
        &["check", "strategy.js"][..],
        &["test", "scenarios"],
        &["play", "strategy.js", "--tape", tape],
        &["backtest", "strategy.js", "--data", tape],
        &["dev", "--once"],
    ] {
        project.sandpit(words).well();
    }
    project.npm(&["test"]).well();
    project.change("twice(1)", "twice(10)");
    let said = project.sandpit(&["backtest", "strategy.js", "--data", tape]).badly();
    assert!(said.contains("lib.js:2:24") && said.contains("too much"), "{said}");
}

#[test]
#[ignore = "needs node and npm: `cargo xtask test` runs it where they are"]
fn a_new_folder_in_typescript_works_at_once_and_fails_with_the_author_s_own_lines() {
    let project = Project::new(&["--ts"], "src/strategy.ts", VERSIONS[1]);
    works_and_breaks(&project);
    project.npm(&["run", "build"]).well();
    assert!(project.folder.join("dist/strategy.js.map").is_file());
    project.sandpit(&["check", "dist/strategy.js"]).well();
    project.sandpit(&["test", "scenarios"]).well();
    // A timer is a number to the strategy, whatever it is to its tests, which have Node's types.
    project.change("const pause = () => setTimeout", "let timer: number;\n    const pause = () => timer = setTimeout");
    project.npm(&["run", "check"]).well();
    // In the part that the strategy imports, too.
    let path = project.folder.join("src/average.ts");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        text.replace(
            "this.#values.push(value);",
            "this.#values.push(value);\n    if (value > 60050) throw new Error(\"too high\");",
        ),
    )
    .unwrap();
    fails(&project, "src/average.ts:13:", "too high (in onTrade)");
}
