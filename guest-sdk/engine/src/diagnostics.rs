//! What went wrong in an author's source, and where. A thrown value can be anything and its getters can throw again:
//! everything here answers with a text, never with a failure.

use crate::js::{Value, take_exception};
use crate::modules;
use crate::text::{property, summary};
use crate::wit::sandpit::strategy::types::{Diagnostic, Exception, Stage};

/// A diagnostic shows this many characters of the first line of a message.
const DIAGNOSTIC_CHARACTERS: usize = 256;
const MESSAGE_BYTES: usize = 1_024;
const STACK_BYTES: usize = 4_096;

const SYNTAX_HINT: &str = "Fix the JavaScript syntax near the reported location.";
const ES_MODULE_HINT: &str = "A strategy is a CommonJS script: use module.exports = { ... } instead of export, \
    require(\"./file.js\") instead of import, and no await outside async functions.";
const EXECUTE_HINT: &str = "Check module initialization and ensure metadata export executes without throwing.";
const METADATA_MISSING_HINT: &str = "Expose module.exports.metadata with required fields.";
const METADATA_INVALID_HINT: &str = "Ensure metadata export matches the strategies.Metadata schema.";

/// Where in the author's source an error arose.
struct Position {
    file: String,
    line: u32,
    column: u32,
}

fn stack(value: &Value) -> String {
    if value.is_error() { property(value, c"stack").unwrap_or_default() } else { String::new() }
}

/// The first line of a stack that lies in one of the revision's files. A line is `    at name (file:line:column)`, or
/// `    at file:line:column` for a syntax error.
fn position(stack: &str) -> Option<Position> {
    stack.lines().find_map(|line| {
        let place = line.trim().strip_prefix("at ")?;
        let place = place.rsplit_once(" (").map_or(place, |(_, inside)| inside.trim_end_matches(')'));
        let (rest, column) = place.rsplit_once(':')?;
        let (file, line) = rest.rsplit_once(':')?;
        let (line, column) = (line.parse().ok()?, column.parse().ok()?);
        let column = modules::with_line(file, line, |text| author_column(text, column))?;
        Some(Position { file: file.to_owned(), line, column })
    })
}

/// QuickJS counts bytes and points at the name after `new`; an author counts characters and looks at the `new`.
fn author_column(line: &str, column: u32) -> u32 {
    let before = &line[..line.floor_char_boundary((column as usize).saturating_sub(1))];
    let before = match before.trim_end().strip_suffix("new") {
        Some(start) if !start.ends_with(|letter: char| letter.is_alphanumeric() || "_$.".contains(letter)) => start,
        _ => before,
    };
    before.chars().count() as u32 + 1
}

/// The pending exception, thrown by `handler`.
pub fn exception(handler: &str) -> Exception {
    exception_of(&take_exception(), handler)
}

fn exception_of(value: &Value, handler: &str) -> Exception {
    let stack = stack(value);
    let position = position(&stack);
    let (line, column) = position.as_ref().map(|position| (position.line, position.column)).unzip();
    Exception {
        message: cut(&summary(value), MESSAGE_BYTES).to_owned(),
        handler: handler.to_owned(),
        file: position.map(|position| position.file),
        line,
        column,
        stack: cut(&stack, STACK_BYTES).to_owned(),
    }
}

/// An exception that no JavaScript threw.
pub fn plain_exception(handler: &str, message: &str) -> Exception {
    Exception {
        message: message.to_owned(),
        handler: handler.to_owned(),
        file: None,
        line: None,
        column: None,
        stack: String::new(),
    }
}

/// The pending exception, thrown while the module was compiled or executed.
pub fn load_failure() -> Diagnostic {
    let error = take_exception();
    let stage = if modules::is_syntax_error(&error) { Stage::Compile } else { Stage::Execute };
    let mut diagnostic = diagnostic_of(stage, &summary(&error), &stack(&error), "");
    let hint = match stage {
        Stage::Compile if looks_like_es_module(&diagnostic) => ES_MODULE_HINT,
        Stage::Compile => SYNTAX_HINT,
        _ => EXECUTE_HINT,
    };
    diagnostic.hint = Some(hint.to_owned());
    diagnostic
}

/// Whether the line of a syntax error holds `import`, `export` or `await`.
fn looks_like_es_module(diagnostic: &Diagnostic) -> bool {
    let (Some(file), Some(line)) = (&diagnostic.file, diagnostic.line) else { return false };
    let is_word_of_modules = |word: &str| matches!(word, "import" | "export" | "await");
    let in_line =
        |text: &str| text.split(|letter: char| !letter.is_alphanumeric() && !"_$".contains(letter)).any(is_word_of_modules);
    modules::with_line(file, line, in_line).unwrap_or(false)
}

/// A source that cannot be read at all.
pub fn unusable_source(message: &str, hint: &str) -> Diagnostic {
    diagnostic_of(Stage::Compile, message, "", hint)
}

pub fn metadata_missing() -> Diagnostic {
    diagnostic_of(Stage::Validation, "metadata export missing", "", METADATA_MISSING_HINT)
}

/// `what` names the field and its trouble.
pub fn metadata_invalid(what: &str) -> Diagnostic {
    diagnostic_of(Stage::Validation, &format!("metadata export invalid: {what}"), "", METADATA_INVALID_HINT)
}

/// The pending exception, thrown by a getter or a proxy in the metadata.
pub fn metadata_thrown() -> Diagnostic {
    let error = take_exception();
    let message = format!("metadata export invalid: {}", summary(&error));
    diagnostic_of(Stage::Validation, &message, &stack(&error), METADATA_INVALID_HINT)
}

fn diagnostic_of(stage: Stage, message: &str, stack: &str, hint: &str) -> Diagnostic {
    let position = position(stack);
    let (line, column) = position.as_ref().map(|position| (position.line, position.column)).unzip();
    Diagnostic {
        stage,
        message: message.lines().next().unwrap_or_default().chars().take(DIAGNOSTIC_CHARACTERS).collect(),
        file: position.map(|position| position.file),
        line,
        column,
        hint: Some(hint.to_owned()),
    }
}

fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}
