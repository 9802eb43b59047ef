//! A paper venue's own log: what it said about every order, on the disk before anyone hears it. It is what the venue still knows
//! after the death of the process, and what tests compare the host's records with. Must not know of the desk's records.
//!
//! JSON, one [`LogEntry`] per line, in segments that follow each other: `00000001.jsonl`, ... Each step of the market is one
//! write. There is no fsync: the log survives the death of the process, not of the machine. A real venue is another machine, which
//! does not die with ours; this one only has to outlive what a crash of the host takes with it.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::Output;
use super::log_read::{Inquiry, Remains, segment, segments, shown};
use crate::base::{ProviderName, Timestamp, fail_point};
use crate::market::{ClientOrderId, ExecutionReport, OrderRequest, ReportState};
use crate::trading::{Balance, OrderAnswer};

pub use super::log_read::entries;

/// A segment that has so many bytes is followed by a new one.
const SEGMENT_BYTES: u64 = 64 << 20;

/// Full segments that are kept in any case: whoever missed a report has so long to ask for it. Older ones are kept as long as
/// an order that was first named there is open.
const KEPT: u64 = 4;

/// Where in a data directory the log of a provider is.
pub fn folder(data_dir: &Path, provider: &ProviderName) -> PathBuf {
    data_dir.join("venues").join(provider.as_str())
}

/// What open orders end with when their venue is gone.
pub(super) const SESSION_ENDED: SmolStr = SmolStr::new_static("venue session ended");

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum LogEntry {
    /// The venue began to play.
    Session {
        /// Part of its execution ids.
        id: SmolStr,
        /// By the machine's clock.
        begun_at: Timestamp,
        /// What the account has.
        balances: Vec<Balance>,
    },
    /// It said something about an order. The first of an order says whether it was accepted when it arrived; an order that
    /// never arrived has no line.
    Told(Box<Told>),
}

/// What a venue said about an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    /// As it arrived.
    pub order: OrderRequest,
    /// What was said.
    pub report: ExecutionReport,
}

/// A [`LogEntry`] that is written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
enum Line<'a> {
    Session { id: &'a str, begun_at: Timestamp, balances: &'a [Balance] },
    Told { order: &'a OrderRequest, report: &'a ExecutionReport },
}

/// Why a venue's log cannot be read or written. Names files without where on the machine they lie.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The disk refused.
    #[error("the venue's log `{place}` cannot be {doing}: {source}")]
    Disk {
        /// What was tried, as a participle.
        doing: &'static str,
        /// Folder and file.
        place: String,
        /// Why.
        source: std::io::Error,
    },
    /// A line is not what the venue wrote.
    #[error(
        "line {line} of the venue's log `{place}` is damaged ({reason}): restore it, or move its folder away, and the venue \
         knows none of its orders any more"
    )]
    Damaged {
        /// Folder and file.
        place: String,
        /// Counted from 1.
        line: u64,
        /// What is wrong.
        reason: String,
    },
    /// A report of an order that nobody sent: a bug of the venue.
    #[error("a report about order `{0}`, which was never sent here")]
    Stranger(ClientOrderId),
}

/// Whether nothing more is said about an order after this.
pub(super) fn ends(state: ReportState) -> bool {
    !matches!(state, ReportState::Ack | ReportState::Partial)
}

/// The log of a provider, when it keeps one. Process lifetime.
#[derive(Default)]
pub(super) struct Logbook {
    dir: Option<PathBuf>,
    log: Mutex<Option<VenueLog>>,
}

impl Logbook {
    /// Will go on with the log in `dir` at the first question or session, and not before: until then another provider, whose
    /// place this one takes, may be writing there.
    pub(super) fn of(dir: &Path) -> Self {
        Self { dir: Some(dir.to_owned()), log: Mutex::default() }
    }

