//! A text as rows of fields. Plain lines, of which nearly all data consists, are split here where they lie in the buffer; from the
//! first line with a quote or an unusual line break on the library does it, which knows all of the format and copies each field.

use std::io::{self, Chain, Cursor, Read};

/// What is read at once; a longer line makes it larger.
const BUFFER_BYTES: usize = 128 << 10;
const MARK: &[u8] = b"\xef\xbb\xbf";

type Input = Box<dyn Read + Send>;

/// One pass over a text. Blank lines are no rows.
pub(super) struct Lines {
    split: Split,
    /// Of the row, from 1.
    line: u64,
}

enum Split {
    Here(Plain),
    ByLibrary(Box<Quoted>),
}

/// The part of the text that is in memory, and where its row lies in it.
struct Plain {
    input: Input,
    buffer: Vec<u8>,
    filled: usize,
    /// Nothing follows what is filled.
    ended: bool,
    /// Where the row begins.
    start: usize,
    /// Behind each of its fields.
    ends: Vec<usize>,
    /// Where the next row begins.
    next: usize,
    /// Lines before that.
    lines: u64,
}

struct Quoted {
    reader: csv::Reader<Chain<Cursor<Vec<u8>>, Input>>,
    row: csv::ByteRecord,
    /// Lines before the first of the reader.
    before: u64,
}

/// What came of looking for a row.
enum Found {
    Row,
    End,
    /// It is not plain.
    Other,
}

impl Lines {
    /// At the beginning of a text.
    pub(super) fn new(input: Input) -> Self {
        let plain = Plain {
            input,
            buffer: vec![0; BUFFER_BYTES],
            filled: 0,
            ended: false,
            start: 0,
            ends: Vec::new(),
            next: 0,
            lines: 0,
        };
        Self { split: Split::Here(plain), line: 0 }
    }

    /// Moves on to the next row; false at the end.
    pub(super) fn advance(&mut self) -> Result<bool, csv::Error> {
        if let Split::Here(plain) = &mut self.split {
            match plain.advance()? {
                Found::Row => {
                    self.line = plain.lines;
                    return Ok(true);
                }
                Found::End => return Ok(false),
                Found::Other => self.split = Split::ByLibrary(Box::new(plain.quoted())),
            }
        }
        let Split::ByLibrary(quoted) = &mut self.split else { return Ok(false) };
        let more = quoted.reader.read_byte_record(&mut quoted.row)?;
        self.line = quoted.before + quoted.row.position().map_or(0, csv::Position::line);
        Ok(more)
    }

    /// Fields of the row.
    pub(super) fn len(&self) -> usize {
        match &self.split {
            Split::Here(plain) => plain.ends.len(),
            Split::ByLibrary(quoted) => quoted.row.len(),
        }
    }

    /// A field of the row; empty for one that it has not.
    pub(super) fn value(&self, column: usize) -> &[u8] {
        match &self.split {
            Split::Here(plain) => plain.value(column),
            Split::ByLibrary(quoted) => quoted.row.get(column).unwrap_or_default(),
        }
    }

    /// The line that the row begins at, from 1; after an error, the line that could not be read.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// What was not read of the text.
    pub(super) fn into_rest(self) -> Input {
        match self.split {
            Split::Here(plain) => plain.input,
            Split::ByLibrary(quoted) => quoted.reader.into_inner().into_inner().1,
        }
    }
}

impl Plain {
    fn advance(&mut self) -> io::Result<Found> {
        loop {
            self.start = self.next;
            let Some((end, next)) = self.scan() else {
                if !self.ended {
                    self.fill()?;
                    continue;
                }
                if self.start == self.filled {
                    return Ok(Found::End);
                }
                // The last line, which no break ends.
                (self.next, self.lines) = (self.filled, self.lines + 1);
                self.ends.push(self.filled);
                return Ok(Found::Row);
            };
            if next == self.start {
                return Ok(Found::Other);
            }
            (self.next, self.lines) = (next, self.lines + 1);
            if end > self.start {
                self.ends.push(end);
                return Ok(Found::Row);
            }
        }
    }

