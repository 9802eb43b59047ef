//! The newest log lines of one instance, in memory: bounded in lines and bytes, read in pages.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::feed::Feed;
use super::news::News;
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

impl LogSource {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Guest => "guest",
            Self::Host => "host",
        }
    }
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
    /// Only lines after this sequence. With it a reader follows the log; without it a page ends at the newest line.
    pub after: Option<u64>,
    /// Only lines before this sequence. With it a reader goes back in the log.
    pub before: Option<u64>,
    /// At most this many: the first ones after `after`, else the newest.
    pub limit: usize,
    /// Only this level and above.
    pub level: LogLevel,
    /// Only lines of this writer.
    pub source: Option<LogSource>,
}

impl Default for LogQuery {
    fn default() -> Self {
        Self { after: None, before: None, limit: 100, level: LogLevel::Debug, source: None }
    }
}

impl LogQuery {
    fn takes(&self, line: &LogLine) -> bool {
        line.level >= self.level && self.source.is_none_or(|source| source == line.source)
    }
}

/// A part of the log, oldest line first.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogPage {
    /// The lines.
    pub lines: Vec<Arc<LogLine>>,
    /// Ask with `after` set to this for what comes next.
    pub next: u64,
    /// Ask with `before` set to this for what was before.
    pub previous: u64,
    /// Whether lines of this kind that are kept come before these.
    pub more_before: bool,
    /// Whether lines of this kind come after these.
    pub more_after: bool,
    /// Lines that were written and are no longer kept.
    pub forgotten: u64,
}

/// The log of one instance. Instance lifetime; it outlives the guests.
#[derive(Debug)]
pub struct LogRing {
    config: LogConfig,
    feed: Option<Arc<Feed>>,
    ring: Mutex<Ring>,
}

#[derive(Debug, Default)]
struct Ring {
    lines: VecDeque<Arc<LogLine>>,
    bytes: usize,
    written: u64,
}

impl LogRing {
    /// Empty.
    pub fn new(config: LogConfig) -> Self {
        Self { config, feed: None, ring: Mutex::default() }
    }

    /// Its lines are news in `feed` too.
    pub fn with_feed(self, feed: Arc<Feed>) -> Self {
        Self { feed: Some(feed), ..self }
    }

    /// Adds a line of the host.
    pub fn host(&self, level: LogLevel, text: impl Into<String>, now: Timestamp) {
        self.push(level, LogSource::Host, text.into(), now);
    }

    /// Reads a part of it.
    pub fn page(&self, query: LogQuery) -> LogPage {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let (after, before) = (query.after.unwrap_or(0), query.before.unwrap_or(u64::MAX));
        let fits: Vec<_> = ring.lines.iter().filter(|line| query.takes(line)).collect();
        let within: Vec<_> = fits.iter().filter(|line| line.sequence > after && line.sequence < before).collect();
        let skip = if query.after.is_none() { within.len().saturating_sub(query.limit) } else { 0 };
        let lines: Vec<_> = within.into_iter().skip(skip).take(query.limit).map(|line| Arc::clone(line)).collect();
        let (first, last) = (lines.first().map(|line| line.sequence), lines.last().map(|line| line.sequence));
        let newest_fit = fits.last().map_or(0, |line| line.sequence);
        let more_after = newest_fit > last.unwrap_or(before.saturating_sub(1).max(after));
        // A page that is not the last ends at its last line; the last one has seen everything written so far.
        let next = if more_after { last.unwrap_or(after.max(before.saturating_sub(1))) } else { ring.written };
        let previous = first.unwrap_or_else(|| before.min(after.saturating_add(1)));
        let more_before = fits.first().is_some_and(|oldest| oldest.sequence < previous);
        let forgotten = ring.written - ring.lines.len() as u64;
        LogPage { lines, next, previous, more_before, more_after, forgotten }
    }

    fn push(&self, level: LogLevel, source: LogSource, text: String, time: Timestamp) {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        ring.written += 1;
        ring.bytes += text.len();
        let line = Arc::new(LogLine { sequence: ring.written, time: time.to_rfc3339(), level, source, text });
        ring.lines.push_back(Arc::clone(&line));
        while ring.lines.len() > self.config.lines || ring.bytes > self.config.bytes {
            let Some(oldest) = ring.lines.pop_front() else { break };
            ring.bytes -= oldest.text.len();
        }
        // Under the lock, so that the feed has the lines in their order.
        if let Some(feed) = &self.feed {
            feed.push(News::Log(line));
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
        let first = ring.page(LogQuery { after: Some(1), limit: 2, ..LogQuery::default() });
        assert_eq!((texts(&first), first.next), (vec!["line 2", "line 3"], 3));
        let rest = ring.page(LogQuery { after: Some(first.next), limit: 10, ..LogQuery::default() });
        assert_eq!((texts(&rest), rest.next), (vec!["line 4", "line 5"], 5));
        let warnings = ring.page(LogQuery { level: LogLevel::Warn, ..LogQuery::default() });
        assert_eq!(texts(&warnings), ["line 2", "line 4"]);
    }
    #[test]
    fn a_reader_goes_back_in_pages_and_is_told_where_it_ends() {
        let ring = ring(4, 1_000, 6);
        ring.host(LogLevel::Error, "of the host", Timestamp::ZERO);
        let page = |after, before, limit| ring.page(LogQuery { after, before, limit, ..LogQuery::default() });
        let newest = page(None, None, 2);
        assert_eq!((texts(&newest), newest.previous, newest.next), (vec!["line 6", "of the host"], 6, 7));
        assert_eq!((newest.more_before, newest.more_after, newest.forgotten), (true, false, 3));
        let older = page(None, Some(newest.previous), 2);
        assert_eq!((texts(&older), older.more_before, older.more_after), (vec!["line 4", "line 5"], false, true));
        let none = page(None, Some(older.previous), 2);
        assert_eq!((none.lines.len(), none.more_before, none.more_after, none.next), (0, false, true, 3));
        assert_eq!(texts(&page(Some(none.next), None, 9)), ["line 4", "line 5", "line 6", "of the host"]);
        assert_eq!(texts(&page(Some(4), Some(6), 9)), ["line 5"]);
        let of_host = ring.page(LogQuery { source: Some(LogSource::Host), ..LogQuery::default() });
        assert_eq!((texts(&of_host), of_host.more_before), (vec!["of the host"], false));
    }

    #[test]
    fn no_sequence_is_too_large_to_ask_for() {
        let page = ring(10, 1_000, 3).page(LogQuery { after: Some(u64::MAX), before: Some(0), ..LogQuery::default() });
        assert!(page.lines.is_empty());
        let page = ring(10, 1_000, 3).page(LogQuery { after: Some(u64::MAX), before: Some(u64::MAX), ..LogQuery::default() });
        assert_eq!((page.lines.len(), page.next), (0, 3));
    }
}
