//! Every file of `tests/guests` does what its `Expect` lines say: the exact fault, whose blame it is, or the diagnostic.

use std::path::{Path, PathBuf};

use super::lab::{BEGIN, Lab, guest_source, program, trade};
use crate::base::Blame;
use crate::compile::{Diagnostic, Stage};
use crate::sandbox::{Delivery, Exception, Fault, Guest, Program, StartError};

/// One line `// Expect: <when>: <what>`.
struct Expectation {
    when: String,
    /// What may happen: `fault`, `exception`, `logs`, `runs`, `accepted`, `diagnostic`.
    kinds: Vec<String>,
    /// Fault codes or stages that are allowed.
    words: Vec<String>,
    /// Text that the message has to contain.
    text: String,
    /// The line of the source that the message has to name.
    line: Option<u32>,
}

fn expectations(source: &str) -> Vec<Expectation> {
    source.lines().filter_map(|line| line.strip_prefix("// Expect: ")).map(expectation).collect()
}

fn expectation(line: &str) -> Expectation {
    let (when, what) = line.split_once(": ").unwrap_or((line, ""));
    let place = what.rsplit_once("line ").and_then(|(_, rest)| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok());
    let what = what.split(" (").next().unwrap_or_default().trim();
    let (kind, rest) = what.split_once(' ').unwrap_or((what, ""));
    let kinds: Vec<String> = kind.split('|').map(str::to_owned).collect();
    let (words, text) = match kinds.last().map(String::as_str) {
        Some("fault" | "diagnostic") => rest.split_once(' ').unwrap_or((rest, "")),
        _ => ("", rest),
    };
    let words = words.split('|').filter(|word| !word.is_empty()).map(str::to_owned).collect();
    Expectation { when: when.to_owned(), kinds, words, text: text.to_owned(), line: place }
}

/// What really happened in one call.
enum Outcome {
    Runs,
    Exception(Exception),
    Fault(Fault),
}

impl From<Result<Delivery, Fault>> for Outcome {
    fn from(result: Result<Delivery, Fault>) -> Self {
        match result {
            Ok(Delivery { exception: Some(exception), .. }) => Self::Exception(*exception),
            Ok(_) => Self::Runs,
            Err(fault) => Self::Fault(fault),
        }
    }
}

impl Expectation {
    fn allows(&self, kind: &str) -> bool {
        self.kinds.iter().any(|allowed| allowed == kind)
    }

    fn check(&self, outcome: &Outcome, lines: &[String]) -> Result<(), String> {
        match outcome {
            Outcome::Runs if self.allows("runs") => Ok(()),
            Outcome::Runs if self.allows("logs") && !lines.is_empty() => Ok(()),
            Outcome::Runs => Err(format!("it ran; log: {lines:?}")),
            Outcome::Exception(exception) if self.fits(exception) => Ok(()),
            Outcome::Exception(exception) => Err(format!("it threw: {exception:?}")),
            Outcome::Fault(fault) if fault.blame != Blame::Guest => Err(format!("not the guest's fault: {fault}")),
            Outcome::Fault(fault) if self.allows("fault") && self.words.iter().any(|word| word == fault.code.as_str()) => Ok(()),
            Outcome::Fault(fault) => Err(format!("fault: {fault}; log: {lines:?}")),
        }
    }

    fn fits(&self, exception: &Exception) -> bool {
        let place = self.line.is_none() || self.line == exception.line;
        self.allows("exception") && place && exception.message.contains(&self.exception_text())
    }

    /// Only what stands before a placeholder is literal.
    fn exception_text(&self) -> String {
        if self.allows("fault") { String::new() } else { self.text.split('<').next().unwrap_or_default().to_owned() }
    }

    fn check_diagnostics(&self, diagnostics: &[Diagnostic]) -> Result<(), String> {
        let stage = |stage: Stage| match stage {
            Stage::Compile => "compile",
            Stage::Execute => "execute",
            Stage::Validation => "validation",
        };
        let fits = diagnostics.iter().any(|diagnostic| {
            let place = self.line.is_none() || self.line == diagnostic.line;
            place && self.words.iter().any(|word| word == stage(diagnostic.stage)) && diagnostic.message.contains(&self.text)
        });
        if self.allows("diagnostic") && fits { Ok(()) } else { Err(format!("{diagnostics:?}")) }
    }

