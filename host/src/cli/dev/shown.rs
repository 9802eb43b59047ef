//! How a round looks: what happened on one screen, the most important last, where a terminal stands still.

use std::fmt::Write as _;
use std::time::Duration;

use indexmap::IndexMap;

use super::figures::Figures;
use super::round::{NotPlayed, Round};
use crate::backtest::PlayReport;
use crate::cli::output::{Output, bytes, grouped, table};
use crate::cli::test::suite::Outcome;
use crate::cli::{diagnostics, report, test};
use crate::compile::Places;
use crate::sandbox::Exception;

/// Newest orders that are shown.
const ORDERS: usize = 6;

/// Newest lines of the log that are shown.
const LINES: usize = 8;

/// Kinds of exceptions and faults that are shown.
const KINDS: usize = 4;

/// What happened.
pub(super) fn text(round: &Round, now: Option<&Figures>, before: Option<&Figures>, output: Output) -> String {
    let mut text = String::new();
    match (&round.played, &round.places) {
        (Some(Ok(report)), Some(places)) => played(&mut text, report, places, output),
        (Some(Err(NotPlayed::Created(thrown))), Some(places)) => test::exception(&mut text, thrown, 1, places, output),
        (Some(Err(NotPlayed::Words(words))), _) => line(&mut text, &format!("{} {words}", output.red("not played:"))),
        _ => {}
    }
    if let Some(note) = &round.note {
        line(&mut text, note);
    }
    if let (Some(now), Some(before)) = (now, before) {
        let changes = now.since(before);
        let changes = if changes.is_empty() { "nothing".to_owned() } else { changes.join(", ") };
        line(&mut text, &format!("{} {changes}", output.bold("changed:")));
    }
    scenarios(&mut text, &round.scenarios, output);
    text.push_str(&diagnostics::text(&round.diagnostics, output));
    if let Some(words) = &round.untried {
        line(&mut text, &format!("{} {words}", output.red("cannot be tried:")));
    }
    text
}

/// `round 3: green in 0.42 s (build 0.01, compile 0.21, tape 0.10, scenarios 0.08)`.
pub(super) fn verdict(round: &Round, number: u64, took: Duration, output: Output) -> String {
    let colour = if round.is_green() { output.green("green") } else { output.red("red") };
    let parts = [
        ("build", round.took.build),
        ("compile", round.took.compile),
        ("tape", round.took.tape),
        ("scenarios", round.took.scenarios),
    ];
    let parts = parts.iter().filter(|(_, took)| !took.is_zero()).map(|(word, took)| format!("{word} {:.2}", took.as_secs_f64()));
    let parts = parts.collect::<Vec<_>>().join(", ");
    let parts = if parts.is_empty() { parts } else { format!(" ({parts})") };
    format!("round {number}: {colour} in {:.2} s{parts}", took.as_secs_f64())
}

fn line(text: &mut String, words: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{words}");
}

fn section(text: &mut String, output: Output, title: &str, body: &str) {
    if !body.trim().is_empty() {
        line(text, &output.bold(title));
        line(text, body.trim_end());
    }
}

fn played(text: &mut String, report: &PlayReport, places: &Places, output: Output) {
    let data = report.data.iter().map(|data| data.name.as_str()).collect::<Vec<_>>().join(", ");
    let strategy = &report.strategy;
    line(text, &format!("{} ({}) over {data}", output.bold(strategy.name.as_str()), strategy.hash.short()));
    let delivered: u64 = report.events.delivered.values().sum();
    line(
        text,
        &format!(
            "{} events, {} orders, {} fills, {} exceptions, {} faults, peak memory {}",
            grouped(delivered),
            grouped(report.orders.len() as u64),
            grouped(report.fills.len() as u64),
            grouped(report.exception_count),
            report.faults.len(),
            bytes(report.peak_memory_bytes),
        ),
    );
    section(text, output, "Orders", &orders(report));
    section(text, output, "Profit", &report::profit(report));
    section(text, output, "Fuel", &report::fuel(report));
    let newest = &report.log[report.log.len().saturating_sub(LINES)..];
    let lines = newest.iter().map(|line| format!("  {} {}\n", report::time_of_day(&line.time), line.text));
    section(text, output, "Log", &lines.collect::<String>());
    exceptions(text, &report.exceptions, places, output);
    for fault in report.faults.iter().take(KINDS) {
        line(text, &format!("{} {} {}", output.red("fault"), report::time_of_day(&fault.time), fault.fault));
    }
}

