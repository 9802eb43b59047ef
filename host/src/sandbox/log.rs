//! Where a guest's lines go, and what keeps them readable: control characters escaped, long lines cut, floods dropped and
//! counted. Knows nothing of who keeps the lines.

use std::borrow::Cow;
use utoipa::ToSchema;

use crate::base::Timestamp;
use crate::sandbox::Limits;

/// How loud a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// For the author.
    Debug,
    /// What `log` writes.
    Info,
    /// Something odd.
    Warn,
    /// Something wrong.
    Error,
}

impl LogLevel {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// Keeps the lines of one instance. Called on the task that runs the guest: it must not block.
pub trait LogSink: Send + Sync {
    /// One line without a line end, at most 8 KiB before escaping, with control characters escaped. `at` is the guest's time.
    fn line(&self, level: LogLevel, text: &str, at: Timestamp);
}

/// Drops every line: for dry runs of `create` and for tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoLog;

impl LogSink for NoLog {
    fn line(&self, _: LogLevel, _: &str, _: Timestamp) {}
}

/// Bytes that are kept of a line.
const LINE_BYTES: usize = 8 << 10;

/// Decides which lines are kept. Counts in the guest's own time, so that a replay keeps the same lines.
#[derive(Debug)]
pub(super) struct LogGate {
    lines_per_event: u64,
    bytes_per_second: u64,
    lines_left: u64,
    bytes_left: u64,
    refilled_at: Timestamp,
    suppressed: u64,
}

impl LogGate {
    pub(super) fn new(limits: &Limits, now: Timestamp) -> Self {
        Self {
            lines_per_event: limits.log_lines_per_event,
            bytes_per_second: limits.log_bytes_per_second,
            lines_left: limits.log_lines_per_event,
            bytes_left: limits.log_bytes_per_second * 2,
            refilled_at: now,
            suppressed: 0,
        }
    }

    /// A new event begins; gives the number of lines that the last one lost.
    pub(super) fn begin_event(&mut self) -> u64 {
        self.lines_left = self.lines_per_event;
        std::mem::take(&mut self.suppressed)
    }

    /// Whether a line of this many bytes is kept.
    pub(super) fn admit(&mut self, bytes: usize, now: Timestamp) -> bool {
        let earned = now.since(self.refilled_at).as_nanos() * u128::from(self.bytes_per_second) / 1_000_000_000;
        if earned > 0 {
            let full = self.bytes_per_second * 2;
            self.bytes_left = u64::try_from(earned).map_or(full, |earned| self.bytes_left.saturating_add(earned).min(full));
            self.refilled_at = now;
        }
        let bytes = bytes as u64;
        let kept = self.lines_left > 0 && self.bytes_left >= bytes;
        if kept {
            self.lines_left -= 1;
            self.bytes_left -= bytes;
        } else {
            self.suppressed += 1;
        }
        kept
    }
}

/// The first `LINE_BYTES` bytes of the text, cut between characters; whether anything was cut.
pub(super) fn cut(text: &str) -> (&str, bool) {
    let end = text.floor_char_boundary(LINE_BYTES);
    (&text[..end], end < text.len())
}

/// The text as one harmless line: C0, C1 and DEL, line and paragraph separators and the characters that reorder text are
/// written as `\u{..}`; tab, line feed and carriage return as `\t`, `\n`, `\r`.
pub(super) fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\t' | '\n' | '\r' => line.extend(c.escape_default()),
            c if is_unsafe(c) => line.extend(c.escape_unicode()),
            c => line.push(c),
        }
    }
    Cow::Owned(line)
}

fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_cannot_be_driven() {
        assert_eq!(escape("plain täxt ₿"), "plain täxt ₿");
        assert_eq!(escape("\x1b[2J\u{202e}\r\nlevel=error\u{9b}\t"), "\\u{1b}[2J\\u{202e}\\r\\nlevel=error\\u{9b}\\t");
    }

    #[test]
    fn long_lines_are_cut_between_characters() {
        let long = "ä".repeat(LINE_BYTES);
        let (kept, was_cut) = cut(&long);
        assert_eq!((kept.len(), was_cut), (LINE_BYTES, true));
        assert_eq!(cut("short"), ("short", false));
    }

    #[test]
    fn floods_are_dropped_and_counted() {
        let limits = Limits { log_lines_per_event: 3, log_bytes_per_second: 100, ..Limits::default() };
        let mut gate = LogGate::new(&limits, Timestamp::ZERO);
        let kept = (0..5).filter(|_| gate.admit(10, Timestamp::ZERO)).count();
        assert_eq!((kept, gate.begin_event()), (3, 2));

        assert!(gate.admit(170, Timestamp::ZERO), "the burst is two seconds' worth");
        assert!(!gate.admit(1, Timestamp::ZERO));
        assert!(gate.admit(100, Timestamp::from_millis(1_000)));
        assert_eq!(gate.begin_event(), 1);
    }
}
