//! How diagnostics of a source look on a terminal: place, message, the line with a caret, what to do.

use super::output::Output;
use crate::compile::{Diagnostic, Stage};

/// All of them, one after the other.
pub(super) fn text(diagnostics: &[Diagnostic], output: Output) -> String {
    diagnostics.iter().map(|diagnostic| one(diagnostic, output)).collect::<Vec<_>>().join("\n")
}

fn one(diagnostic: &Diagnostic, output: Output) -> String {
    let stage = match diagnostic.stage {
        Stage::Compile => "syntax error",
        Stage::Execute => "error while it was evaluated",
        Stage::Validation => "error in its metadata",
    };
    let mut text = format!("{}: {}\n", output.red(stage), output.bold(&diagnostic.message));
    if let Some(file) = &diagnostic.file {
        let place = [diagnostic.line, diagnostic.column].into_iter().flatten().map(|number| format!(":{number}"));
        text.push_str(&format!("  at {file}{}\n", place.collect::<String>()));
    }
    if let Some(excerpt) = &diagnostic.excerpt {
        text.push_str(&format!("{excerpt}\n"));
    }
    if let Some(hint) = diagnostic.hint.as_ref().filter(|hint| !hint.is_empty()) {
        text.push_str(&format!("  hint: {hint}\n"));
    }
    text
}
