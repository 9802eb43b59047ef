//! One round: the strategy is built and compiled, a tape is played, the scenarios run. Engine, compiler and opened data stay from one
//! round to the next. Must not know how a result looks.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::folder::{self, Survey};
use crate::backtest::{self, PlayError, PlayReport, PlayRequest, PlayVenue, Watch};
use crate::base::{Clock as _, SystemClock};
use crate::cli::Failure;
use crate::cli::backtest::{configuration, open};
use crate::cli::source::{self, NoSource};
use crate::cli::test::suite::{self, Outcome, Stock};
use crate::cli::workbench::{Workbench, block_on};
use crate::compile::{CompileError, Diagnostic, Places, Source};
use crate::sandbox::{Exception, Program};

/// What is played when the folder has no tape of its own: six minutes of a real market.
const TAPE: &str = "btcusdt-20240808";

/// What happened.
#[derive(Default)]
pub(super) struct Round {
    /// Why it could not be tried; nothing else happened then.
    pub(super) untried: Option<String>,
    /// Mistakes that keep the source from becoming a strategy; nothing was played then.
    pub(super) diagnostics: Vec<Diagnostic>,
    /// What was compiled.
    pub(super) places: Option<Places>,
    /// What came of the tape.
    pub(super) played: Option<Result<Box<PlayReport>, NotPlayed>>,
    /// What came of the scenarios.
    pub(super) scenarios: Vec<Outcome>,
    /// What the author should know of how data was chosen.
    pub(super) note: Option<String>,
    /// Where the time went.
    pub(super) took: Took,
}

/// Why there is no report.
pub(super) enum NotPlayed {
    /// `create` threw.
    Created(Box<Exception>),
    /// In words: a configuration that does not hold, data that cannot be read.
    Words(String),
}

/// Time of the machine. Tape and scenarios are played side by side.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Took {
    pub(super) build: Duration,
    pub(super) compile: Duration,
    pub(super) tape: Duration,
    pub(super) scenarios: Duration,
}

/// Why a round ends early.
enum Stop {
    Words(String),
    Diagnostics(Vec<Diagnostic>),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Words(words(failure))
    }
}

impl From<NoSource> for Stop {
    fn from(error: NoSource) -> Self {
        match error {
            NoSource::Failure(failure) => failure.into(),
            NoSource::Diagnostics(diagnostics) => Self::Diagnostics(diagnostics),
        }
    }
}

impl Round {
    /// Whether everything is as it must be.
    pub(super) fn is_green(&self) -> bool {
        let report = match &self.played {
            Some(Ok(report)) => report,
            _ => return false,
        };
        report.exception_count == 0 && report.faults.is_empty() && self.scenarios.iter().all(Outcome::is_ok)
    }

    /// The very source that was played, when everything is as it must be.
    pub(super) fn pushable(&self) -> Option<&Source> {
        self.places.as_ref().filter(|_| self.is_green()).map(Places::source)
    }
}

/// What rounds are made of.
pub(super) struct Rounds {
    what: PathBuf,
    data: Vec<String>,
    config: Vec<(String, String)>,
    bench: Workbench,
    opened: Option<Opened>,
    clock: SystemClock,
    end: Arc<Watch>,
}

/// Data that was opened, and how its files were then.
struct Opened {
    stamps: Vec<Stamp>,
    venues: Vec<PlayVenue>,
}

/// A name of data, and what changes when its file does: bytes and time of the last write.
#[derive(PartialEq, Eq)]
struct Stamp {
    name: String,
    about: Option<(u64, i64, i64)>,
}

impl Rounds {
    /// Of a folder or a file, over this data (none: what the folder has). `end` ends a round in its midst.
    ///
    /// # Errors
    /// [`Failure`] when no sandbox can be made.
    pub(super) fn new(what: PathBuf, data: Vec<String>, config: Vec<(String, String)>, end: Arc<Watch>) -> Result<Self, Failure> {
        let bench = Workbench::cached(suite::threads() + 1, true)?;
        Ok(Self { what, data, config, bench, opened: None, clock: SystemClock::new(), end })
    }

    /// Whether somebody has asked for the end.
    pub(super) fn has_ended(&self) -> bool {
        self.end.is_cancelled()
    }

    /// Does it all again, of what is on the disk now.
    pub(super) fn run(&mut self) -> Round {
        let mut round = Round::default();
        match self.try_run(&mut round) {
            Ok(()) => {}
            Err(Stop::Words(words)) => round.untried = Some(words),
            Err(Stop::Diagnostics(diagnostics)) => round.diagnostics = diagnostics,
        }
        round
    }

