//! Reads what a paper venue wrote: line by line over all segments, and what became of some orders.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::log::{LogEntry, LogError, Told, ends};
use crate::market::{ClientOrderId, ExecutionReport, ReportState};
use crate::trading::OrderAnswer;

/// The end of a segment's name.
const EXTENSION: &str = "jsonl";

/// Where segment `number` is.
pub(super) fn segment(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:08}.{EXTENSION}"))
}

/// The segments that are there, oldest first. Other files are left alone.
pub(super) fn segments(dir: &Path) -> Result<Vec<u64>, LogError> {
    let fail = |source| LogError::Disk { doing: "listed", place: shown(dir), source };
    let listing = match std::fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        listing => listing.map_err(fail)?,
    };
    let mut numbers = Vec::new();
    for entry in listing {
        let name = entry.map_err(fail)?.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(EXTENSION)?.strip_suffix('.')?.parse::<u64>().ok());
        numbers.extend(number);
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// A path as an error shows it: without where on the machine it lies.
pub(super) fn shown(path: &Path) -> String {
    let mut parts: Vec<_> = path.iter().rev().take(2).map(|part| part.to_string_lossy()).collect();
    parts.reverse();
    parts.join("/")
}

/// The whole lines of a log. The last one may be torn, when the process died while it wrote: nobody was told of it.
pub(super) struct Lines {
    dir: PathBuf,
    left: VecDeque<u64>,
    reading: Option<(u64, BufReader<File>)>,
    line: Vec<u8>,
    /// Of the segment at hand.
    number: u64,
    whole_bytes: u64,
}

impl Lines {
    /// Of all segments.
    pub(super) fn of(dir: &Path) -> Result<Self, LogError> {
        let left = segments(dir)?.into();
        Ok(Self { dir: dir.to_owned(), left, reading: None, line: Vec::new(), number: 0, whole_bytes: 0 })
    }

    /// The next line with the number of its segment.
    pub(super) fn next(&mut self) -> Result<Option<(u64, &[u8])>, LogError> {
        loop {
            if self.reading.is_none() && !self.open_next()? {
                return Ok(None);
            }
            let Some((segment, reader)) = &mut self.reading else { continue };
            let segment = *segment;
            self.line.clear();
            let read = reader.read_until(b'\n', &mut self.line).map_err(|source| self.fail("read", source))?;
            if self.line.pop() == Some(b'\n') {
                self.number += 1;
                self.whole_bytes += read as u64;
                return Ok(Some((segment, &self.line)));
            }
            if read > 0 && !self.left.is_empty() {
                return Err(self.damaged(&"it is torn, and another segment follows"));
            }
            self.reading = None;
        }
    }

    fn open_next(&mut self) -> Result<bool, LogError> {
        while let Some(segment_number) = self.left.pop_front() {
            match File::open(segment(&self.dir, segment_number)) {
                Ok(file) => {
                    self.reading = Some((segment_number, BufReader::with_capacity(1 << 16, file)));
                    (self.number, self.whole_bytes) = (0, 0);
                    return Ok(true);
                }
                // Removed by the running venue since it was listed: nothing in it was open.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(self.fail("opened", source)),
            }
        }
        Ok(false)
    }

    /// Bytes of whole lines in the segment that was read last.
    pub(super) fn whole_bytes(&self) -> u64 {
        self.whole_bytes
    }

    fn fail(&self, doing: &'static str, source: io::Error) -> LogError {
        LogError::Disk { doing, place: shown(&self.dir), source }
    }

    pub(super) fn damaged(&self, reason: &impl ToString) -> LogError {
        let segment_number = self.reading.as_ref().map_or(0, |(number, _)| *number);
        let place = shown(&segment(&self.dir, segment_number));
        LogError::Damaged { place, line: self.number, reason: reason.to_string() }
    }
}

/// Everything in a log, oldest first.
///
/// # Errors
/// [`LogError::Disk`] when the folder cannot be listed. The items are errors where a line cannot be read.
pub fn entries(dir: &Path) -> Result<impl Iterator<Item = Result<LogEntry, LogError>>, LogError> {
    let mut lines = Lines::of(dir)?;
    Ok(std::iter::from_fn(move || {
        let read = match lines.next() {
            Ok(None) => return None,
            Ok(Some((_, line))) => serde_json::from_slice(line),
            Err(error) => return Some(Err(error)),
        };
        Some(read.map_err(|error| lines.damaged(&error)))
    }))
}

