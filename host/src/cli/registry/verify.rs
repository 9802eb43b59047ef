//! `sandpit registry verify`: does a strategies directory hold what its registry says? Offline, changes nothing.

use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use crate::base::{Digest, StrategyName, SystemClock};
use crate::catalogue::{Access, Catalogue, CatalogueConfig, CatalogueError, ListFilter, Problem};
use crate::cli::Failure;
use crate::cli::output::{FormatFlag, table};
use crate::cli::progress::Progress;
use crate::cli::shown::{HashFlag, count};
use crate::config::Config;

/// Checks a strategies directory: every line of its registry, and the bytes of every revision against its hash. Exit code 1
/// when something is wrong. Needs no host, and does not disturb one.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The strategies directory [default: strategies in the data directory].
    #[arg(value_name = "DIR")]
    directory: Option<PathBuf>,
    /// The data directory, when the strategies are there [default: .sandpit in the working folder].
    #[arg(long, value_name = "DIR", env = "SANDPIT_DATA_DIR")]
    data_dir: Option<PathBuf>,
    #[command(flatten)]
    hashes: HashFlag,
    #[command(flatten)]
    format: FormatFlag,
}

/// The answer.
#[derive(Debug, Serialize)]
struct Report {
    ok: bool,
    strategies: usize,
    revisions: usize,
    /// Lines of the registry that are not used.
    problems: Vec<Problem>,
    /// Revisions that must not run.
    damaged: Vec<Damaged>,
}

#[derive(Debug, Serialize)]
struct Damaged {
    strategy: StrategyName,
    hash: Digest,
    code: &'static str,
    message: String,
}

/// What a catalogue says of a revision that nobody has compiled yet: nothing is wrong with it.
const NOT_COMPILED: &str = "not_loaded";

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let output = args.format.output();
    let data_dir = || args.data_dir.clone().unwrap_or_else(|| Config::default().data_dir);
    let directory =
        args.directory.clone().unwrap_or_else(|| Config { data_dir: data_dir(), ..Config::default() }.strategies_dir());
    let report = verify(&directory)?;
    output.answer(&report, |report| text(report, args.hashes));
    if report.ok { Ok(()) } else { Err(Failure::Answered) }
}

fn verify(directory: &std::path::Path) -> Result<Report, Failure> {
    let waiting = Progress::waiting("every revision is read");
    // A directory without a registry is nothing that could be verified.
    let config = CatalogueConfig { require_registry: true };
    let catalogue =
        Catalogue::open(directory, Access::Read, config, Arc::new(SystemClock::new())).map_err(|error| match error {
            CatalogueError::RegistryInvalid { .. } => Failure::failed(error),
            other => Failure::usage(other),
        })?;
    let modules = catalogue.list(&ListFilter::default()).modules;
    drop(waiting);
    let revisions = modules.iter().flat_map(|module| module.revisions.iter().map(move |revision| (&module.name, revision)));
    let damaged: Vec<Damaged> = revisions
        .filter_map(|(name, revision)| {
            let invalid = revision.invalid.as_ref().filter(|invalid| invalid.code != NOT_COMPILED)?;
            let message = invalid.message.clone();
            Some(Damaged { strategy: name.clone(), hash: revision.hash, code: invalid.code, message })
        })
        .collect();
    let problems = catalogue.problems();
    let ok = problems.is_empty() && damaged.is_empty();
    let revisions = modules.iter().map(|module| module.revisions.len()).sum();
    Ok(Report { ok, strategies: modules.len(), revisions, problems, damaged })
}

fn text(report: &Report, hashes: HashFlag) -> String {
    let wrong = report.problems.len() + report.damaged.len();
    let (strategies, revisions) = (count(report.strategies, "strategy"), count(report.revisions, "revision"));
    let summary = format!("{strategies}, {revisions}, {}", count(wrong, "problem"));
    if report.ok {
        return summary;
    }
    let mut rows = table(&["strategy", "subject", "problem"], &[]);
    for problem in &report.problems {
        // Keys of a file that a person wrote: shown on a terminal.
        let subject = problem.subject.as_deref().map(|subject| {
            if subject.parse::<Digest>().is_ok() { hashes.of(subject) } else { subject.escape_debug().to_string() }
        });
        rows.add_row([problem.strategy.escape_debug().to_string(), subject.unwrap_or_default(), problem.message.clone()]);
    }
    for damaged in &report.damaged {
        let message = format!("{}: {}", damaged.code, damaged.message);
        rows.add_row([damaged.strategy.to_string(), hashes.of(&damaged.hash.to_string()), message]);
    }
    format!("{rows}\n\n{summary}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::samples::trimmed;

    fn directory(sources: &[(&str, &str, bool)], extra: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let mut entries = Vec::new();
        for (name, source, intact) in sources {
            let hash = Digest::of(source.as_bytes());
            let folder = dir.path().join(name).join(hash.hex());
            std::fs::create_dir_all(&folder).unwrap();
            let written = if *intact { (*source).to_owned() } else { format!("{source} ") };
            std::fs::write(folder.join(format!("{name}.js")), written).unwrap();
            let path = format!("{name}/{}/{name}.js", hash.hex());
            entries.push(format!(
                r#""{name}":{{"hashes":{{"{hash}":{{"path":"{path}","tag":"v1"}}}},"tags":{{"latest":"{hash}"{extra}}}}}"#
            ));
        }
        std::fs::write(dir.path().join("registry.json"), format!("{{{}}}", entries.join(","))).unwrap();
        dir
    }

    #[test]
    fn a_sound_directory_is_said_to_be_sound() {
        let dir = directory(&[("one", "1", true), ("two", "2", true)], "");
        let report = verify(dir.path()).unwrap();
        assert!(report.ok);
        assert_eq!(text(&report, HashFlag::default()), "2 strategies, 2 revisions, 0 problems");
    }

    #[test]
    fn every_problem_is_named() {
        let dangling = format!(r#","prod":"sha256:{}""#, "f".repeat(64));
        let dir = directory(&[("one", "1", true), ("two", "2", false)], &dangling);
        let report = verify(dir.path()).unwrap();
        assert!(!report.ok);
        insta::assert_snapshot!(trimmed(&text(&report, HashFlag::default())), @r"
         strategy  subject       problem
         one       prod          it references unknown hash sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff
         two       prod          it references unknown hash sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff
         two       d4735e3a265e  hash_mismatch: module hash mismatch for two/d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35/two.js: expected sha256:d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35, its bytes are sha256:5749fdd6b67e4204b3047ba33540bc87f60c84d784a46c6307c78299f8fa67e9

        2 strategies, 2 revisions, 3 problems
        ");
    }

    #[test]
    fn what_cannot_be_verified_is_told_from_what_is_wrong() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(verify(&dir.path().join("no")), Err(Failure::Usage(_))));
        assert!(matches!(verify(dir.path()), Err(Failure::Usage(message)) if message.contains("registry.json is missing")));
        std::fs::write(dir.path().join("registry.json"), "{").unwrap();
        assert!(matches!(verify(dir.path()), Err(Failure::Failed(message)) if message.contains("cannot be understood")));
    }
}
