//! What happens to one instance, as it happens, for whoever listens: its orders, risk, log, faults, status, providers. A bounded
//! ring of small values that are shared with others; nothing is written out here, and a slow reader holds up nobody. Must not
//! know of HTTP.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, OwnedSemaphorePermit};

use super::news::{News, denial_of};
use crate::base::Timestamp;
use crate::market::{Event, Payload};

/// How much of what happened is kept for readers that come back. Section `instances.feed` of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct FeedConfig {
    /// Newest events kept per instance. 1,000: a reader that lost its connection for some minutes misses nothing.
    pub events: usize,
    /// Bytes that they may take up per instance, as estimated. 256 KiB, like the log.
    pub bytes: usize,
    /// Readers of the whole host at the same time. 256: a quarter of the connections that the control plane takes.
    pub streams: usize,
}

impl Default for FeedConfig {
    fn default() -> Self {
        Self { events: 1_000, bytes: 256 * 1024, streams: 256 }
    }
}

/// One event of the feed with its place.
#[derive(Clone, Debug)]
pub struct Item {
    /// Counts from 1 in the life of the feed, without gaps.
    pub number: u64,
    /// What happened.
    pub news: News,
}

/// Why a feed will have nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedEnd {
    /// The instance is gone.
    Deleted,
    /// The host stops.
    HostStops,
}

/// What a reader is told next.
#[derive(Clone, Debug)]
pub enum Told {
    /// In order; never empty.
    Items(Vec<Item>),
    /// What came after the reader's place is kept no longer: it goes on with the one of this number.
    Overrun(u64),
    /// Nothing for as long as the reader was willing to wait.
    Quiet,
    /// Nothing more will come.
    End(FeedEnd),
}

/// The feed of one instance. Instance lifetime.
#[derive(Debug)]
pub struct Feed {
    config: FeedConfig,
    epoch: String,
    ring: Mutex<Ring>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Ring {
    items: VecDeque<Item>,
    bytes: usize,
    written: u64,
    ended: Option<FeedEnd>,
}

impl Ring {
    /// The number of the oldest that is kept, or of the next to come.
    fn oldest(&self) -> u64 {
        self.written + 1 - self.items.len() as u64
    }
}

/// Items that a reader takes at once: the lock is held for so many clones.
const BATCH: usize = 64;

impl Feed {
    /// Empty. `now` tells it from the feed that an instance of this id had in an earlier life.
    pub fn new(config: FeedConfig, now: Timestamp) -> Self {
        Self { config, epoch: format!("{:x}", now.as_nanos()), ring: Mutex::default(), changed: Notify::new() }
    }

    /// Adds what happened.
    pub fn push(&self, news: News) {
        self.push_all([news]);
    }

    /// Adds an own event of the instance, as the bus passes it on: a report is told with the match and the denial in it.
    pub fn own(&self, event: &Arc<Event>) {
        match &event.payload {
            Payload::ExecReport(report) => {
                let (_, report) = report.as_ref();
                let order = News::Order(Arc::clone(event));
                if report.fill.is_some() {
                    self.push_all([News::Execution(Arc::clone(event)), order]);
                } else if denial_of(report).is_some() {
                    self.push_all([News::Denial(Arc::clone(event)), order]);
                } else {
                    self.push(order);
                }
            }
            Payload::RiskControl(_) => self.push(News::Risk(Arc::clone(event))),
            _ => {}
        }
    }

    fn push_all<const N: usize>(&self, all: [News; N]) {
        let mut ring = self.lock();
        for news in all {
            ring.written += 1;
            ring.bytes += news.weight();
            let number = ring.written;
            ring.items.push_back(Item { number, news });
        }
        while ring.items.len() > self.config.events || ring.bytes > self.config.bytes {
            let Some(oldest) = ring.items.pop_front() else { break };
            ring.bytes -= oldest.news.weight();
        }
        drop(ring);
        self.changed.notify_waiters();
    }

    /// Nothing more will come; readers are told once they have read the rest.
    pub fn end(&self, why: FeedEnd) {
        self.lock().ended.get_or_insert(why);
        self.changed.notify_waiters();
    }

    /// The name of a place in this feed: `<epoch>-<number>`.
    pub fn place(&self, number: u64) -> String {
        format!("{}-{number}", self.epoch)
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in a feed as a client remembers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    epoch: String,
    number: u64,
}

impl Place {
    /// None for what no feed ever called a place.
    pub fn parse(text: &str) -> Option<Self> {
        let (epoch, number) = text.split_once('-')?;
        let hex = (1..=32).contains(&epoch.len()) && epoch.bytes().all(|b| b.is_ascii_hexdigit());
        let digits = number.bytes().all(|b| b.is_ascii_digit());
        (hex && digits).then_some(())?;
        Some(Self { epoch: epoch.to_owned(), number: number.parse().ok()? })
    }
}

/// Where a reader begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// With what comes next.
    Here,
    /// After the place it named.
    There,
    /// The place it named is of an earlier life of the instance or the host: with the oldest that is kept, which has this number.
    Elsewhere(u64),
}

/// Someone who reads a feed at its own pace.
pub struct FeedReader {
    feed: Arc<Feed>,
    after: u64,
    begin: Begin,
    _place: OwnedSemaphorePermit,
}

impl FeedReader {
    /// Goes on after `last`; without it begins with what comes next.
    pub(super) fn new(feed: Arc<Feed>, last: Option<&Place>, permit: OwnedSemaphorePermit) -> Self {
        let ring = feed.lock();
        let (begin, after) = match last {
            None => (Begin::Here, ring.written),
            Some(place) if place.epoch == feed.epoch && place.number <= ring.written => (Begin::There, place.number),
            Some(_) => (Begin::Elsewhere(ring.oldest()), ring.oldest() - 1),
        };
        drop(ring);
        Self { feed, after, begin, _place: permit }
    }

