//! How records become bytes. Records are written in blocks of columns: all kinds, all time differences, all prices of levels
//! and so on, each as differences from what is known already, as numbers of variable length. A general compressor finds far
//! more in columns of one sort than in records of many.

use super::record::{Body, Record};
use super::{TapeError, TapeHeader};
use crate::base::Timestamp;
use crate::market::{LevelChange, Side, Step};

/// Records per block, at most.
pub(super) const BLOCK_RECORDS: u32 = 65_536;
/// Bytes of all columns of a block, at most: bounds what a reader holds. A writer ends its block long before.
pub(super) const BLOCK_BYTES: usize = 8 << 20;
/// Levels of one side of one record, at most.
const MAX_LEVELS: u64 = 10_000;

/// The columns of a block, in the order of the file.
#[derive(Clone, Copy)]
enum Column {
    Kind,
    Time,
    VenueTime,
    MatchTime,
    BookId,
    BookSpan,
    TradeId,
    BestPrice,
    BestQuantity,
    LevelCount,
    LevelPrice,
    LevelQuantity,
    TradePrice,
    TradeQuantity,
}

pub(super) const COLUMNS: usize = 14;

const SNAPSHOT: u8 = 0;
const DEPTH: u8 = 1;
const BEST: u8 = 2;
const TRADE: u8 = 3;
/// The two low bits are the kind; the others are flags.
const FLAGS: u32 = 2;

/// What both sides remember from the records before.
#[derive(Clone, Debug)]
pub(super) struct Context {
    received_steps: u64,
    book_id: u64,
    trade_id: u64,
    bid: LevelChange,
    ask: LevelChange,
    trade_price: i64,
    time_step_nanos: u64,
    end: Timestamp,
}

impl Context {
    pub(super) fn new(header: &TapeHeader) -> Self {
        Self {
            received_steps: header.start.as_nanos() / header.time_step_nanos,
            book_id: 0,
            trade_id: 0,
            bid: LevelChange::default(),
            ask: LevelChange::default(),
            trade_price: 0,
            time_step_nanos: header.time_step_nanos,
            end: header.end,
        }
    }
}

/// The columns of a block while it is written.
#[derive(Debug, Default)]
pub(super) struct ColumnWriter {
    columns: [Vec<u8>; COLUMNS],
    pub(super) records: u32,
}

impl ColumnWriter {
    pub(super) fn bytes(&self) -> usize {
        self.columns.iter().map(Vec::len).sum()
    }

    /// The block as bytes; begins the next one.
    pub(super) fn drain_into(&mut self, out: &mut Vec<u8>) {
        out.extend(self.records.to_le_bytes());
        for column in &self.columns {
            // A block is cut at far less than 4 GiB.
            out.extend(u32::try_from(column.len()).unwrap_or(u32::MAX).to_le_bytes());
        }
        for column in &mut self.columns {
            out.append(column);
        }
        self.records = 0;
    }

    pub(super) fn put(&mut self, record: &Record, context: &mut Context) -> Result<(), TapeError> {
        let steps = record.received_at.as_nanos() / context.time_step_nanos;
        let elapsed = steps.checked_sub(context.received_steps).ok_or(TapeError::Unwritable("receive times must not go back"))?;
        self.number(Column::Time, elapsed);
        context.received_steps = steps;
        match record.body {
            Body::Snapshot { update_id } => {
                self.byte(SNAPSHOT);
                self.book_id(update_id, context);
                self.levels(record, context);
            }
            Body::Depth { first_id, last_id } => {
                self.byte(DEPTH);
                self.venue_time(record);
                self.book_id(last_id, context);
                let span = last_id.checked_sub(first_id).ok_or(TapeError::Unwritable("a depth update ends before it begins"))?;
                self.number(Column::BookSpan, span);
                self.levels(record, context);
            }
            Body::Best { update_id, bid, ask } => {
                self.best([bid, ask], context);
                self.book_id(update_id, context);
            }
            Body::Trade { trade_id, matched_at, price, quantity, aggressor } => {
                self.byte(TRADE | u8::from(aggressor == Side::Sell) << FLAGS);
                self.venue_time(record);
                self.signed(Column::MatchTime, millis(record.venue_at) - millis(matched_at));
                self.signed(Column::TradeId, trade_id.wrapping_sub(context.trade_id).cast_signed());
                self.signed(Column::TradePrice, price - context.trade_price);
                self.number(Column::TradeQuantity, quantity.unsigned_abs());
                (context.trade_id, context.trade_price) = (trade_id, price);
            }
        }
        self.records += 1;
        Ok(())
    }