    /// What `create` does wrong shows at upload already, when it can be tried there.
    fn check_tried(&self, diagnostics: &[Diagnostic]) -> Result<(), String> {
        let place = |known: &Diagnostic| self.line.is_none() || self.line == known.line;
        let shows = |text: &str| {
            diagnostics.iter().any(|known| place(known) && known.stage == Stage::Execute && known.message.contains(text))
        };
        let fits = self.allows("exception") && shows(&self.exception_text())
            || self.allows("fault") && self.words.iter().any(|word| shows(word));
        if fits { Ok(()) } else { Err(format!("{diagnostics:?}")) }
    }
}

fn guest_files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
        .into_iter()
        .flat_map(|path| if path.is_dir() { vec![path.join("main.js")] } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|ending| ending == "js"))
        // It waits for fills: the tests of the whole host play it on the paper venue.
        .filter(|path| !path.ends_with("order-lifecycle.js"))
        .collect()
}

/// Everything that went otherwise than a file says.
async fn play(path: &Path) -> Vec<String> {
    let source = guest_source(path);
    let expected = expectations(source.entry().text());
    assert!(!expected.is_empty(), "{} says nothing of what it expects", path.display());
    let program = program(&source).await;
    let mut wrong = Vec::new();
    for expectation in &expected {
        let result = match (&program, expectation.when.as_str()) {
            (Ok(_), "upload") if expectation.allows("accepted") => Ok(()),
            (Ok(_), "upload") if expectation.text.is_empty() && source.entry().text().contains("metadata.tag") => Ok(()),
            (Ok(_), "upload") => Err("it was accepted".to_owned()),
            (Err(diagnostics), "upload") => expectation.check_diagnostics(diagnostics),
            (Err(diagnostics), _) => expectation.check_tried(diagnostics),
            (Ok(program), when) => run(program, when, expectation).await,
        };
        if let Err(what) = result {
            wrong.push(format!("{}: {}: {what}", path.file_name().unwrap().to_string_lossy(), expectation.when));
        }
    }
    wrong
}

async fn run(program: &Program, when: &str, expectation: &Expectation) -> Result<(), String> {
    let lab = Lab::default();
    let guest = match lab.start(program).await {
        Ok((guest, _)) if when != "launch" => guest,
        Ok(_) => return expectation.check(&Outcome::Runs, &lab.lines.texts()),
        Err(StartError::Exception(exception)) => return expectation.check(&Outcome::Exception(*exception), &[]),
        Err(StartError::Fault(fault)) => return expectation.check(&Outcome::Fault(fault), &[]),
    };
    // A leak takes some hundred events to show; what runs well runs well in a few.
    let times = if expectation.allows("runs") || expectation.allows("logs") { 5 } else { 150 };
    let outcome = call(guest, when, times).await;
    expectation.check(&outcome, &lab.lines.texts())
}

/// Calls of the kind, a second apart (for the throttle of orders), until one does not simply run.
async fn call(mut guest: Guest, when: &str, times: u64) -> Outcome {
    for n in (1..=times).map(|n| n * 1_000) {
        let outcome: Outcome = match when {
            "trade" => guest.deliver(&trade(n)).await.into(),
            "stop" => guest.stop(BEGIN).await.into(),
            "timer" => {
                let due = guest.next_timer();
                match guest.fire(due.unwrap_or(BEGIN)).await {
                    Ok(None) => guest.deliver(&trade(n)).await.into(),
                    Ok(Some(delivery)) => Ok(delivery).into(),
                    Err(fault) => Outcome::Fault(fault),
                }
            }
            other => panic!("no such moment: {other}"),
        };
        if !matches!(outcome, Outcome::Runs) || when == "stop" {
            return outcome;
        }
    }
    Outcome::Runs
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_guest_does_what_it_says() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/guests");
    let files = guest_files(&folder);
    assert!(files.len() > 50, "only {} guests", files.len());
    let mut wrong = Vec::new();
    for path in &files {
        wrong.extend(play(path).await);
    }
    assert!(wrong.is_empty(), "{} of {} guests:\n{}", wrong.len(), files.len(), wrong.join("\n"));
}