    /// Finds the ends of all fields but the last. The end of the line and the beginning of the next one; that of this one again
    /// when it is not plain; none when its end is not in memory.
    fn scan(&mut self) -> Option<(usize, usize)> {
        self.ends.clear();
        for (place, byte) in (self.start..).zip(&self.buffer[self.start..self.filled]) {
            match byte {
                b',' => self.ends.push(place),
                b'\n' => return Some((place, place + 1)),
                b'\r' => {
                    return match self.buffer[..self.filled].get(place + 1) {
                        Some(b'\n') => Some((place, place + 2)),
                        None if !self.ended => None,
                        _ => Some((place, self.start)),
                    };
                }
                b'"' => return Some((place, self.start)),
                _ => {}
            }
        }
        None
    }

    /// Reads on, keeping the row that has begun.
    fn fill(&mut self) -> io::Result<()> {
        self.buffer.copy_within(self.start..self.filled, 0);
        (self.filled, self.start, self.next) = (self.filled - self.start, 0, 0);
        if self.filled == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let first = self.lines == 0 && self.filled == 0;
        loop {
            match self.input.read(&mut self.buffer[self.filled..]) {
                Ok(0) => self.ended = true,
                Ok(read) => self.filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            if !first || self.ended || self.filled >= MARK.len() {
                break;
            }
        }
        if first && self.buffer[..self.filled].starts_with(MARK) {
            self.next = MARK.len();
        }
        Ok(())
    }

    fn value(&self, column: usize) -> &[u8] {
        let Some(end) = self.ends.get(column) else { return &[] };
        let start = column.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(self.start, |end| end + 1);
        &self.buffer[start..*end]
    }

    /// The rest of the text, from the row that is not plain on.
    fn quoted(&mut self) -> Quoted {
        let known = self.buffer[self.start..self.filled].to_vec();
        let input = std::mem::replace(&mut self.input, Box::new(io::empty()));
        let text = Cursor::new(known).chain(input);
        let reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).buffer_capacity(BUFFER_BYTES).from_reader(text);
        Quoted { reader, row: csv::ByteRecord::new(), before: self.lines }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Gives a few bytes at a time.
    struct Drops(Cursor<Vec<u8>>, usize);

    impl Read for Drops {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let most = buffer.len().min(self.1);
            self.0.read(&mut buffer[..most])
        }
    }

    fn rows(text: &[u8], drops: usize) -> Vec<Vec<Vec<u8>>> {
        let mut lines = Lines::new(Box::new(Drops(Cursor::new(text.to_vec()), drops)));
        let mut rows = Vec::new();
        while lines.advance().unwrap() {
            rows.push((0..lines.len()).map(|column| lines.value(column).to_vec()).collect());
        }
        rows
    }

    fn by_library(text: &[u8]) -> Vec<Vec<Vec<u8>>> {
        let reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text);
        reader.into_byte_records().map(|row| row.unwrap().iter().map(<[u8]>::to_vec).collect()).collect()
    }

    proptest! {
        #[test]
        fn every_text_is_read_as_by_the_library(
            parts in prop::collection::vec(prop::sample::select(vec!["1", "23.5", "a", ",", ",", "\n", "\n", "\r\n", "\r", "\"", " "]), 0..60),
            mark: bool,
            drops in 1..20_usize,
        ) {
            let text = if mark { "\u{feff}".to_owned() } else { String::new() } + &parts.concat();
            prop_assert_eq!(rows(text.as_bytes(), drops), by_library(text.as_bytes()));
        }

        #[test]
        fn plain_texts_are_read_as_by_the_library(
            parts in prop::collection::vec(prop::sample::select(vec!["1", "23.5", "", ",", "\n", "\r\n"]), 0..60),
            drops in 1..20_usize,
        ) {
            prop_assert_eq!(rows(parts.concat().as_bytes(), drops), by_library(parts.concat().as_bytes()));
        }
    }

    #[test]
    fn rows_know_their_lines() {
        let mut lines = Lines::new(Box::new(&b"a,b\n\n1,2\r\n\"3\n\",4\n5,6"[..]));
        let mut seen = Vec::new();
        while lines.advance().unwrap() {
            seen.push((lines.line(), String::from_utf8(lines.value(1).to_vec()).unwrap()));
        }
        let expected = [(1, "b"), (3, "2"), (4, "4"), (6, "6")].map(|(line, value)| (line, value.to_owned()));
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_line_may_be_longer_than_what_is_read_at_once() {
        let long = "7".repeat(3 * BUFFER_BYTES);
        let text = format!("1,{long}\n2,8\n");
        assert_eq!(rows(text.as_bytes(), usize::MAX), by_library(text.as_bytes()));
    }
}