    /// The flags say which of the four numbers changed; only those are written.
    fn best(&mut self, [bid, ask]: [LevelChange; 2], context: &mut Context) {
        let changes = [
            (Column::BestPrice, bid.price, context.bid.price),
            (Column::BestPrice, ask.price, context.ask.price),
            (Column::BestQuantity, bid.quantity, context.bid.quantity),
            (Column::BestQuantity, ask.quantity, context.ask.quantity),
        ];
        let mut flags = 0;
        for (bit, (column, new, old)) in changes.into_iter().enumerate() {
            if new != old {
                flags |= 1 << bit;
                match column {
                    Column::BestPrice => self.signed(column, new - old),
                    _ => self.number(column, new.unsigned_abs()),
                }
            }
        }
        self.byte(BEST | flags << FLAGS);
        (context.bid, context.ask) = (bid, ask);
    }

    fn levels(&mut self, record: &Record, context: &Context) {
        for (levels, mut price) in [(&record.bids, context.bid.price), (&record.asks, context.ask.price)] {
            self.number(Column::LevelCount, levels.len() as u64);
            for level in levels {
                self.signed(Column::LevelPrice, level.price - price);
                self.number(Column::LevelQuantity, level.quantity.unsigned_abs());
                price = level.price;
            }
        }
    }

    fn book_id(&mut self, id: u64, context: &mut Context) {
        self.signed(Column::BookId, id.wrapping_sub(context.book_id).cast_signed());
        context.book_id = id;
    }

    /// In milliseconds from the receive time.
    fn venue_time(&mut self, record: &Record) {
        self.signed(Column::VenueTime, millis(record.venue_at) - millis(record.received_at));
    }

    fn byte(&mut self, byte: u8) {
        self.columns[Column::Kind as usize].push(byte);
    }

    /// Seven bits a byte, low ones first, the high bit says that more follow.
    fn number(&mut self, column: Column, mut number: u64) {
        let bytes = &mut self.columns[column as usize];
        while number >= 0x80 {
            bytes.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        bytes.push(number as u8);
    }

    /// Small numbers of either sign stay short: 0, -1, 1, -2...
    fn signed(&mut self, column: Column, number: i64) {
        self.number(column, (number << 1 ^ number >> 63).cast_unsigned());
    }
}

fn millis(time: Timestamp) -> i64 {
    // Nanoseconds in 64 bits are fewer milliseconds than 63 bits hold.
    (time.as_nanos() / 1_000_000).cast_signed()
}

/// The columns of a block while it is read.
#[derive(Debug, Default)]
pub(super) struct ColumnReader {
    pub(super) bytes: Vec<u8>,
    /// What is left of each column.
    columns: [(usize, usize); COLUMNS],
}

impl ColumnReader {
    /// Begins a block whose columns have these lengths and stand one after the other in `bytes`.
    pub(super) fn begin(&mut self, lengths: &[usize; COLUMNS]) {
        let mut start = 0;
        for (column, length) in self.columns.iter_mut().zip(lengths) {
            *column = (start, start + length);
            start += length;
        }
    }

    /// Every column was read to its end.
    pub(super) fn is_spent(&self) -> bool {
        self.columns.iter().all(|(at, end)| at == end)
    }

    pub(super) fn take(&mut self, record: &mut Record, context: &mut Context) -> Result<(), TapeError> {
        record.bids.clear();
        record.asks.clear();
        let elapsed = self.number(Column::Time)?;
        let corrupt = || TapeError::Corrupt("a receive time");
        context.received_steps = context.received_steps.checked_add(elapsed).ok_or_else(corrupt)?;
        let nanos = context.received_steps.checked_mul(context.time_step_nanos).ok_or_else(corrupt)?;
        record.received_at = Timestamp::from_nanos(nanos);
        if record.received_at > context.end {
            return Err(corrupt());
        }
        record.venue_at = record.received_at;
        let head = self.byte()?;
        let flags = head >> FLAGS;
        record.body = match head & ((1 << FLAGS) - 1) {
            SNAPSHOT => {
                let update_id = self.book_id(context)?;
                self.levels(record, context)?;
                Body::Snapshot { update_id }
            }
            DEPTH => {
                self.venue_time(record)?;
                let last_id = self.book_id(context)?;
                let first_id = last_id.checked_sub(self.number(Column::BookSpan)?).ok_or(TapeError::Corrupt("an update id"))?;
                self.levels(record, context)?;
                Body::Depth { first_id, last_id }
            }
            BEST => {
                let (bid, ask) = self.best(flags, context)?;
                Body::Best { update_id: self.book_id(context)?, bid, ask }
            }
            _ => self.trade(flags, record, context)?,
        };
        Ok(())
    }

