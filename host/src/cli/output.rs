//! The one place that writes to the terminal: text for people, one JSON document for programs.

use std::io::{self, IsTerminal as _, Write as _};

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

/// How a command answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON document, with stable keys.
    Json,
}

/// The flag that every answering command has.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct FormatFlag {
    /// Text for people, or one JSON document for programs.
    #[arg(long = "format", value_enum, default_value_t)]
    format: Format,
}

impl FormatFlag {
    /// Where to answer.
    pub fn output(self) -> Output {
        Output { format: self.format }
    }
}

/// Standard output. Its reader may go away at any time (`| head`): then there is nothing left to say, and no error.
#[derive(Clone, Copy, Debug, Default)]
pub struct Output {
    /// How to answer.
    pub format: Format,
}

impl Output {
    /// Writes text as it is, with a line end.
    pub fn text(&self, text: &str) {
        ignore_broken_pipe(writeln!(io::stdout().lock(), "{text}"));
    }

    /// Begins a new screen on a terminal.
    pub fn fresh(&self) {
        if io::stdout().is_terminal() {
            // Home, the screen, and what has scrolled off it.
            ignore_broken_pipe(write!(io::stdout().lock(), "\u{1b}[H\u{1b}[2J\u{1b}[3J"));
        }
    }

    /// Writes a JSON document, indented, with a line end.
    pub fn json<T: Serialize>(&self, value: &T) {
        match serde_json::to_string_pretty(value) {
            Ok(text) => self.text(&text),
            Err(error) => self.note(&format!("the answer cannot be written as JSON: {error}")),
        }
    }

    /// Answers in the format asked for.
    pub fn answer<T: Serialize>(&self, value: &T, text: impl FnOnce(&T) -> String) {
        match self.format {
            Format::Text => self.table(&text(value)),
            Format::Json => self.json(value),
        }
    }

    /// Writes text that has tables in it, without the blanks that fill up their last columns.
    pub fn table(&self, text: &str) {
        let lines = text.trim_end().lines().map(str::trim_end);
        self.text(&lines.collect::<Vec<_>>().join("\n"));
    }

    /// Writes a line to standard error.
    pub fn note(&self, text: &str) {
        ignore_broken_pipe(writeln!(io::stderr().lock(), "{text}"));
    }

    /// Writes `text` in bold on a terminal.
    pub fn bold(&self, text: &str) -> String {
        self.styled("1", text)
    }

    /// Writes `text` in red on a terminal.
    pub fn red(&self, text: &str) -> String {
        self.styled("31", text)
    }

    /// Writes `text` in green on a terminal.
    pub fn green(&self, text: &str) -> String {
        self.styled("32", text)
    }

    /// Colours the ground of `text` on a terminal, from red (0) over yellow to green (1).
    pub fn shaded(&self, text: &str, place: f64) -> String {
        // Five steps of the colours that every terminal with 256 of them has.
        const STEPS: [&str; 5] = ["30;48;5;210", "30;48;5;216", "30;48;5;229", "30;48;5;193", "30;48;5;157"];
        let step = STEPS.iter().zip(1_u8..).find(|(_, next)| place * 5.0 < f64::from(*next)).map_or(STEPS[4], |(code, _)| code);
        self.styled(step, text)
    }

    fn styled(&self, code: &str, text: &str) -> String {
        let plain = !io::stdout().is_terminal() || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if plain { text.to_owned() } else { format!("\u{1b}[{code}m{text}\u{1b}[0m") }
    }
}

/// Writing for people is best effort: a full disk or a closed pipe must not end a server.
fn ignore_broken_pipe(result: io::Result<()>) {
    drop(result);
}

/// Names and values under one another.
pub fn pairs<'a>(rows: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    for (name, value) in rows {
        table.add_row([name.to_owned(), value]);
    }
    table.to_string()
}

/// A table without lines, numbers to the right.
pub fn table(head: &[&str], right: &[usize]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(head.iter().copied());
    for column in right {
        if let Some(column) = table.column_mut(*column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// `1234567` as `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes for people: `1.2 MiB`.
pub fn bytes(number: u64) -> String {
    let units = [("GiB", 1_u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match units.into_iter().find(|(_, size)| number >= *size) {
        Some((unit, size)) => format!("{}.{} {unit}", number / size, number % size * 10 / size),
        None => format!("{number} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0, 1_023, 1_536, 5 << 20].map(bytes), ["0 B", "1023 B", "1.5 KiB", "5.0 MiB"]);
    }
}