    fn try_run(&mut self, round: &mut Round) -> Result<(), Stop> {
        let refused = |error: folder::FolderError| Stop::Words(error.to_string());
        let in_folder = self.what.is_dir();
        let path = if in_folder { folder::strategy(&self.what).map_err(refused)? } else { self.what.clone() };
        let root = if in_folder { self.what.as_path() } else { path.parent().unwrap_or(Path::new("")) };
        let root = if root.as_os_str().is_empty() { Path::new(".") } else { root };
        let found = folder::survey(root).map_err(refused)?;

        let began = self.clock.now();
        let built = source::file(&path);
        round.took.build = self.clock.now().since(began);
        let places = built?;
        let began = self.clock.now();
        let compiled = self.compiled(&places);
        round.took.compile = self.clock.now().since(began);
        let program = compiled?;

        let data = self.choose(&found, round);
        let request = self.request(&program, &data);
        let stock = Stock::new(self.bench.clone(), None);
        let clock = &self.clock;
        std::thread::scope(|scope| {
            let tests = scope.spawn(|| timed(clock, || tested(stock, &found.scenarios)));
            let (played, took) = timed(clock, || request.map_err(NotPlayed::Words).and_then(|request| play(request, &places)));
            (round.played, round.took.tape) = (Some(played), took);
            // A scenario that panics is a bug of ours, and told as one.
            match tests.join() {
                Ok(tested) => (round.scenarios, round.took.scenarios) = tested,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        });
        round.places = Some(places);
        Ok(())
    }

    fn compiled(&self, places: &Places) -> Result<Arc<Program>, Stop> {
        block_on(self.bench.compiler.program(places.source()))?.map_err(|error| match error {
            CompileError::Diagnostics(mut diagnostics) => {
                diagnostics.iter_mut().for_each(|diagnostic| places.translate_diagnostic(diagnostic));
                Stop::Diagnostics(diagnostics)
            }
            other => Stop::Words(other.to_string()),
        })
    }

    /// The data that was asked for, or that of the folder.
    fn choose(&self, found: &Survey, round: &mut Round) -> Vec<String> {
        match (self.data.as_slice(), found.tapes.as_slice()) {
            ([], [only]) => vec![only.display().to_string()],
            ([], tapes) => {
                if !tapes.is_empty() {
                    round.note = Some(format!("the folder has {} tapes: name one with --data; this is {TAPE}", tapes.len()));
                }
                vec![TAPE.to_owned()]
            }
            (given, _) => given.to_vec(),
        }
    }

    /// What is to be played; what is wrong with it, in words.
    fn request(&mut self, program: &Arc<Program>, data: &[String]) -> Result<PlayRequest, String> {
        let config = configuration(program.metadata(), &self.config)?;
        let venues = self.venues(data).map_err(words)?;
        let watch = Arc::new(Watch::under(&self.end));
        Ok(PlayRequest { venues, config, watch, ..PlayRequest::new(Arc::clone(program)) })
    }

    /// Opened once, and again when a file has changed.
    fn venues(&mut self, names: &[String]) -> Result<Vec<PlayVenue>, Failure> {
        let stamps: Vec<Stamp> = names.iter().map(|name| Stamp::of(name)).collect();
        if let Some(opened) = self.opened.as_ref().filter(|opened| opened.stamps == stamps) {
            return Ok(opened.venues.clone());
        }
        let venues = open(names)?;
        self.opened = Some(Opened { stamps, venues: venues.clone() });
        Ok(venues)
    }
}

impl Stamp {
    fn of(name: &str) -> Self {
        let file = name.rfind(['=', ':']).map_or(name, |at| &name[at + 1..]);
        let about = fs::metadata(name).or_else(|_| fs::metadata(file)).ok();
        let about = about.map(|about| (about.len(), about.mtime(), about.mtime_nsec()));
        Self { name: name.to_owned(), about }
    }
}

fn play(request: PlayRequest, places: &Places) -> Result<Box<PlayReport>, NotPlayed> {
    match backtest::play(request) {
        Ok(mut report) => {
            source::translate(places, &mut report);
            Ok(Box::new(report))
        }
        Err(PlayError::Create(mut thrown)) => {
            places.translate(&mut thrown);
            Err(NotPlayed::Created(thrown))
        }
        Err(error) => Err(NotPlayed::Words(error.to_string())),
    }
}

/// The scenarios of these files, as `sandpit test` runs them.
fn tested(mut stock: Stock, files: &[PathBuf]) -> Vec<Outcome> {
    let (mut cases, mut outcomes) = (Vec::new(), Vec::new());
    for file in files {
        match suite::read(&mut stock, file) {
            Ok(found) => cases.extend(found),
            Err(outcome) => outcomes.push(*outcome),
        }
    }
    if !cases.is_empty() {
        outcomes.extend(suite::run(&mut stock, &cases, suite::threads()));
    }
    outcomes.sort_by(|a, b| a.file.cmp(&b.file));
    outcomes
}

fn timed<T>(clock: &SystemClock, work: impl FnOnce() -> T) -> (T, Duration) {
    let began = clock.now();
    let result = work();
    (result, clock.now().since(began))
}

fn words(failure: Failure) -> String {
    match failure {
        Failure::Usage(words) | Failure::Failed(words) => words,
        Failure::Answered => "it cannot be read".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRATEGY: &str = include_str!("../../../templates/js/strategy.js");

    fn rounds(folder: &Path) -> Rounds {
        let Ok(rounds) = Rounds::new(folder.to_owned(), Vec::new(), Vec::new(), Arc::default()) else { panic!("no sandbox") };
        rounds
    }

    #[test]
    fn data_is_opened_once_and_again_when_its_file_changes() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("trades.csv");
        let rows = "timestamp,price,quantity,side\n2024-08-08T00:00:00Z,61000.5,0.01,buy\n";
        fs::write(&file, rows).unwrap();
        let name = format!("BTC-USDT={}", file.display());
        let mut rounds = rounds(dir.path());
        let mut open = || rounds.venues(std::slice::from_ref(&name)).map_err(words).unwrap().remove(0).market;
        let first = open();
        assert!(Arc::ptr_eq(&first, &open()));
        fs::write(&file, format!("{rows}2024-08-08T00:00:01Z,61001,0.02,sell\n")).unwrap();
        let second = open();
        assert!(!Arc::ptr_eq(&first, &second) && second.origins()[0].records == 2);
    }

    #[test]
    fn the_only_tape_of_the_folder_is_played_and_of_several_none() {
        let dir = tempfile::tempdir().unwrap();
        let rounds = rounds(dir.path());
        let choose = |tapes: &[&str]| {
            let mut round = Round::default();
            let found = Survey { tapes: tapes.iter().map(PathBuf::from).collect(), ..Survey::default() };
            (rounds.choose(&found, &mut round), round.note)
        };
        assert_eq!(choose(&["a.tape"]), (vec!["a.tape".to_owned()], None));
        assert_eq!(choose(&[]), (vec![TAPE.to_owned()], None));
        let (data, note) = choose(&["a.tape", "b.tape"]);
        assert_eq!(data, [TAPE]);
        assert!(note.is_some_and(|note| note.contains("2 tapes") && note.contains("--data")));
    }

    #[test]
    fn a_round_says_what_is_missing_broken_and_well() {
        let dir = tempfile::tempdir().unwrap();
        let mut rounds = rounds(dir.path());
        let nothing = rounds.run();
        assert!(nothing.untried.as_ref().is_some_and(|words| words.contains("no strategy in")) && !nothing.is_green());

        let file = dir.path().join("strategy.js");
        fs::write(&file, STRATEGY.replace("{{name}}", "demo").replace("module.exports", "module..exports")).unwrap();
        let broken = rounds.run();
        let [diagnostic] = broken.diagnostics.as_slice() else { panic!("{:?}", broken.diagnostics) };
        assert_eq!(diagnostic.file.as_deref(), Some("strategy.js"));
        assert!(diagnostic.line.is_some_and(|line| line > 1) && broken.pushable().is_none() && broken.played.is_none());

        fs::write(&file, STRATEGY.replace("{{name}}", "demo")).unwrap();
        let well = rounds.run();
        assert!(well.is_green(), "{:?} {:?}", well.untried, well.diagnostics);
        let Some(Ok(report)) = &well.played else { panic!("it was played") };
        assert_eq!(report.data[0].name, TAPE);
        assert_eq!(well.pushable().map(Source::digest), Some(report.strategy.hash));

        rounds.config = vec![("nothing".to_owned(), "1".to_owned())];
        let refused = rounds.run();
        assert!(matches!(&refused.played, Some(Err(NotPlayed::Words(words))) if words.contains("config.nothing")));
        rounds.end.cancel();
        assert!(rounds.has_ended());
    }
}