    /// What rested when the process before died has ended with it: that is said first.
    fn opened(&self) -> Result<MutexGuard<'_, Option<VenueLog>>, LogError> {
        let mut log = self.log();
        if let (None, Some(dir)) = (&*log, &self.dir) {
            *log = Some(VenueLog::open(dir, SEGMENT_BYTES)?);
        }
        Ok(log)
    }

    fn log(&self) -> MutexGuard<'_, Option<VenueLog>> {
        // Whoever panicked had written a line or not: what is remembered of open orders is then too much, never too little.
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes that a session begins.
    pub(super) fn begin(&self, id: &str, begun_at: Timestamp, balances: &[Balance]) -> Result<(), LogError> {
        self.opened()?.as_mut().map_or(Ok(()), |log| log.write_line(&Line::Session { id, begun_at, balances }))
    }

    /// Notes that an order is on its way. To be called before the venue has it.
    pub(super) fn sent(&self, order: &OrderRequest) {
        if let Some(log) = self.log().as_mut() {
            log.sent(order);
        }
    }

    /// Writes the reports of one step. To be called before the first of them is told.
    pub(super) fn record(&self, step: &[Output]) -> Result<(), LogError> {
        self.log().as_mut().map_or(Ok(()), |log| log.record(step))
    }

    /// What the venue knows of these orders. None when it cannot be said: then nothing follows for the orders. A venue
    /// without a log has forgotten them when its session is over.
    pub(super) async fn query(&self, orders: &[OrderRequest], playing: bool) -> Option<Vec<OrderAnswer>> {
        let opened = self.opened().map(|log| log.as_ref().map(|log| log.inquiry(orders)));
        let opened =
            opened.inspect_err(|error| tracing::error!(%error, "the venue cannot say what became of its orders")).ok()?;
        let Some(inquiry) = opened else {
            let forgotten = || orders.iter().map(|order| OrderAnswer::Unknown(order.client_order_id.clone())).collect();
            return (!playing).then(forgotten);
        };
        match tokio::task::spawn_blocking(move || inquiry.answer()).await {
            Ok(Ok(answers)) => Some(answers),
            Ok(Err(error)) => {
                tracing::error!(%error, "the venue cannot say what became of its orders");
                None
            }
            Err(_) => None,
        }
    }
}

/// The files, and what is open.
pub(super) struct VenueLog {
    dir: PathBuf,
    /// The segment that is written.
    number: u64,
    file: File,
    bytes: u64,
    segment_bytes: u64,
    open: HashMap<ClientOrderId, Standing>,
    /// Kept for its memory.
    lines: Vec<u8>,
}

/// An order that has not ended.
struct Standing {
    order: OrderRequest,
    /// The segment of its first line; none while it is on its way.
    since: Option<u64>,
}

impl VenueLog {
    pub(super) fn open(dir: &Path, segment_bytes: u64) -> Result<Self, LogError> {
        let fail = |source| LogError::Disk { doing: "made", place: shown(dir), source };
        std::fs::create_dir_all(dir).map_err(fail)?;
        let remains = Remains::of(dir)?;
        let number = remains.last_segment.unwrap_or(1);
        let file = append_to(&segment(dir, number), remains.last_bytes)?;
        let (open, lines) = (HashMap::new(), Vec::new());
        let mut log = Self { dir: dir.to_owned(), number, file, bytes: remains.last_bytes, segment_bytes, open, lines };
        log.expire(&remains)?;
        Ok(log)
    }

    /// What rested when the process died has ended with the session.
    fn expire(&mut self, remains: &Remains) -> Result<(), LogError> {
        // The venue's time does not go back.
        let time = remains.open.iter().map(|last| last.report.time).max().unwrap_or_default();
        self.lines.clear();
        for Told { order, report: last } in &remains.open {
            let report = ExecutionReport {
                state: ReportState::Expired,
                leaves_quantity: Default::default(),
                fill: None,
                time,
                reason: Some(SESSION_ENDED),
                ..last.clone()
            };
            self.put(&Line::Told { order, report: &report })?;
        }
        self.append()
    }

    pub(super) fn sent(&mut self, order: &OrderRequest) {
        // The venue refuses a second order of the same name while the first is open: the first one's stays.
        let id = order.client_order_id.clone();
        self.open.entry(id).or_insert_with(|| Standing { order: order.clone(), since: None });
    }

