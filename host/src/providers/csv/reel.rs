//! The play pass: the rows of one symbol as trades, file after file. A candle becomes four.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::error::CsvError;
use super::field::Measure;
use super::layout::Layout;
use super::row::{self, Raw, RawCandle};
use super::rows::{Flaw, Rows};
use super::survey::Stamp;
use crate::base::Timestamp;
use crate::market::Side;

const UNCHANGED: &str = "what was there when it was surveyed: it changed meanwhile";

/// What of a file is played for one symbol.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) path: PathBuf,
    pub(super) file: Arc<str>,
    pub(super) stamp: Stamp,
    pub(super) spelled: Vec<Vec<u8>>,
    pub(super) interval: Option<Duration>,
}

/// The trades of one symbol. Run lifetime.
pub(super) struct Reel {
    parts: std::vec::IntoIter<Part>,
    playing: Option<Playing>,
    tick: Measure,
    lot: Measure,
    /// Trades of a candle whose turn has not come, last first.
    waiting: Vec<Trade>,
    last: Trade,
}

/// A trade in steps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trade {
    pub(super) at: Timestamp,
    /// None where the file has no number of it.
    pub(super) id: Option<u64>,
    pub(super) price: i64,
    pub(super) quantity: i64,
    pub(super) aggressor: Side,
}

struct Playing {
    rows: Rows,
    layout: Arc<Layout>,
    part: Part,
}

impl Reel {
    pub(super) fn new(parts: Vec<Part>, tick: Measure, lot: Measure) -> Self {
        let last = Trade { at: Timestamp::ZERO, id: None, price: 0, quantity: 0, aggressor: Side::Buy };
        Self { parts: parts.into_iter(), playing: None, tick, lot, waiting: Vec::new(), last }
    }

    /// The next trade; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<Trade>, CsvError> {
        let trade = self.find()?;
        self.last = trade.unwrap_or(self.last);
        Ok(trade)
    }

    fn find(&mut self) -> Result<Option<Trade>, CsvError> {
        loop {
            if let Some(trade) = self.waiting.pop() {
                return Ok(Some(trade));
            }
            let playing = match &mut self.playing {
                Some(playing) => playing,
                None => {
                    let Some(part) = self.parts.next() else { return Ok(None) };
                    if Stamp::of(&part.file, &part.path)? != part.stamp {
                        return Err(CsvError::file(&part.file, "it changed since it was surveyed"));
                    }
                    let rows = Rows::open(&part.file, &part.path, None)?;
                    let layout = Arc::clone(rows.layout());
                    self.playing.insert(Playing { rows, layout, part })
                }
            };
            if !playing.rows.advance()? {
                self.playing = None;
                continue;
            }
            if !playing.is_ours() {
                continue;
            }
            let Playing { rows, layout, part } = playing;
            let read = || Ok((row::time(rows, layout)?, row::read(rows, layout)?));
            let (at, raw) = read().map_err(|flaw| rows.refuse(flaw))?;
            let changed = || rows.refuse(Flaw { column: layout.time, allowed: UNCHANGED });
            if at < self.last.at {
                return Err(changed());
            }
            match raw {
                Raw::Trade(trade) => {
                    let counted = self.tick.count(trade.price).zip(self.lot.count(trade.quantity));
                    let (price, quantity) = counted.ok_or_else(changed)?;
                    return Ok(Some(Trade { at, id: trade.id, price, quantity, aggressor: trade.aggressor }));
                }
                Raw::Candle(candle) => {
                    let interval = part.interval.unwrap_or_default();
                    let steps = (self.tick, self.lot);
                    spread(candle, at, interval, steps, self.last, &mut self.waiting).ok_or_else(changed)?;
                }
            }
        }
    }
}

impl Playing {
    fn is_ours(&self) -> bool {
        let spelled = |column: usize| self.part.spelled.iter().any(|known| known == self.rows.value(column));
        self.layout.symbol.is_none_or(spelled)
    }
}

/// The four trades of a candle, last first: the open when it begins, the two extremes at a third and two thirds of it, the close
/// a millisecond before its end. An upward candle is taken to have seen its low first, a downward one its high.
fn spread(
    candle: RawCandle,
    at: Timestamp,
    interval: Duration,
    (tick, lot): (Measure, Measure),
    before: Trade,
    waiting: &mut Vec<Trade>,
) -> Option<()> {
    const MILLI: u64 = 1_000_000;
    let volume = lot.whole(candle.volume)?;
    if volume == 0 {
        return Some(());
    }
    let [open, high, low, close] = candle.prices.map(|price| tick.count(price));
    let (open, high, low, close) = (open?, high?, low?, close?);
    let extremes = if close >= open { [low, high] } else { [high, low] };
    let nanos = u64::try_from(interval.as_nanos()).ok()?;
    let third = nanos / 3 / MILLI * MILLI;
    let times = [0, third, 2 * third, nanos.checked_sub(MILLI)?];
    let mut last = before;
    for (place, (price, after)) in [open, extremes[0], extremes[1], close].into_iter().zip(times).enumerate() {
        let aggressor = match price.cmp(&last.price) {
            std::cmp::Ordering::Greater => Side::Buy,
            std::cmp::Ordering::Less => Side::Sell,
            std::cmp::Ordering::Equal => last.aggressor,
        };
        // A quarter each; what is left over goes to the first ones.
        let more = i64::from(i64::try_from(place).ok()? < volume % 4);
        let quantity = (volume / 4 + more).max(1);
        last = Trade { at: at.plus(Duration::from_nanos(after)), id: None, price, quantity, aggressor };
        waiting.push(last);
    }
    waiting.reverse();
    Some(())
}
