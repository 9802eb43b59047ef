//! How results of scenarios look on a terminal: a line each, and below a failed one what was expected, what was, and where.

use std::fmt::Write as _;
use std::time::Duration;

use indexmap::IndexMap;
use serde_json::Value;

use super::suite::{Outcome, Verdict};
use crate::backtest::scenario::{Failing, ScenarioAnswer};
use crate::cli::diagnostics;
use crate::cli::output::Output;
use crate::compile::Places;
use crate::sandbox::Exception;

/// From here on a scenario is slow, and its time is shown.
const SLOW: Duration = Duration::from_secs(1);

/// Log lines that a failure shows.
const LINES: usize = 10;

/// Failures and exceptions of one scenario that are shown.
const SHOWN: usize = 10;

/// Characters of a value.
const VALUE_CHARS: usize = 400;

/// All results by file, and how many there are.
pub(in crate::cli) fn text(outcomes: &[Outcome], output: Output) -> String {
    let mut text = String::new();
    let mut file = None;
    for outcome in outcomes {
        if file != Some(&outcome.file) {
            if let Some(name) = &outcome.file {
                let _ = writeln!(text, "{}", output.bold(name));
            }
            file = Some(&outcome.file);
        }
        one(&mut text, outcome, output);
    }
    let passed = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let untried = outcomes.iter().filter(|outcome| matches!(outcome.verdict, Verdict::Untried(_))).count();
    let parts = [(passed, "passed"), (outcomes.len() - passed - untried, "failed"), (untried, "could not be tried")];
    let parts = parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
    let parts: Vec<_> = parts.collect();
    let plural = if outcomes.len() == 1 { "" } else { "s" };
    let _ = write!(text, "\n{} scenario{plural}: {}", outcomes.len(), parts.join(", "));
    text
}

fn one(text: &mut String, outcome: &Outcome, output: Output) {
    let mark = if outcome.is_ok() { output.green("✓") } else { output.red("✗") };
    let slow = if outcome.took >= SLOW { format!(" ({:.1} s)", outcome.took.as_secs_f64()) } else { String::new() };
    let _ = writeln!(text, "  {mark} {}{slow}", outcome.title);
    let mut below = String::new();
    match &outcome.verdict {
        Verdict::Ran(answer, _) if answer.ok => {}
        Verdict::Ran(answer, places) => failed(&mut below, answer, places, &outcome.document, output),
        Verdict::Refused(diagnostics) => below.push_str(&diagnostics::text(diagnostics, output)),
        Verdict::NotCreated(thrown, places) => exception(&mut below, thrown, 1, places, output),
        Verdict::Untried(why) => {
            let _ = writeln!(below, "{why}");
        }
    }
    for line in below.lines() {
        let _ = writeln!(text, "{}", format!("      {line}").trim_end());
    }
}

fn failed(text: &mut String, answer: &ScenarioAnswer, places: &Places, document: &Value, output: Output) {
    for failure in answer.failures.iter().take(SHOWN) {
        failing(text, failure, document, output);
    }
    more(text, answer.failures.len(), "failures");
    exceptions(text, answer, places, output);
    for fault in answer.report.faults.iter().take(SHOWN) {
        let _ = writeln!(text, "{} {}", output.red("fault"), fault.fault);
    }
    let log = &answer.report.log;
    if !log.is_empty() {
        let _ = writeln!(text, "log{}", if log.len() > LINES { ", the newest lines" } else { "" });
        for line in &log[log.len().saturating_sub(LINES)..] {
            let _ = writeln!(text, "  {} {}", line.time.get(11..23).unwrap_or(&line.time), line.text);
        }
    }
}

fn more(text: &mut String, count: usize, what: &str) {
    if count > SHOWN {
        let _ = writeln!(text, "and {} more {what}", count - SHOWN);
    }
}

fn failing(text: &mut String, failure: &Failing, document: &Value, output: Output) {
    let _ = writeln!(text, "{}: {}", output.bold(&failure.at), failure.message);
    if let (Some(expected), Some(actual)) = (&failure.expected, &failure.actual) {
        let _ = writeln!(text, "  expected {}", output.green(&value(expected)));
        let _ = writeln!(text, "  actual   {}", output.red(&value(actual)));
    }
    if let Some((place, step)) = step(&failure.at, document) {
        let _ = writeln!(text, "  {place} is {}", value(step));
    }
}

/// The step that a place is in.
fn step<'a>(at: &'a str, document: &'a Value) -> Option<(&'a str, &'a Value)> {
    let (number, _) = at.strip_prefix("steps[")?.split_once(']')?;
    let step = document.get("steps")?.get(number.parse::<usize>().ok()?)?;
    Some((at.get(.."steps[]".len() + number.len())?, step))
}

fn value(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= VALUE_CHARS {
        return text;
    }
    format!("{}…", text.chars().take(VALUE_CHARS).collect::<String>())
}

/// Each kind once, with how often it was among those that were kept.
fn exceptions(text: &mut String, answer: &ScenarioAnswer, places: &Places, output: Output) {
    let mut kinds: IndexMap<String, (&Exception, usize)> = IndexMap::new();
    for thrown in &answer.report.exceptions {
        kinds.entry(thrown.to_string()).or_insert((thrown, 0)).1 += 1;
    }
    for (thrown, count) in kinds.values().take(SHOWN) {
        exception(text, thrown, *count, places, output);
    }
    more(text, kinds.len(), "kinds of exceptions");
}

/// One exception, with the line it came from.
pub(in crate::cli) fn exception(text: &mut String, thrown: &Exception, count: usize, places: &Places, output: Output) {
    let often = if count > 1 { format!(", {count} times") } else { String::new() };
    let _ = writeln!(text, "{} in {}{often}", output.red(&thrown.message), thrown.handler);
    if let (Some(file), Some(line)) = (&thrown.file, thrown.line) {
        let column = thrown.column.map(|column| format!(":{column}")).unwrap_or_default();
        let _ = writeln!(text, "  at {file}:{line}{column}");
        if let Some(excerpt) = places.excerpt(file, line, thrown.column) {
            let _ = writeln!(text, "{excerpt}");
        }
    }
}
