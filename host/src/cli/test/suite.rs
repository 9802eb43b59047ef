//! Scenarios with everything that they need to run: read from their files, each strategy compiled once, run on all cores. Must not
//! know how a result looks.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use super::script::{self, ScriptError};
use crate::backtest::PlayError;
use crate::backtest::scenario::{self, Cast, Scenario, ScenarioAnswer, ScenarioError};
use crate::base::{Clock as _, SystemClock};
use crate::cli::Failure;
use crate::cli::backtest::open_in;
use crate::cli::source::{self, NoSource};
use crate::cli::workbench::{Workbench, block_on};
use crate::compile::{CompileError, Diagnostic, Places};
use crate::sandbox::{Exception, Program};

/// One scenario and where it comes from.
pub(in crate::cli) struct Case {
    scenario: Scenario,
    /// As it was written, for excerpts.
    document: Value,
    /// As it was named; none for standard input.
    pub(super) file: Option<String>,
    /// Which one in its file; none when it is alone there.
    number: Option<usize>,
    /// What its paths are relative to.
    folder: PathBuf,
}

/// What became of one.
pub(in crate::cli) struct Outcome {
    /// How it is called for people.
    pub(in crate::cli) title: String,
    /// As it was named; none for standard input.
    pub(in crate::cli) file: Option<String>,
    /// As it was written.
    pub(super) document: Value,
    /// What happened.
    pub(in crate::cli) verdict: Verdict,
    /// Of the machine.
    pub(super) took: Duration,
}

/// What happened.
pub(in crate::cli) enum Verdict {
    /// It ran to its end.
    Ran(Box<ScenarioAnswer>, Places),
    /// Its strategy does not compile.
    Refused(Vec<Diagnostic>),
    /// Its strategy's `create` threw.
    NotCreated(Box<Exception>, Places),
    /// It could not be tried.
    Untried(String),
}

/// Scenarios run at the same time.
pub(in crate::cli) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// Strategies that were compiled for scenarios, under the names that these give them.
pub(in crate::cli) struct Stock {
    bench: Workbench,
    /// Where selectors are looked up.
    strategies: Option<PathBuf>,
    known: HashMap<PathBuf, Result<Kit, Missing>>,
}

/// A strategy that can run, and where its lines come from.
#[derive(Clone)]
struct Kit {
    program: Arc<Program>,
    places: Places,
}

/// Why there is no strategy.
#[derive(Clone)]
enum Missing {
    Diagnostics(Vec<Diagnostic>),
    Words(String),
}

impl Stock {
    pub(in crate::cli) fn new(bench: Workbench, strategies: Option<PathBuf>) -> Self {
        Self { bench, strategies, known: HashMap::new() }
    }

    /// The strategy of a scenario.
    fn kit(&mut self, case: &Case) -> Result<Kit, Missing> {
        let Some(named) = &case.scenario.strategy else {
            let rule = "`strategy`: name one, as a path relative to the scenario or as a selector such as \"momentum\"";
            return Err(Missing::Words(rule.to_owned()));
        };
        let path = case.folder.join(named);
        let name = if source::is_file(named) || path.is_file() { path } else { PathBuf::from(named) };
        if let Some(known) = self.known.get(&name) {
            return known.clone();
        }
        let made = self.make(&name);
        self.known.insert(name, made.clone());
        made
    }

    fn make(&self, name: &Path) -> Result<Kit, Missing> {
        let words = |failure: Failure| match failure {
            Failure::Usage(words) | Failure::Failed(words) => Missing::Words(format!("`strategy`: {words}")),
            Failure::Answered => Missing::Words("`strategy`: it cannot be read".to_owned()),
        };
        let places = source::find(&name.to_string_lossy(), self.strategies.as_ref()).map_err(|error| match error {
            NoSource::Failure(failure) => words(failure),
            NoSource::Diagnostics(diagnostics) => Missing::Diagnostics(diagnostics),
        })?;
        let compiled = block_on(self.bench.compiler.program(places.source())).map_err(words)?;
        let program = compiled.map_err(|error| match error {
            CompileError::Diagnostics(mut diagnostics) => {
                diagnostics.iter_mut().for_each(|diagnostic| places.translate_diagnostic(diagnostic));
                Missing::Diagnostics(diagnostics)
            }
            other => Missing::Words(other.to_string()),
        })?;
        Ok(Kit { program, places })
    }
}

/// The scenarios of a text, whose paths are relative to the working folder.
pub(super) fn of_text(text: &str) -> Result<Vec<Case>, String> {
    cases(text, None, Path::new("")).map_err(|error| error.to_string())
}

