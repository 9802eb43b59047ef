//! Tapes: what a venue sent, as it was received, to be played again. One instrument on each.
//!
//! A tape is a file of four parts: the eight bytes `sandtape`; the length of the header (four bytes, low first) and the header, JSON;
//! the SHA-256 of the header; and the records, one zstd frame whose length and SHA-256 the header tells. `codec` says what
//! is in the frame. Knows nothing of who plays it.

mod codec;
mod cut;
pub mod header;
pub mod import;
pub mod reader;
pub mod record;
pub mod writer;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use sha2::Digest as _;

pub use header::{BodyDigest, RecordCounts, TapeHeader, Thinned};
pub use import::{ImportError, ImportOptions, import};
pub use reader::TapeReader;
pub use record::{Body, Record};
pub use writer::TapeWriter;

use crate::base::Digest;

const MAGIC: &[u8; 8] = b"sandtape";
/// 8 MiB: what a reader must hold to decompress.
const WINDOW_LOG: u32 = 23;
/// A header is about one KiB.
const MAX_HEADER_BYTES: u32 = 64 << 10;
const DIGEST_BYTES: usize = 32;

/// The tapes in the binary: real recordings of Binance spot, six minutes of 8 August 2024.
const EMBEDDED: [(&str, &[u8]); 2] = [
    ("btcusdt-20240808", include_bytes!("../../../tapes/btcusdt-20240808.tape")),
    ("ethusdt-20240808", include_bytes!("../../../tapes/ethusdt-20240808.tape")),
];

/// Why a tape cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum TapeError {
    /// No such tape.
    #[error("tape `{asked}` is neither a file nor one of the built-in tapes ({})", Tape::embedded().collect::<Vec<_>>().join(", "))]
    NotFound {
        /// What was asked for.
        asked: String,
    },
    /// The file could not be read or written.
    #[error("tape: {0}")]
    Io(#[from] std::io::Error),
    /// Something else than a tape.
    #[error("not a tape: make one with `sandpit tape import`")]
    NotATape,
    /// A tape of another time.
    #[error("the tape's format is {found}; this program reads format {}: import the recording again", header::FORMAT)]
    Format {
        /// What the tape says.
        found: u32,
    },
    /// The tape is damaged, or made to look like one.
    #[error("the tape is damaged: {0} cannot be right")]
    Corrupt(&'static str),
    /// A recording of another kind than a tape cannot be read.
    #[error(transparent)]
    Other(Box<dyn std::error::Error + Send + Sync>),
    /// What was to be written does not fit the format.
    #[error("the tape cannot be written: {0}")]
    Unwritable(&'static str),
}

/// An opened tape: its header is read and its checksums hold. Cheap to clone; may be read many times.
#[derive(Clone, Debug)]
pub struct Tape {
    header: TapeHeader,
    source: TapeSource,
    body_offset: u64,
}

#[derive(Clone, Debug)]
enum TapeSource {
    Embedded(&'static [u8]),
    File(PathBuf),
}

impl Tape {
    /// The names of the tapes in the binary.
    pub fn embedded() -> impl Iterator<Item = &'static str> {
        EMBEDDED.iter().map(|(name, _)| *name)
    }

    /// One of the built-in tapes by its name, any other by the path of its file. Reads the whole file once, for its checksum.
    ///
    /// # Errors
    /// [`TapeError`] when there is none, or it is not whole.
    pub fn open(name_or_path: &str) -> Result<Self, TapeError> {
        if let Some((_, bytes)) = EMBEDDED.iter().find(|(name, _)| *name == name_or_path) {
            return Self::check(TapeSource::Embedded(bytes));
        }
        let path = Path::new(name_or_path);
        if !path.is_file() {
            return Err(TapeError::NotFound { asked: name_or_path.chars().take(200).flat_map(char::escape_debug).collect() });
        }
        Self::check(TapeSource::File(path.to_owned()))
    }

    /// What the tape is about.
    pub fn header(&self) -> &TapeHeader {
        &self.header
    }

    /// Begins to read its records.
    ///
    /// # Errors
    /// [`TapeError::Io`] when the file is gone.
    pub fn reader(&self) -> Result<TapeReader, TapeError> {
        TapeReader::new(&self.header, self.source.open(self.body_offset)?)
    }

    fn check(source: TapeSource) -> Result<Self, TapeError> {
        let mut file = source.open(0)?;
        let mut magic = [0; MAGIC.len()];
        let mut length = [0; 4];
        if file.read_exact(&mut magic).is_err() || magic != *MAGIC || file.read_exact(&mut length).is_err() {
            return Err(TapeError::NotATape);
        }
        let length = u32::from_le_bytes(length);
        if length > MAX_HEADER_BYTES {
            return Err(TapeError::Corrupt("the length of the header"));
        }
        let mut header = Vec::new();
        file.by_ref().take(length.into()).read_to_end(&mut header)?;
        let mut digest = [0; DIGEST_BYTES];
        if file.read_exact(&mut digest).is_err() || digest != *Digest::of(&header).as_bytes() {
            return Err(TapeError::Corrupt("the checksum of the header"));
        }
        // The version is looked at first: a later format may have another header.
        let version = serde_json::from_slice::<FormatOnly>(&header).map_err(|_| TapeError::Corrupt("the header"))?;
        if version.format != header::FORMAT {
            return Err(TapeError::Format { found: version.format });
        }
        let header: TapeHeader = serde_json::from_slice(&header).map_err(|_| TapeError::Corrupt("the header"))?;
        header.check()?;
        check_body(&header, &mut *file)?;
        let body_offset = (MAGIC.len() + 4 + DIGEST_BYTES) as u64 + u64::from(length);
        Ok(Self { header, source, body_offset })
    }
}

#[derive(serde::Deserialize)]
struct FormatOnly {
    format: u32,
}

fn check_body(header: &TapeHeader, file: &mut dyn Read) -> Result<(), TapeError> {
    let mut hasher = sha2::Sha256::new();
    let mut buffer = [0; 16 << 10];
    let mut bytes: u64 = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hasher.update(&buffer[..read]);
        bytes = bytes.saturating_add(read as u64);
    }
    let digest: [u8; DIGEST_BYTES] = hasher.finalize().into();
    if bytes != header.body.bytes || digest != *header.body.digest.as_bytes() {
        return Err(TapeError::Corrupt("the checksum of the records"));
    }
    Ok(())
}

impl TapeSource {
    fn open(&self, offset: u64) -> Result<Box<dyn Read + Send>, TapeError> {
        match self {
            Self::Embedded(bytes) => {
                let offset = usize::try_from(offset).unwrap_or(usize::MAX);
                Ok(Box::new(bytes.get(offset..).unwrap_or_default()))
            }
            Self::File(path) => {
                let mut file = File::open(path)?;
                file.seek(SeekFrom::Start(offset))?;
                Ok(Box::new(file))
            }
        }
    }
}
