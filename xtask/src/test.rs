//! `cargo xtask test`: every test, in parts; a part whose tool is missing is named as skipped.

use std::process::Command;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::{engine, fuzz, process};

/// One part: what it proves, what it needs, how it runs.
struct Part {
    name: &'static str,
    /// What is missing on this machine; empty when the part can run.
    missing: Vec<&'static str>,
    command: Command,
}

pub(crate) fn run(args: &[String]) -> Result<()> {
    let all = args.iter().any(|arg| arg == "--all");
    if let Some(unknown) = args.iter().find(|arg| *arg != "--all") {
        bail!("`{unknown}` is not a flag of `cargo xtask test`; there is only --all");
    }
    let (mut skipped, mut failed) = (Vec::new(), Vec::new());
    for mut part in parts() {
        if !part.missing.is_empty() {
            eprintln!("\n=== {}: SKIPPED, this machine lacks {}\n", part.name, part.missing.join(" and "));
            skipped.push(part.name);
            continue;
        }
        eprintln!("\n=== {}\n", part.name);
        let started = now();
        match process::run(&mut part.command) {
            Ok(()) => eprintln!("=== {}: passed in {:.0} s", part.name, started.elapsed().as_secs_f64()),
            Err(error) => {
                eprintln!("=== {}: FAILED: {error:#}", part.name);
                failed.push(part.name);
            }
        }
    }
    report(&skipped, &failed, all)
}

fn report(skipped: &[&str], failed: &[&str], all: bool) -> Result<()> {
    if !skipped.is_empty() {
        eprintln!("\nSKIPPED: {}", skipped.join(", "));
    }
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    if all && !skipped.is_empty() {
        bail!("--all was asked for and {} was skipped", skipped.join(", "));
    }
    eprintln!("\nEvery part that could run has passed.");
    Ok(())
}

fn parts() -> Vec<Part> {
    let tool = |name: &'static str, args: &[&str]| if process::answers("cargo", args) { vec![] } else { vec![name] };
    vec![
        Part {
            name: "format",
            missing: tool("rustfmt (rustup component add rustfmt)", &["fmt", "--version"]),
            command: process::cargo(&["fmt", "--all", "--check"]),
        },
        // The binary first: the tests of the whole app start it.
        Part { name: "build", missing: vec![], command: process::cargo(&["build", "--workspace", "--bin", "sandpit"]) },
        Part { name: "tests", missing: vec![], command: tests() },
        Part {
            name: "operations page runs as it is written",
            missing: ["bash", "curl", "diff"].into_iter().filter(|tool| !process::answers(tool, &["--version"])).collect(),
            command: process::cargo(&["test", "--workspace", "--test", "it", "--quiet", "--", "--ignored", "operations::"]),
        },
        // Node 20 and 22 come from the npm registry; what is here is only asked for npm.
        Part {
            name: "authors' first ten minutes: npm package and new folders",
            missing: node(),
            command: process::cargo(&["test", "--workspace", "--test", "it", "--quiet", "--", "--ignored", "sdk::"]),
        },
        // Always the same seed: a part of the tests must not fail by chance. `cargo xtask fuzz` draws one.
        // `cargo xtask soak` is the long one.
        Part {
            name: "books balance after a short soak",
            missing: vec![],
            command: process::cargo(&["xtask", "soak", "--for", "20s", "--instances", "40"]),
        },
        Part {
            name: "control plane answers as it describes itself",
            missing: fuzz::missing_tools(),
            command: process::cargo(&["xtask", "fuzz", "--seed", "1", "--max-examples", "8"]),
        },
        Part {
            name: "lint",
            missing: tool("clippy (rustup component add clippy)", &["clippy", "--version"]),
            command: process::cargo(&["clippy", "--workspace", "--all-targets", "--quiet", "--", "--deny", "warnings"]),
        },
        Part {
            name: "engine is built from these sources",
            missing: vec![],
            command: engine::tool(["--sources-only"].into_iter()),
        },
        Part { name: "engine keeps its contract", missing: vec![], command: engine::contract_tests() },
        Part {
            name: "engine rebuilds to the same bytes",
            missing: engine::missing_tools(),
            command: engine::tool(["--check"].into_iter()),
        },
    ]
}

/// What is missing for the npm package's tests.
fn node() -> Vec<&'static str> {
    ["node", "npm", "npx"].into_iter().filter(|tool| !process::answers(tool, &["--version"])).collect()
}

/// nextest runs each test in its own process and is faster; cargo's own runner does as well.
fn tests() -> Command {
    if process::answers("cargo", &["nextest", "--version"]) {
        process::cargo(&["nextest", "run", "--workspace", "--no-fail-fast"])
    } else {
        process::cargo(&["test", "--workspace", "--no-fail-fast"])
    }
}

#[expect(clippy::disallowed_methods, reason = "a build tool times its steps; the host takes a Clock")]
fn now() -> Instant {
    Instant::now()
}