/// The scenarios of a file.
pub(in crate::cli) fn read(stock: &mut Stock, path: &Path) -> Result<Vec<Case>, Box<Outcome>> {
    let file = path.strip_prefix(".").unwrap_or(path).display().to_string();
    let failed = |verdict: Verdict| {
        let (title, file) = (file.clone(), Some(file.clone()));
        Box::new(Outcome { title, file, document: Value::Null, verdict, took: Duration::ZERO })
    };
    let untried = |why: String| failed(Verdict::Untried(why));
    let text = if path.extension().is_some_and(|extension| extension == "js") {
        script::evaluate(&stock.bench, path).map_err(|error| match error {
            ScriptError::Diagnostics(diagnostics) => failed(Verdict::Refused(diagnostics)),
            ScriptError::Words(words) => untried(words),
        })?
    } else {
        std::fs::read_to_string(path).map_err(|error| untried(error.to_string()))?
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    cases(&text, Some(&file), folder).map_err(|error| untried(error.to_string()))
}

fn cases(text: &str, file: Option<&str>, folder: &Path) -> Result<Vec<Case>, scenario::DocumentError> {
    let documents = Scenario::split(text)?;
    let alone = documents.len() == 1;
    let case = |(number, document): (usize, Value)| {
        let number = (!alone).then_some(number);
        let prefix = number.map(|number| format!("[{number}]")).unwrap_or_default();
        let scenario = Scenario::of(document.clone(), &prefix)?;
        Ok(Case { scenario, document, file: file.map(str::to_owned), number, folder: folder.to_owned() })
    };
    documents.into_iter().enumerate().map(case).collect()
}

impl Case {
    /// How it is called for people.
    pub(in crate::cli) fn title(&self) -> String {
        let number = || self.number.map(|number| format!("scenario {number}"));
        let file = || self.file.as_deref().and_then(|file| file.rsplit('/').next()).map(str::to_owned);
        self.scenario.name.clone().or_else(number).or_else(file).unwrap_or_else(|| "the scenario".to_owned())
    }

    fn run(&self, kit: Result<Kit, Missing>) -> Verdict {
        let Kit { program, places } = match kit {
            Ok(kit) => kit,
            Err(Missing::Diagnostics(diagnostics)) => return Verdict::Refused(diagnostics),
            Err(Missing::Words(words)) => return Verdict::Untried(words),
        };
        let tapes = if self.scenario.tape.is_empty() { Ok(Vec::new()) } else { open_in(&self.folder, &self.scenario.tape) };
        let tapes = match tapes {
            Ok(tapes) => tapes,
            Err(Failure::Usage(words) | Failure::Failed(words)) => return Verdict::Untried(format!("`tape`: {words}")),
            Err(Failure::Answered) => return Verdict::Untried("`tape`: it cannot be read".to_owned()),
        };
        match scenario::run(&self.scenario, Cast { program, tapes }) {
            Ok(mut answer) => {
                source::translate(&places, &mut answer.report);
                Verdict::Ran(Box::new(answer), places)
            }
            Err(ScenarioError::Play(PlayError::Create(mut thrown))) => {
                places.translate(&mut thrown);
                Verdict::NotCreated(thrown, places)
            }
            Err(error) => Verdict::Untried(error.to_string()),
        }
    }
}

/// Runs them all; the outcomes come in the order of the cases.
pub(in crate::cli) fn run(stock: &mut Stock, cases: &[Case], threads: usize) -> Vec<Outcome> {
    let kits: Vec<_> = cases.iter().map(|case| stock.kit(case)).collect();
    let next = AtomicUsize::new(0);
    let outcomes: Mutex<Vec<Option<Outcome>>> = Mutex::new(cases.iter().map(|_| None).collect());
    let clock = SystemClock::new();
    let work = || {
        while let Some(place) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|place| *place < cases.len()) {
            let case = &cases[place];
            let began = clock.now();
            let verdict = case.run(kits[place].clone());
            let took = clock.now().since(began);
            let (title, file, document) = (case.title(), case.file.clone(), case.document.clone());
            let outcome = Outcome { title, file, document, verdict, took };
            outcomes.lock().unwrap_or_else(PoisonError::into_inner)[place] = Some(outcome);
        }
    };
    std::thread::scope(|scope| {
        (1..threads.min(cases.len())).for_each(|_| drop(scope.spawn(work)));
        work();
    });
    outcomes.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().flatten().collect()
}

impl Outcome {
    /// Everything held.
    pub(in crate::cli) fn is_ok(&self) -> bool {
        matches!(&self.verdict, Verdict::Ran(answer, _) if answer.ok)
    }

    /// The answer for programs.
    pub(super) fn to_json(&self) -> Value {
        let mut json = json!({ "name": self.title, "file": self.file, "ok": self.is_ok() });
        let more = match &self.verdict {
            Verdict::Ran(answer, _) => serde_json::to_value(answer).unwrap_or_default(),
            Verdict::Refused(diagnostics) => json!({ "diagnostics": diagnostics }),
            Verdict::NotCreated(thrown, _) => json!({
                "failures": [{ "at": "strategy", "message": "its create threw, so that nothing could happen" }],
                "exceptions": [thrown], "exceptionCount": 1,
            }),
            Verdict::Untried(why) => json!({ "error": why }),
        };
        if let (Value::Object(json), Value::Object(more)) = (&mut json, more) {
            json.extend(more.into_iter().filter(|(key, _)| key != "name"));
        }
        json
    }
}
