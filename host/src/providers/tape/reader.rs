//! Reads a tape record by record, in memory that does not grow with the tape.

use std::io::{BufReader, Read};

use super::codec::{BLOCK_BYTES, BLOCK_RECORDS, COLUMNS, ColumnReader, Context};
use super::record::Record;
use super::{TapeError, TapeHeader, WINDOW_LOG};

type Source = Box<dyn Read + Send>;

/// One pass over a tape.
pub struct TapeReader {
    body: zstd::Decoder<'static, BufReader<Source>>,
    context: Context,
    block: ColumnReader,
    in_block: u32,
    /// Records that the header promises and that have not been read.
    left: u64,
}

impl TapeReader {
    /// Of a body that stands at its beginning.
    pub(super) fn new(header: &TapeHeader, body: Source) -> Result<Self, TapeError> {
        let mut body = zstd::Decoder::new(body)?.single_frame();
        body.window_log_max(WINDOW_LOG)?;
        let context = Context::new(header);
        Ok(Self { body, context, block: ColumnReader::default(), in_block: 0, left: header.records.total() })
    }

    /// Reads the next record into `record`; false at the end of the tape, which then is left as it was.
    ///
    /// # Errors
    /// [`TapeError`] when the bytes are not what the writer writes. Nothing can be read after that.
    pub fn read(&mut self, record: &mut Record) -> Result<bool, TapeError> {
        if self.left == 0 {
            return self.finish();
        }
        if self.in_block == 0 {
            self.begin_block()?;
        }
        self.block.take(record, &mut self.context)?;
        self.in_block -= 1;
        self.left -= 1;
        if self.in_block == 0 && !self.block.is_spent() {
            return Err(TapeError::Corrupt("a column that does not end with its block"));
        }
        Ok(true)
    }

    fn begin_block(&mut self) -> Result<(), TapeError> {
        let mut head = [0; 4 * (1 + COLUMNS)];
        self.fill(&mut head)?;
        let word =
            |place: usize| u32::from_le_bytes([head[place * 4], head[place * 4 + 1], head[place * 4 + 2], head[place * 4 + 3]]);
        let mut lengths = [0; COLUMNS];
        for (place, length) in lengths.iter_mut().enumerate() {
            *length = usize::try_from(word(place + 1)).unwrap_or(usize::MAX).min(BLOCK_BYTES + 1);
        }
        let bytes: usize = lengths.iter().sum();
        let records = word(0);
        if bytes > BLOCK_BYTES || !(1..=BLOCK_RECORDS).contains(&records) || u64::from(records) > self.left {
            return Err(TapeError::Corrupt("the head of a block"));
        }
        let mut buffer = std::mem::take(&mut self.block.bytes);
        buffer.resize(bytes, 0);
        self.fill(&mut buffer)?;
        self.block.bytes = buffer;
        self.block.begin(&lengths);
        self.in_block = records;
        Ok(())
    }

    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), TapeError> {
        self.body.read_exact(buffer).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => TapeError::Corrupt("records that end too early"),
            _ => error.into(),
        })
    }

    fn finish(&mut self) -> Result<bool, TapeError> {
        match self.body.read(&mut [0])? {
            0 => Ok(false),
            _ => Err(TapeError::Corrupt("bytes after the last record")),
        }
    }
}
