//! Writes a tape.

use std::io::Write;

use super::codec::{BLOCK_BYTES, BLOCK_RECORDS, ColumnWriter, Context};
use super::record::{Body, Record};
use super::{MAGIC, TapeError, TapeHeader, WINDOW_LOG};
use crate::base::Digest;

/// Takes records in the order of their receive times and keeps them compressed in memory; the header comes first in the file
/// and tells their number and digest, so nothing is written before the end.
pub struct TapeWriter {
    header: TapeHeader,
    context: Context,
    block: ColumnWriter,
    plain: Vec<u8>,
    body: zstd::Encoder<'static, Vec<u8>>,
}

/// The best that needs no more memory to read than the default: a tape is written once and read for ever.
const LEVEL: i32 = 19;

impl TapeWriter {
    /// Of a header in which all is filled in but `end`, `records` and `body`; `end` must not be before the last record.
    ///
    /// # Errors
    /// [`TapeError::Io`] when there is no memory for the compressor.
    pub fn new(header: TapeHeader) -> Result<Self, TapeError> {
        Self::at_level(header, LEVEL)
    }

    /// The same with another effort of the compressor, 1 to 19.
    pub(super) fn at_level(header: TapeHeader, level: i32) -> Result<Self, TapeError> {
        let mut body = zstd::Encoder::new(Vec::new(), level)?;
        body.window_log(WINDOW_LOG)?;
        let context = Context::new(&header);
        Ok(Self { header, context, block: ColumnWriter::default(), plain: Vec::new(), body })
    }

    /// Adds a record.
    ///
    /// # Errors
    /// [`TapeError::Unwritable`] when it cannot follow the one before.
    pub fn push(&mut self, record: &Record) -> Result<(), TapeError> {
        self.block.put(record, &mut self.context)?;
        let counts = &mut self.header.records;
        match record.body {
            Body::Snapshot { .. } => counts.snapshots += 1,
            Body::Depth { .. } => counts.depths += 1,
            Body::Best { .. } => counts.bests += 1,
            Body::Trade { .. } => counts.trades += 1,
        }
        // Half of what a reader accepts: the record that passes the mark is in it already.
        if self.block.records == BLOCK_RECORDS || self.block.bytes() > BLOCK_BYTES / 2 {
            self.end_block()?;
        }
        Ok(())
    }

    fn end_block(&mut self) -> Result<(), TapeError> {
        self.plain.clear();
        self.block.drain_into(&mut self.plain);
        Ok(self.body.write_all(&self.plain)?)
    }

    /// Writes the whole tape and returns its header.
    ///
    /// # Errors
    /// [`TapeError`] when there is nothing in it or `out` fails.
    pub fn finish(mut self, out: &mut impl Write) -> Result<TapeHeader, TapeError> {
        if self.block.records > 0 {
            self.end_block()?;
        }
        let body = self.body.finish()?;
        self.header.body.bytes = body.len() as u64;
        self.header.body.digest = Digest::of(&body);
        self.header.check()?;
        let header = serde_json::to_vec(&self.header).map_err(|_| TapeError::Unwritable("the header"))?;
        let length = u32::try_from(header.len()).map_err(|_| TapeError::Unwritable("the header"))?;
        out.write_all(MAGIC)?;
        out.write_all(&length.to_le_bytes())?;
        out.write_all(&header)?;
        out.write_all(Digest::of(&header).as_bytes())?;
        out.write_all(&body)?;
        out.flush()?;
        Ok(self.header)
    }
}