/// As much of a line as it takes to find an order.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Glance<'a> {
    Session(IgnoredAny),
    Told {
        #[serde(borrow)]
        report: ReportGlance<'a>,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReportGlance<'a> {
    #[serde(borrow)]
    client_order_id: Cow<'a, str>,
    state: ReportState,
}

/// What a log says of the venue's last moment.
#[derive(Default)]
pub(super) struct Remains {
    /// The last word about each order that had not ended, in the order in which it was said.
    pub(super) open: Vec<Told>,
    /// The segment that was written last; none for a new log.
    pub(super) last_segment: Option<u64>,
    /// Bytes of its whole lines.
    pub(super) last_bytes: u64,
}

impl Remains {
    /// Reads the whole log.
    pub(super) fn of(dir: &Path) -> Result<Self, LogError> {
        let mut lines = Lines::of(dir)?;
        let last_segment = lines.left.back().copied();
        let mut open: HashMap<String, (u64, Vec<u8>)> = HashMap::new();
        let mut count: u64 = 0;
        while let Some((_, line)) = lines.next()? {
            count += 1;
            let known = match serde_json::from_slice(line) {
                Ok(Glance::Session(_)) => Ok(()),
                Ok(Glance::Told { report }) => {
                    note(&mut open, &report, (count, line));
                    Ok(())
                }
                Err(error) => Err(error.to_string()),
            };
            known.map_err(|error| lines.damaged(&error))?;
        }
        let mut last_words: Vec<_> = open.into_values().collect();
        last_words.sort_unstable_by_key(|(count, _)| *count);
        let mut remains = Self { open: Vec::new(), last_segment, last_bytes: lines.whole_bytes() };
        for (_, line) in last_words {
            match serde_json::from_slice(&line) {
                Ok(LogEntry::Told(last)) => remains.open.push(*last),
                Ok(LogEntry::Session { .. }) => {}
                Err(error) => return Err(lines.damaged(&error)),
            }
        }
        Ok(remains)
    }
}

fn note(open: &mut HashMap<String, (u64, Vec<u8>)>, report: &ReportGlance<'_>, (count, line): (u64, &[u8])) {
    let id = report.client_order_id.as_ref();
    if !ends(report.state) {
        open.insert(id.to_owned(), (count, line.to_vec()));
    } else if report.state != ReportState::Rejected {
        // A refusal is of an order that never was open: if one of this name is, it was of another that came after it.
        open.remove(id);
    }
}

/// A question to a log: may be answered while the venue goes on writing.
pub(super) struct Inquiry {
    pub(super) dir: PathBuf,
    /// With those that are on their way to the venue.
    pub(super) orders: Vec<(ClientOrderId, bool)>,
}

impl Inquiry {
    /// One answer for each order. Reads the whole log.
    pub(super) fn answer(self) -> Result<Vec<OrderAnswer>, LogError> {
        let mut said: HashMap<&str, Vec<ExecutionReport>> = self.orders.iter().map(|(id, _)| (id.as_str(), Vec::new())).collect();
        let mut lines = Lines::of(&self.dir)?;
        while let Some((_, line)) = lines.next()? {
            let found = match serde_json::from_slice(line) {
                Ok(Glance::Told { report }) => match said.get_mut(report.client_order_id.as_ref()) {
                    Some(reports) => serde_json::from_slice(line).map(|entry| {
                        if let LogEntry::Told(told) = entry {
                            reports.push(told.report);
                        }
                    }),
                    None => Ok(()),
                },
                Ok(Glance::Session(_)) => Ok(()),
                Err(error) => Err(error),
            };
            let found = found.map_err(|error| error.to_string());
            found.map_err(|error| lines.damaged(&error))?;
        }
        let mut answers = Vec::with_capacity(self.orders.len());
        for (id, on_its_way) in &self.orders {
            let reports = said.remove(id.as_str()).unwrap_or_default();
            let known = *on_its_way || !reports.is_empty();
            answers.push(if known { OrderAnswer::Known(reports) } else { OrderAnswer::Unknown(id.clone()) });
        }
        Ok(answers)
    }
}
