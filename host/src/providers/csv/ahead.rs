//! A reel that is read ahead of its market, on a thread of its own: while a guest runs, the next rows are split and read. The same
//! trades in the same order, in memory that does not grow with the file.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::error::CsvError;
use super::reel::{Reel, Trade};
use crate::providers::paper::Source;
use crate::providers::tape::{Body, Record, TapeError};

/// Trades that change hands at once.
const CHUNK: usize = 1_024;

/// Chunks that wait for the market, at most.
const CHUNKS: usize = 2;

/// Trades in the order of their times; an empty chunk is the end.
type Chunk = Result<Vec<Trade>, CsvError>;

/// The records of one symbol. Run lifetime; the thread ends with it.
pub(super) struct Ahead {
    chunks: Receiver<Chunk>,
    chunk: std::vec::IntoIter<Trade>,
    ended: bool,
    shift_nanos: i64,
    /// Counts trades whose file has no number for them.
    count: u64,
}

impl Ahead {
    /// Begins to read.
    pub(super) fn start(reel: Reel, shift_nanos: i64) -> io::Result<Self> {
        let (sender, chunks) = sync_channel(CHUNKS);
        std::thread::Builder::new().name("csv".into()).spawn(move || read(reel, &sender))?;
        Ok(Self { chunks, chunk: Vec::new().into_iter(), ended: false, shift_nanos, count: 0 })
    }

    fn next(&mut self) -> Result<Option<Trade>, TapeError> {
        loop {
            if let Some(trade) = self.chunk.next() {
                return Ok(Some(trade));
            }
            if self.ended {
                return Ok(None);
            }
            // A thread that is gone without a word has panicked: that is no end.
            let chunk = self.chunks.recv().map_err(|_| TapeError::Corrupt("what the reader made of a file"))?;
            let chunk = chunk.map_err(|error| TapeError::Other(Box::new(error)))?;
            self.ended = chunk.is_empty();
            self.chunk = chunk.into_iter();
        }
    }
}

/// Until the end, an error, or until nobody waits for it any more.
fn read(mut reel: Reel, chunks: &SyncSender<Chunk>) {
    loop {
        let chunk = fill(&mut reel);
        let is_last = chunk.as_ref().map_or(true, Vec::is_empty);
        if chunks.send(chunk).is_err() || is_last {
            return;
        }
    }
}

fn fill(reel: &mut Reel) -> Chunk {
    let mut chunk = Vec::with_capacity(CHUNK);
    while chunk.len() < CHUNK
        && let Some(trade) = reel.next()?
    {
        chunk.push(trade);
    }
    Ok(chunk)
}

impl Source for Ahead {
    fn read(&mut self, record: &mut Record) -> Result<bool, TapeError> {
        let Some(trade) = self.next()? else { return Ok(false) };
        self.count += 1;
        record.received_at = trade.at;
        record.venue_at = trade.at;
        record.body = Body::Trade {
            trade_id: trade.id.unwrap_or(self.count),
            matched_at: trade.at,
            price: trade.price,
            quantity: trade.quantity,
            aggressor: trade.aggressor,
        };
        record.bids.clear();
        record.asks.clear();
        Ok(true)
    }

    fn shift_nanos(&self) -> i64 {
        self.shift_nanos
    }
}

impl std::fmt::Debug for Ahead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ahead").field("count", &self.count).finish_non_exhaustive()
    }
}
