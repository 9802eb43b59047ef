//! Why a source is not a strategy, in words and places of the author's own source: never a path of the host.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::compile::Source;
use crate::sandbox::bindings::types;
use crate::sandbox::{Exception, Fault, FaultCode};

/// Longest excerpt of a line, in characters.
const EXCERPT_CHARS: usize = 120;

/// Longest message, in characters; messages have one line.
const MESSAGE_CHARS: usize = 256;

/// Where in its making a source went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Its syntax.
    Compile,
    /// Its top-level code, or its `create`.
    Execute,
    /// The shape of what it exports.
    Validation,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Diagnostic {
    /// Where in the making.
    pub stage: Stage,
    /// What, in one line.
    pub message: String,
    /// The file, as the author named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub file: Option<String>,
    /// Counts from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub line: Option<u32>,
    /// Counts from 1, in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub column: Option<u32>,
    /// The line with its number, and a caret under the column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub excerpt: Option<String>,
    /// What to do; for a broken rule of the metadata the path of the field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub hint: Option<String>,
    /// The fault behind it, when a limit was broken: `fuel_exhausted`...
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub code: Option<FaultCode>,
}

impl Diagnostic {
    /// Without a place.
    pub fn new(stage: Stage, message: &str, hint: impl Into<String>) -> Self {
        Self {
            stage,
            message: one_line(message),
            file: None,
            line: None,
            column: None,
            excerpt: None,
            hint: Some(hint.into()),
            code: None,
        }
    }

    /// What the engine says about the source.
    pub(super) fn from_engine(told: types::Diagnostic, source: &Source) -> Self {
        let stage = match told.stage {
            types::Stage::Compile => Stage::Compile,
            types::Stage::Execute => Stage::Execute,
            types::Stage::Validation => Stage::Validation,
        };
        // The engine's words for a source that ends too early: it quotes the text that is not there.
        let message = told.message.replace("unexpected token in expression: ''", "unexpected end of the source");
        let mut diagnostic = Self::new(stage, &message, "");
        diagnostic.hint = told.hint.map(|hint| one_line(&hint));
        diagnostic.at(told.file.as_deref(), told.line, told.column, source)
    }

    /// `create` threw, or returned nothing usable.
    pub(super) fn from_exception(thrown: &Exception, source: &Source) -> Self {
        let message = format!("{}: {}", thrown.handler, thrown.message);
        let hint = "create(env) was tried with the default configuration: it must return an object with handlers.";
        Self::new(Stage::Execute, &message, hint).at(thrown.file.as_deref(), thrown.line, thrown.column, source)
    }

    /// A limit was broken.
    pub(super) fn from_fault(fault: &Fault) -> Self {
        let hint = match fault.code {
            FaultCode::FuelExhausted | FaultCode::DeadlineExceeded => {
                "Top-level code and create must be short: look for an endless loop, or move work into a handler."
            }
            FaultCode::MemoryExhausted => "Top-level code and create must not build large values.",
            FaultCode::StackOverflow => "The source recurses or nests too deeply.",
            FaultCode::HelperNotAllowed => "Call helpers in create or in a handler, not at the top level.",
            FaultCode::HelperLimit => "create calls helpers too often.",
            FaultCode::JobLimit => "A promise queues itself again and again.",
            _ => "The engine stopped while it evaluated the source: look for extreme nesting or sizes.",
        };
        let message = format!("{}: {}", fault.code.as_str(), fault.message);
        Self { code: Some(fault.code), ..Self::new(Stage::Execute, &message, hint) }
    }

    /// Adds the place, when it is one in the source.
    fn at(mut self, file: Option<&str>, line: Option<u32>, column: Option<u32>, source: &Source) -> Self {
        let Some(file) = source.files().iter().find(|known| Some(known.path.as_str()) == file) else { return self };
        self.file = Some(file.path.clone());
        let Some((number, text, column)) = line.and_then(|line| place(file.text(), line, column)) else { return self };
        self.line = Some(number);
        self.column = column.filter(|&column| column > 0);
        self.excerpt = Some(excerpt(number, text, self.column));
        self
    }
}

/// The line with this number. What is wrong at the very end, where there is only white space, is shown behind the last text: that
/// is where something is missing.
fn place(text: &str, line: u32, column: Option<u32>) -> Option<(u32, &str, Option<u32>)> {
    let index = line.checked_sub(1)? as usize;
    let found = text.split('\n').nth(index)?;
    let texts = text.lines().enumerate().filter(|(_, text)| !text.trim().is_empty());
    let last = texts.last().filter(|(last, _)| *last < index);
    match last {
        Some((last, text)) => {
            let text = text.trim_end();
            Some((u32::try_from(last).ok()? + 1, text, Some(u32::try_from(text.chars().count()).ok()? + 1)))
        }
        None => Some((line, found.trim_end_matches('\r'), column)),
    }
}

fn one_line(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    line.chars().take(MESSAGE_CHARS).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The line with its number, cut around the column, and a caret.
pub fn excerpt(line: u32, text: &str, column: Option<u32>) -> String {
    let column = column.map(|column| column as usize - 1);
    let from = column.unwrap_or(0).saturating_sub(EXCERPT_CHARS / 2);
    let shown: String =
        text.chars().skip(from).take(EXCERPT_CHARS).map(|c| if c.is_control() || c == '\u{feff}' { ' ' } else { c }).collect();
    let mut excerpt = format!("{line:>5} | {}", shown.trim_end());
    if let Some(column) = column {
        excerpt.push_str(&format!("\n      | {:>width$}", "^", width = column - from + 1));
    }
    excerpt
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_points_at_the_column() {
        assert_eq!(excerpt(12, "const x = ;", Some(11)), "   12 | const x = ;\n      |           ^");
        assert_eq!(excerpt(1, "\tx", None), "    1 |  x");
        let long = format!("{}!{}", "a".repeat(500), "b".repeat(500));
        let shown = excerpt(3, &long, Some(501));
        let (text, caret) = shown.split_once('\n').unwrap();
        assert_eq!(text.chars().nth(caret.len() - 1), Some('!'));
        assert!(text.len() < 130);
    }

    #[test]
    fn places_outside_the_source_are_left_out() {
        let source = Source::single("a.js", "one\ntwo").unwrap();
        let diagnostic = Diagnostic::new(Stage::Compile, "m\nsecond line", "h");
        assert_eq!(diagnostic.message, "m");
        let placed = diagnostic.clone().at(Some("a.js"), Some(2), Some(1), &source);
        assert_eq!((placed.line, placed.excerpt.as_deref()), (Some(2), Some("    2 | two\n      | ^")));
        let beyond = diagnostic.clone().at(Some("a.js"), Some(9), Some(1), &source);
        assert_eq!((beyond.line, beyond.excerpt), (None, None));
        let ended = Source::single("a.js", "one\r\n  two (\r\n\n").unwrap();
        for (line, column) in [(3, 1), (4, 1)] {
            let behind = diagnostic.clone().at(Some("a.js"), Some(line), Some(column), &ended);
            assert_eq!((behind.line, behind.column), (Some(2), Some(8)), "where something is missing");
            assert_eq!(behind.excerpt.as_deref(), Some("    2 |   two (\n      |        ^"));
        }
        let elsewhere = diagnostic.at(Some("/host/path.js"), Some(1), Some(1), &source);
        assert_eq!((elsewhere.file, elsewhere.line), (None, None));
    }
}