    pub(super) fn record(&mut self, step: &[Output]) -> Result<(), LogError> {
        let mut lines = std::mem::take(&mut self.lines);
        lines.clear();
        for report in reports(step) {
            let standing = self.open.get(&report.client_order_id);
            let order = &standing.ok_or_else(|| LogError::Stranger(report.client_order_id.clone()))?.order;
            put(&mut lines, &Line::Told { order, report }, &self.dir)?;
        }
        self.lines = lines;
        self.append()?;
        for report in reports(step) {
            self.note(report);
        }
        self.rotate_when_full()
    }

    fn note(&mut self, report: &ExecutionReport) {
        let Some(standing) = self.open.get_mut(&report.client_order_id) else { return };
        let arrived = standing.since.is_some();
        standing.since.get_or_insert(self.number);
        // A refusal after the arrival was of another order of the same name.
        if ends(report.state) && !(arrived && report.state == ReportState::Rejected) {
            self.open.remove(&report.client_order_id);
        }
    }

    fn write_line(&mut self, line: &Line<'_>) -> Result<(), LogError> {
        self.lines.clear();
        self.put(line)?;
        self.append()?;
        self.rotate_when_full()
    }

    fn put(&mut self, line: &Line<'_>) -> Result<(), LogError> {
        put(&mut self.lines, line, &self.dir)
    }

    /// One write, whole or not at all as far as a living process can say.
    fn append(&mut self) -> Result<(), LogError> {
        if self.lines.is_empty() {
            return Ok(());
        }
        fail_point::reach();
        if let Err(source) = self.file.write_all(&self.lines) {
            // A part may be there. If this fails too, the next reader ignores a torn line, and nobody was told.
            let _ = self.file.set_len(self.bytes);
            return Err(self.fail("written", source));
        }
        fail_point::reach();
        self.bytes += self.lines.len() as u64;
        Ok(())
    }

    fn rotate_when_full(&mut self) -> Result<(), LogError> {
        if self.bytes < self.segment_bytes {
            return Ok(());
        }
        self.file = append_to(&segment(&self.dir, self.number + 1), 0)?;
        (self.number, self.bytes) = (self.number + 1, 0);
        let needed = self.open.values().filter_map(|standing| standing.since).min().unwrap_or(self.number);
        for number in segments(&self.dir)? {
            if number < needed && number + KEPT < self.number {
                let path = segment(&self.dir, number);
                std::fs::remove_file(&path).map_err(|source| self.fail("removed", source))?;
            }
        }
        Ok(())
    }

    pub(super) fn inquiry(&self, orders: &[OrderRequest]) -> Inquiry {
        let asked = orders.iter().map(|order| &order.client_order_id);
        let on_its_way = |id: &ClientOrderId| self.open.get(id).is_some_and(|standing| standing.since.is_none());
        Inquiry { dir: self.dir.clone(), orders: asked.map(|id| (id.clone(), on_its_way(id))).collect() }
    }

    fn fail(&self, doing: &'static str, source: std::io::Error) -> LogError {
        LogError::Disk { doing, place: shown(&segment(&self.dir, self.number)), source }
    }
}

fn reports(step: &[Output]) -> impl Iterator<Item = &ExecutionReport> {
    step.iter().filter_map(|output| match output {
        Output::Report(report) => Some(&**report),
        Output::Event(_) => None,
    })
}

fn put(lines: &mut Vec<u8>, line: &Line<'_>, dir: &Path) -> Result<(), LogError> {
    let fail = |error| LogError::Disk { doing: "written", place: shown(dir), source: std::io::Error::from(error) };
    serde_json::to_writer(&mut *lines, line).map_err(fail)?;
    lines.push(b'\n');
    Ok(())
}

/// Opens a segment to go on after its first `bytes`: what follows them is a torn line.
fn append_to(path: &Path, bytes: u64) -> Result<File, LogError> {
    let fail = |source| LogError::Disk { doing: "opened", place: shown(path), source };
    let file = OpenOptions::new().create(true).append(true).open(path).map_err(fail)?;
    file.set_len(bytes).map_err(fail)?;
    Ok(file)
}