    fn trade(&mut self, flags: u8, record: &mut Record, context: &mut Context) -> Result<Body, TapeError> {
        self.venue_time(record)?;
        let lag = self.signed(Column::MatchTime)?;
        let matched = millis(record.venue_at).checked_sub(lag).and_then(|millis| u64::try_from(millis).ok());
        context.trade_id = context.trade_id.wrapping_add_signed(self.signed(Column::TradeId)?);
        context.trade_price = self.price(Column::TradePrice, context.trade_price)?;
        let quantity = self.quantity(Column::TradeQuantity)?;
        if quantity == 0 {
            return Err(TapeError::Corrupt("a trade of nothing"));
        }
        Ok(Body::Trade {
            trade_id: context.trade_id,
            matched_at: Timestamp::from_millis(matched.ok_or(TapeError::Corrupt("the time of a trade"))?),
            price: context.trade_price,
            quantity,
            aggressor: if flags & 1 == 1 { Side::Sell } else { Side::Buy },
        })
    }

    fn best(&mut self, flags: u8, context: &mut Context) -> Result<(LevelChange, LevelChange), TapeError> {
        let (mut bid, mut ask) = (context.bid, context.ask);
        for (bit, level) in [&mut bid, &mut ask].into_iter().enumerate() {
            if flags & 1 << bit != 0 {
                level.price = self.price(Column::BestPrice, level.price)?;
            }
        }
        for (bit, level) in [&mut bid, &mut ask].into_iter().enumerate() {
            if flags & 4 << bit != 0 {
                level.quantity = self.quantity(Column::BestQuantity)?;
            }
        }
        if bid.price <= 0 || ask.price <= 0 {
            return Err(TapeError::Corrupt("a best price"));
        }
        (context.bid, context.ask) = (bid, ask);
        Ok((bid, ask))
    }

    fn levels(&mut self, record: &mut Record, context: &Context) -> Result<(), TapeError> {
        for (levels, mut price) in [(&mut record.bids, context.bid.price), (&mut record.asks, context.ask.price)] {
            let count = self.number(Column::LevelCount)?;
            if count > MAX_LEVELS {
                return Err(TapeError::Corrupt("a level count"));
            }
            for _ in 0..count {
                price = self.price(Column::LevelPrice, price)?;
                levels.push(LevelChange { price, quantity: self.quantity(Column::LevelQuantity)? });
            }
        }
        Ok(())
    }

    fn book_id(&mut self, context: &mut Context) -> Result<u64, TapeError> {
        context.book_id = context.book_id.wrapping_add_signed(self.signed(Column::BookId)?);
        Ok(context.book_id)
    }

    fn venue_time(&mut self, record: &mut Record) -> Result<(), TapeError> {
        let offset = self.signed(Column::VenueTime)?;
        let millis = millis(record.venue_at).checked_add(offset).and_then(|millis| u64::try_from(millis).ok());
        match millis {
            Some(millis) if millis < u64::MAX / 4_000_000 => record.venue_at = Timestamp::from_millis(millis),
            _ => return Err(TapeError::Corrupt("a venue time")),
        }
        Ok(())
    }

    fn price(&mut self, column: Column, before: i64) -> Result<i64, TapeError> {
        let price = before.checked_add(self.signed(column)?);
        price.filter(|price| (1..=Step::MAX_COUNT).contains(price)).ok_or(TapeError::Corrupt("a price"))
    }

    fn quantity(&mut self, column: Column) -> Result<i64, TapeError> {
        let quantity = i64::try_from(self.number(column)?).ok();
        quantity.filter(|quantity| *quantity <= Step::MAX_COUNT).ok_or(TapeError::Corrupt("a quantity"))
    }

    fn byte(&mut self) -> Result<u8, TapeError> {
        self.next(Column::Kind)
    }

    fn next(&mut self, column: Column) -> Result<u8, TapeError> {
        let (at, end) = &mut self.columns[column as usize];
        let byte = self.bytes.get(*at).filter(|_| *at < *end).ok_or(TapeError::Corrupt("a column that ends too early"))?;
        *at += 1;
        Ok(*byte)
    }

    fn number(&mut self, column: Column) -> Result<u64, TapeError> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.next(column)?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                // The tenth byte holds only the topmost bit.
                return if shift == 63 && byte > 1 { Err(TapeError::Corrupt("a number")) } else { Ok(number) };
            }
        }
        Err(TapeError::Corrupt("a number"))
    }

    fn signed(&mut self, column: Column) -> Result<i64, TapeError> {
        let number = self.number(column)?;
        Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }
}
