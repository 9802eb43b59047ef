//! The beginning of a tape, as a tape of its own. Knows nothing of what it is wanted for.

use std::io::Write;
use std::time::Duration;

use super::{BodyDigest, Record, RecordCounts, Tape, TapeError, TapeHeader, TapeWriter};
use crate::base::{Digest, Timestamp};

impl Tape {
    /// Writes what was received up to `length` after the first record as a tape called `name`, and returns its header. The same tape and
    /// length give the same bytes.
    ///
    /// # Errors
    /// [`TapeError`] when this tape is not whole, the name is longer than 128 bytes, or `out` fails.
    pub fn cut(&self, length: Duration, name: &str, out: &mut impl Write) -> Result<TapeHeader, TapeError> {
        let nanos = u64::try_from(length.as_nanos()).unwrap_or(u64::MAX);
        let until = Timestamp::from_nanos(self.header().start.as_nanos().saturating_add(nanos));
        let header = TapeHeader {
            name: name.to_owned(),
            end: self.last_before(until)?,
            records: RecordCounts::default(),
            body: BodyDigest { bytes: 0, digest: Digest::of(&[]) },
            ..self.header().clone()
        };
        let mut writer = TapeWriter::new(header)?;
        self.each_until(until, |record| writer.push(record))?;
        writer.finish(out)
    }

    /// When the last record was received that is on the tape at this moment.
    fn last_before(&self, until: Timestamp) -> Result<Timestamp, TapeError> {
        let mut last = self.header().start;
        self.each_until(until, |record| {
            last = record.received_at;
            Ok(())
        })?;
        Ok(last)
    }

    fn each_until(&self, until: Timestamp, mut take: impl FnMut(&Record) -> Result<(), TapeError>) -> Result<(), TapeError> {
        let mut reader = self.reader()?;
        let mut record = Record::default();
        while reader.read(&mut record)? && record.received_at <= until {
            take(&record)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(seconds: u64) -> (TapeHeader, Vec<u8>) {
        let mut bytes = Vec::new();
        let tape = Tape::open("btcusdt-20240808").unwrap();
        let header = tape.cut(Duration::from_secs(seconds), "beginning", &mut bytes).unwrap();
        (header, bytes)
    }

    #[test]
    fn the_beginning_is_a_tape_of_the_same_records() {
        let (header, bytes) = cut(20);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("beginning.tape");
        std::fs::write(&path, &bytes).unwrap();
        let (whole, beginning) = (Tape::open("btcusdt-20240808").unwrap(), Tape::open(path.to_str().unwrap()).unwrap());
        assert_eq!((beginning.header(), header.name.as_str()), (&header, "beginning"));
        assert_eq!((header.start, &header.instrument), (whole.header().start, &whole.header().instrument));
        let (mut all, mut some) = (whole.reader().unwrap(), beginning.reader().unwrap());
        let (mut expected, mut found) = (Record::default(), Record::default());
        let mut count = 0;
        while some.read(&mut found).unwrap() {
            assert!(all.read(&mut expected).unwrap());
            assert_eq!(found, expected);
            count += 1;
        }
        assert_eq!(count, header.records.total());
        assert_eq!(found.received_at, header.end);
        assert!(all.read(&mut expected).unwrap() && expected.received_at.since(header.start) > Duration::from_secs(20));
    }

    #[test]
    fn the_same_cut_gives_the_same_bytes_and_more_than_there_is_gives_all() {
        assert_eq!(cut(5).1, cut(5).1);
        assert_eq!(cut(100_000).0.records, Tape::open("btcusdt-20240808").unwrap().header().records);
        assert_eq!((cut(0).0.start, cut(0).0.records.snapshots), (cut(0).0.end, 1), "what came at the first moment");
    }
}
