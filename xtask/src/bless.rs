//! `cargo xtask bless`: accept what the code says now as what is expected.

use anyhow::Result;

use crate::process;

pub(crate) fn run(_args: &[String]) -> Result<()> {
    // Every golden file and generated page has a test that compares it; with SANDPIT_BLESS it writes instead.
    let mut tests = process::cargo(&["test", "--workspace", "--no-fail-fast", "golden"]);
    process::run(tests.env("SANDPIT_BLESS", "1").env("INSTA_UPDATE", "always"))
}