    /// Where it began.
    pub fn begin(&self) -> Begin {
        self.begin
    }

    /// The place of the last item that it was told.
    pub fn place(&self) -> String {
        self.feed.place(self.after)
    }

    /// The name of another place in its feed.
    pub fn place_of(&self, number: u64) -> String {
        self.feed.place(number)
    }

    /// Waits for what comes next, at most for `patience`.
    pub async fn next(&mut self, patience: Duration) -> Told {
        let feed = Arc::clone(&self.feed);
        let over = tokio::time::sleep(patience);
        tokio::pin!(over);
        loop {
            // Asked for before looking: what is pushed in between wakes us.
            let changed = feed.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if let Some(told) = self.take() {
                return told;
            }
            tokio::select! {
                () = &mut over => return Told::Quiet,
                () = changed => {}
            }
        }
    }

    fn take(&mut self) -> Option<Told> {
        let ring = self.feed.lock();
        let oldest = ring.oldest();
        if self.after + 1 < oldest {
            self.after = oldest - 1;
            return Some(Told::Overrun(oldest));
        }
        // Numbers have no gaps, so the place in the ring follows from the number.
        let from = usize::try_from(self.after + 1 - oldest).unwrap_or(usize::MAX);
        let items: Vec<_> = ring.items.iter().skip(from).take(BATCH).cloned().collect();
        match items.last() {
            Some(last) => {
                self.after = last.number;
                Some(Told::Items(items))
            }
            None => ring.ended.map(Told::End),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instances::LastError;

    fn feed(events: usize, bytes: usize) -> Arc<Feed> {
        Arc::new(Feed::new(FeedConfig { events, bytes, streams: 1 }, Timestamp::from_millis(1)))
    }

    fn fault(text: &str) -> News {
        News::Fault(Arc::new(LastError::new("x", text, crate::base::Blame::Host, Timestamp::ZERO)))
    }

    fn reader(feed: &Arc<Feed>, last: Option<&str>) -> FeedReader {
        let permit = Arc::new(tokio::sync::Semaphore::new(1)).try_acquire_owned().unwrap();
        FeedReader::new(Arc::clone(feed), last.and_then(Place::parse).as_ref(), permit)
    }

    async fn numbers(reader: &mut FeedReader) -> Vec<u64> {
        match reader.next(Duration::from_millis(20)).await {
            Told::Items(items) => items.iter().map(|item| item.number).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_reader_goes_on_from_its_place_and_a_slow_one_is_told_what_it_missed() {
        let feed = feed(3, 100_000);
        let mut early = reader(&feed, None);
        assert!(matches!(early.next(Duration::from_millis(5)).await, Told::Quiet));
        for _ in 0..2 {
            feed.push(fault("a"));
        }
        assert_eq!(numbers(&mut early).await, [1, 2]);
        let place = early.place();
        for _ in 0..3 {
            feed.push(fault("b"));
        }
        assert_eq!(numbers(&mut reader(&feed, Some(&place))).await, [3, 4, 5]);
        feed.push(fault("c"));
        assert!(matches!(early.next(Duration::from_millis(5)).await, Told::Overrun(4)));
        assert_eq!(numbers(&mut early).await, [4, 5, 6]);
        let elsewhere = reader(&feed, Some("abc-3"));
        assert_eq!(elsewhere.begin(), Begin::Elsewhere(4));
        assert_eq!(reader(&feed, Some(&feed.place(7))).begin(), Begin::Elsewhere(4), "no feed has told of the seventh");
        feed.end(FeedEnd::Deleted);
        feed.end(FeedEnd::HostStops);
        let end = early.next(Duration::from_millis(5)).await;
        assert!(matches!(end, Told::End(FeedEnd::Deleted)), "{end:?}");
    }

    #[tokio::test]
    async fn bytes_are_bounded_too_and_news_wake_a_reader() {
        let feed = feed(100, 1_000);
        for _ in 0..10 {
            feed.push(fault(&"x".repeat(200)));
        }
        assert_eq!(numbers(&mut reader(&feed, Some("0-0"))).await.len(), 3);
        let mut waiting = reader(&feed, None);
        let (told, ()) = tokio::join!(waiting.next(Duration::from_secs(10)), async { feed.push(fault("now")) });
        assert!(matches!(told, Told::Items(items) if items.len() == 1));
    }

    #[test]
    fn places_are_read_strictly() {
        for good in ["0-0", "18a-7", "ffffffffffffffff-18446744073709551615"] {
            assert!(Place::parse(good).is_some(), "{good}");
        }
        for bad in ["", "-", "7", "x-1", "1-", "1-x", "1--1", "1-+1", "1-18446744073709551616"] {
            assert!(Place::parse(bad).is_none(), "{bad}");
        }
    }
}
