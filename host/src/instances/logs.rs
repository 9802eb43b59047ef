//! The newest log lines of one instance, in memory: bounded in lines and bytes, read in pages.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::base::Timestamp;
use crate::sandbox::{LogLevel, LogSink};

/// How much of an instance's log is kept. Section `instances.log` of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct LogConfig {
    /// Newest lines kept per instance.
    pub lines: usize,
    /// Bytes of text kept per instance: a thousand instances that shout hold a quarter of a gigabyte, not more.
    pub bytes: usize,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { lines: 1_000, bytes: 256 * 1024 }
    }
}

/// Who wrote a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogSource {
    /// The strategy.
    Guest,
    /// Sandpit, about the strategy: faults, exceptions, restarts.
    Host,
}

/// One line.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogLine {
    /// Counts from 1 in the life of the host: a gap at the beginning of a page means that older lines are gone.
    pub sequence: u64,
    /// The time of the event that was being handled, RFC 3339; for lines of the host the machine's time.
    #[schema(value_type = Timestamp)]
    pub time: String,
    /// `debug`, `info`, `warn` or `error`.
    pub level: LogLevel,
    /// Who wrote it.
    pub source: LogSource,
    /// Without line breaks or control characters.
    pub text: String,
}

/// Which lines to read.
#[derive(Clone, Copy, Debug)]
pub struct LogQuery {
    /// Only lines after this sequence; 0 for all that are kept. With it a reader follows the log.
    pub after: u64,
    /// At most this many, the newest ones when `after` is 0.
    pub limit: usize,
    /// Only this level and above.
    pub level: LogLevel,
}

impl Default for LogQuery {
    fn default() -> Self {
        Self { after: 0, limit: 100, level: LogLevel::Debug }
    }
}

/// A part of the log, oldest line first.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogPage {
    /// The lines.
    pub lines: Vec<LogLine>,
    /// Ask with `after` set to this for what comes next.
    pub next: u64,
    /// Lines that were written and are no longer kept.
    pub forgotten: u64,
}

/// The log of one instance. Instance lifetime; it outlives the guests.
#[derive(Debug)]
pub struct LogRing {
    config: LogConfig,
    ring: Mutex<Ring>,
}

#[derive(Debug, Default)]
struct Ring {
    lines: VecDeque<LogLine>,
    bytes: usize,
    written: u64,
}

impl LogRing {
    /// Empty.
    pub fn new(config: LogConfig) -> Self {
        Self { config, ring: Mutex::default() }
    }

    /// Adds a line of the host.
    pub fn host(&self, level: LogLevel, text: impl Into<String>, now: Timestamp) {
        self.push(level, LogSource::Host, text.into(), now);
    }

    /// Reads a part of it.
    pub fn page(&self, query: LogQuery) -> LogPage {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let matching = || ring.lines.iter().filter(|line| line.sequence > query.after && line.level >= query.level);
        let skip = if query.after == 0 { matching().count().saturating_sub(query.limit) } else { 0 };
        let lines: Vec<_> = matching().skip(skip).take(query.limit).cloned().collect();
        // A full page ends at its last line; one that is not full has seen everything written so far.
        let next = if lines.len() == query.limit { lines.last().map_or(query.after, |line| line.sequence) } else { ring.written };
        LogPage { lines, next, forgotten: ring.written - ring.lines.len() as u64 }
    }

    fn push(&self, level: LogLevel, source: LogSource, text: String, time: Timestamp) {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        ring.written += 1;
        ring.bytes += text.len();
        let line = LogLine { sequence: ring.written, time: time.to_rfc3339(), level, source, text };
        ring.lines.push_back(line);
        while ring.lines.len() > self.config.lines || ring.bytes > self.config.bytes {
            let Some(oldest) = ring.lines.pop_front() else { break };
            ring.bytes -= oldest.text.len();
        }
    }
}

impl LogSink for LogRing {
    fn line(&self, level: LogLevel, text: &str, at: Timestamp) {
        self.push(level, LogSource::Guest, text.to_owned(), at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(lines: usize, bytes: usize, written: usize) -> LogRing {
        let ring = LogRing::new(LogConfig { lines, bytes });
        for number in 1..=written {
            let level = if number % 2 == 0 { LogLevel::Warn } else { LogLevel::Info };
            ring.line(level, &format!("line {number}"), Timestamp::from_millis(number as u64));
        }
        ring
    }

    fn texts(page: &LogPage) -> Vec<&str> {
        page.lines.iter().map(|line| line.text.as_str()).collect()
    }

    #[test]
    fn the_newest_lines_are_kept_and_the_rest_is_counted() {
        let page = ring(3, 1_000, 5).page(LogQuery::default());
        assert_eq!(texts(&page), ["line 3", "line 4", "line 5"]);
        assert_eq!((page.next, page.forgotten), (5, 2));
        let page = ring(100, 13, 5).page(LogQuery::default());
        assert_eq!(texts(&page), ["line 4", "line 5"]);
    }

    #[test]
    fn a_reader_follows_in_pages() {
        let ring = ring(100, 1_000, 5);
        let newest = ring.page(LogQuery { limit: 2, ..LogQuery::default() });
        assert_eq!(texts(&newest), ["line 4", "line 5"]);
        let first = ring.page(LogQuery { after: 1, limit: 2, ..LogQuery::default() });
        assert_eq!((texts(&first), first.next), (vec!["line 2", "line 3"], 3));
        let rest = ring.page(LogQuery { after: first.next, limit: 10, ..LogQuery::default() });
        assert_eq!((texts(&rest), rest.next), (vec!["line 4", "line 5"], 5));
        let warnings = ring.page(LogQuery { level: LogLevel::Warn, ..LogQuery::default() });
        assert_eq!(texts(&warnings), ["line 2", "line 4"]);
    }
}
