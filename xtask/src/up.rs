//! `cargo xtask up`: build what is missing, then serve the demo.

use anyhow::Result;

use crate::process;

/// Everything but `--release` goes to `sandpit serve`.
pub(crate) fn run(args: &[String]) -> Result<()> {
    eprintln!("Building Sandpit: some minutes the first time, because Cranelift is compiled with optimisation.");
    let mut line = vec!["run", "--package", "sandpit-host", "--bin", "sandpit"];
    if args.iter().any(|arg| arg == "--release") {
        line.push("--release");
    }
    line.extend(["--", "serve", "--demo"]);
    line.extend(args.iter().map(String::as_str).filter(|arg| *arg != "--release"));
    process::run(&mut process::cargo(&line))
}
