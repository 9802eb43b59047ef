//! A data file as rows of bytes: opened, unpacked, split into fields, in memory that does not grow with it.

use std::fs::File;
use std::io::{self, Read, Seek as _};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::Digest as _;

use super::error::{CsvError, quoted};
use super::layout::Layout;
use super::lines::Lines;
use crate::base::Digest;

const BUFFER_BYTES: usize = 128 << 10;
/// 128 MiB: what a reader of a zstd file holds at most.
const WINDOW_LOG_MAX: u32 = 27;

/// One pass over a file. The header, where there is one, is not among its rows.
pub(super) struct Rows {
    file: Arc<str>,
    lines: Lines,
    layout: Arc<Layout>,
    /// The first row is a row of data and was not taken yet.
    first_waits: bool,
}

/// A value that is not allowed: in which column, and what is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flaw {
    pub(super) column: usize,
    pub(super) allowed: &'static str,
}

impl Rows {
    /// Reads the beginning of a file, and what its columns mean.
    pub(super) fn open(file: &Arc<str>, path: &Path, hash: Option<&Hash>) -> Result<Self, CsvError> {
        let read = |error: io::Error| CsvError::Read { file: file.to_string(), error };
        let raw = unpacked(file, path, hash).map_err(|error| match error {
            Unpack::Io(error) => read(error),
            Unpack::Other(error) => error,
        })?;
        let lines = Lines::new(raw);
        let mut rows = Self { file: Arc::clone(file), lines, layout: Arc::new(Layout::none()), first_waits: false };
        if !rows.fetch()? {
            return Err(CsvError::file(file, "it is empty"));
        }
        let first: csv::ByteRecord = (0..rows.lines.len()).map(|column| rows.lines.value(column)).collect();
        rows.layout = Arc::new(Layout::of(file, &first)?);
        rows.first_waits = !rows.layout.headed;
        Ok(rows)
    }

    pub(super) fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    pub(super) fn file(&self) -> &str {
        &self.file
    }

    /// Moves on to the next row; false at the end.
    pub(super) fn advance(&mut self) -> Result<bool, CsvError> {
        if !std::mem::take(&mut self.first_waits) && !self.fetch()? {
            return Ok(false);
        }
        let (has, wants) = (self.lines.len(), self.layout.names.len());
        if has != wants {
            let problem = format!("it has {has} values where there are {wants} columns ({})", self.layout.names.join(","));
            return Err(CsvError::row(&self.file, self.line(), problem));
        }
        Ok(true)
    }

    /// A value of the row; empty for a column that it has not.
    pub(super) fn value(&self, column: usize) -> &[u8] {
        self.lines.value(column)
    }

    /// The line that the row begins at.
    pub(super) fn line(&self) -> u64 {
        self.lines.line()
    }

    /// The same with the place and what stands there.
    pub(super) fn refuse(&self, flaw: Flaw) -> CsvError {
        CsvError::Value {
            file: self.file.to_string(),
            line: self.line(),
            column: self.layout.names.get(flaw.column).cloned().unwrap_or_default(),
            given: quoted(self.value(flaw.column)),
            allowed: flaw.allowed,
        }
    }

    fn fetch(&mut self) -> Result<bool, CsvError> {
        self.lines.advance().map_err(|error| match error.into_kind() {
            csv::ErrorKind::Io(error) => CsvError::Read { file: self.file.to_string(), error },
            other => CsvError::row(&self.file, self.lines.line(), format!("{other:?}")),
        })
    }
}

enum Unpack {
    Io(io::Error),
    Other(CsvError),
}

impl From<io::Error> for Unpack {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The text of a file, which may be packed by gzip or zstd: its first bytes say so.
fn unpacked(name: &str, path: &Path, hash: Option<&Hash>) -> Result<Box<dyn Read + Send>, Unpack> {
    let mut file = File::open(path)?;
    let mut magic = [0; 4];
    let mut known = 0;
    while known < magic.len() {
        match file.read(&mut magic[known..])? {
            0 => break,
            read => known += read,
        }
    }
    file.rewind()?;
    let raw: Box<dyn Read + Send> = match hash {
        Some(hash) => Box::new(Hashed { file, hash: hash.clone() }),
        None => Box::new(file),
    };
    Ok(match magic {
        [0x1f, 0x8b, ..] => Box::new(flate2::read::MultiGzDecoder::new(io::BufReader::with_capacity(BUFFER_BYTES, raw))),
        [0x28, 0xb5, 0x2f, 0xfd] => {
            let mut decoder = zstd::Decoder::new(raw)?;
            decoder.window_log_max(WINDOW_LOG_MAX)?;
            Box::new(decoder)
        }
        [b'P', b'K', ..] => return Err(Unpack::Other(CsvError::file(name, "it is a zip archive: unpack it first"))),
        _ => raw,
    })
}

/// The SHA-256 of a file's bytes, taken while they are read.
#[derive(Clone, Default)]
pub(super) struct Hash(Arc<Mutex<(sha2::Sha256, u64)>>);

impl Hash {
    /// Of all bytes and how many; what was not read of the file after its last row is read now.
    pub(super) fn finish(self, rows: Rows) -> Result<(Digest, u64), CsvError> {
        let Rows { file, lines, .. } = rows;
        let mut rest = lines.into_rest();
        io::copy(&mut rest, &mut io::sink()).map_err(|error| CsvError::Read { file: file.to_string(), error })?;
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok((Digest::from_bytes(state.0.finalize().into()), state.1))
    }
}

struct Hashed {
    file: File,
    hash: Hash,
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        let mut state = self.hash.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.0.update(&buffer[..read]);
        state.1 += read as u64;
        Ok(read)
    }
}