fn orders(report: &PlayReport) -> String {
    if report.orders.is_empty() {
        return String::new();
    }
    let mut rows = table(&["placed", "side", "type", "quantity", "price", "state", "filled", "average", "reason"], &[3, 4, 6, 7]);
    for order in &report.orders[report.orders.len().saturating_sub(ORDERS)..] {
        rows.add_row([
            report::time_of_day(&order.placed_at),
            order.side.as_str().to_owned(),
            order.order_type.as_str().to_owned(),
            order.quantity.to_string(),
            order.price.map(|price| price.to_string()).unwrap_or_default(),
            order.state.as_str().to_owned(),
            order.filled_quantity.to_string(),
            report::short(order.average_price),
            order.reason.as_deref().unwrap_or_default().to_owned(),
        ]);
    }
    match report.orders.len().saturating_sub(ORDERS) {
        0 => rows.to_string(),
        earlier => format!("  {} earlier\n{rows}", grouped(earlier as u64)),
    }
}

/// Each kind once, with its line.
fn exceptions(text: &mut String, exceptions: &[Exception], places: &Places, output: Output) {
    let mut kinds: IndexMap<String, (&Exception, usize)> = IndexMap::new();
    for thrown in exceptions {
        kinds.entry(thrown.to_string()).or_insert((thrown, 0)).1 += 1;
    }
    for (thrown, count) in kinds.values().take(KINDS) {
        test::exception(text, thrown, *count, places, output);
    }
}

/// One line when they hold; else as `sandpit test` shows them.
fn scenarios(text: &mut String, outcomes: &[Outcome], output: Output) {
    if outcomes.iter().all(Outcome::is_ok) {
        let plural = if outcomes.len() == 1 { "" } else { "s" };
        if !outcomes.is_empty() {
            line(text, &format!("{} {} scenario{plural}", output.green("✓"), outcomes.len()));
        }
        return;
    }
    line(text, test::text(outcomes, output).trim_end());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::dev::round::Took;
    use crate::compile::{Diagnostic, Stage};

    #[test]
    fn what_is_wrong_is_told_with_its_place_and_the_time_it_took() {
        let mut diagnostic = Diagnostic::new(Stage::Compile, "unexpected token", "");
        diagnostic.file = Some("strategy.js".to_owned());
        (diagnostic.line, diagnostic.column) = (Some(4), Some(7));
        let took = Took { build: Duration::from_millis(12), compile: Duration::from_millis(30), ..Took::default() };
        let broken = Round { diagnostics: vec![diagnostic], took, ..Round::default() };
        let output = Output::default();
        insta::assert_snapshot!(text(&broken, None, None, output).trim_end(), @r"
        syntax error: unexpected token
          at strategy.js:4:7
        ");
        let verdict = |round: &Round| verdict(round, 3, Duration::from_millis(420), output);
        assert_eq!(verdict(&broken), "round 3: red in 0.42 s (build 0.01, compile 0.03)");
        let untried = Round { untried: Some("no strategy in .".to_owned()), ..Round::default() };
        assert_eq!(text(&untried, None, None, output), "cannot be tried: no strategy in .\n");
        assert_eq!(verdict(&untried), "round 3: red in 0.42 s");
        let figures = Figures::default();
        assert_eq!(text(&Round::default(), Some(&figures), Some(&figures), output), "changed: nothing\n");
    }
}
