//! What a revision is made of: one source file, or an entry and the files it requires. Checked once, hashed by one written
//! rule; bytes are never changed on the way to the disk.

use std::collections::BTreeMap;

use crate::base::Digest;

use super::selector::quoted;

/// Most files of one revision, the entry included: as many as a person can review.
pub const MAX_FILES: usize = 64;

/// The files of one revision. A byte order mark and line ends are kept as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    entry: String,
    files: BTreeMap<String, String>,
}

/// Why bytes are no source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// Not text that JavaScript could be.
    #[error("{file} is not a source: {reason}")]
    Text {
        /// Which file.
        file: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A file's name that could lead astray.
    #[error("file name `{given}` is not allowed: {reason}")]
    FileName {
        /// What was given, cut and escaped.
        given: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// More than is allowed.
    #[error("the source has {given} {unit}, at most {max} are allowed")]
    TooLarge {
        /// How much there is.
        given: usize,
        /// The limit.
        max: usize,
        /// Of what: `bytes` or `files`.
        unit: &'static str,
    },
}

impl Source {
    /// One file.
    ///
    /// # Errors
    /// [`SourceError::Text`] when it is empty, not UTF-8 or has a NUL.
    pub fn single(bytes: &[u8]) -> Result<Self, SourceError> {
        Ok(Self { entry: text("the source", bytes)?, files: BTreeMap::new() })
    }

    /// An entry and the files it may require, each under its path inside the revision, such as `lib/bands.js`.
    ///
    /// # Errors
    /// [`SourceError`] for a file that is no text, a path that is not plain, two paths that differ in case only, or too many.
    pub fn with_files<'a>(entry: &[u8], files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Result<Self, SourceError> {
        let mut source = Self::single(entry)?;
        let mut folded = std::collections::BTreeSet::new();
        for (path, bytes) in files {
            check_path(path)?;
            if !folded.insert(path.to_ascii_lowercase()) {
                return Err(SourceError::FileName { given: quoted(path), reason: "it is there twice, apart from its case" });
            }
            source.files.insert(path.to_owned(), text("a required file", bytes)?);
        }
        let count = source.files.len() + 1;
        if count > MAX_FILES {
            return Err(SourceError::TooLarge { given: count, max: MAX_FILES, unit: "files" });
        }
        Ok(source)
    }

    /// The file that is evaluated first.
    pub fn entry(&self) -> &str {
        &self.entry
    }

    /// What it may require, by path.
    pub fn files(&self) -> &BTreeMap<String, String> {
        &self.files
    }

    /// All bytes of all files.
    pub fn size_bytes(&self) -> usize {
        self.entry.len() + self.files.values().map(String::len).sum::<usize>()
    }

    /// The identity of the revision. Of one file: SHA-256 over its bytes. Of several: SHA-256 over the list
    /// `"\0sandpit revision 1\n" "<hex of the entry>\n" ("<hex> <path>\n")*`, sorted by path. No single file begins with a NUL, so
    /// the two cannot be mistaken for one another.
    pub fn digest(&self) -> Digest {
        if self.files.is_empty() {
            return Digest::of(self.entry.as_bytes());
        }
        let mut list = format!("\0sandpit revision 1\n{}\n", Digest::of(self.entry.as_bytes()).hex());
        for (path, content) in &self.files {
            list.push_str(&format!("{} {path}\n", Digest::of(content.as_bytes()).hex()));
        }
        Digest::of(list.as_bytes())
    }
}

fn text(file: &'static str, bytes: &[u8]) -> Result<String, SourceError> {
    let refuse = |reason: String| SourceError::Text { file, reason };
    let text = std::str::from_utf8(bytes)
        .map_err(|error| refuse(format!("byte {} is not valid UTF-8; save it as UTF-8", error.valid_up_to())))?;
    if let Some(at) = text.find('\0') {
        return Err(refuse(format!("byte {at} is NUL")));
    }
    if text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}').is_empty() {
        return Err(refuse("it is blank".to_owned()));
    }
    Ok(text.to_owned())
}

/// Plain segments only, so that the same path means the same file on every system.
pub(super) fn check_path(path: &str) -> Result<(), SourceError> {
    let refuse = |reason| SourceError::FileName { given: quoted(path), reason };
    let plain = |part: &str| {
        part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
            && part.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_')
            && !part.ends_with('.')
    };
    if path.len() > 128 || path.split('/').count() > 8 {
        return Err(refuse("at most 128 characters and 8 segments"));
    }
    if !path.split('/').all(plain) {
        return Err(refuse("segments of letters, digits, `.`, `_` and `-` beginning with a letter, digit or `_`, joined by `/`"));
    }
    if !path.ends_with(".js") && !path.ends_with(".json") {
        return Err(refuse("it must end in .js or .json"));
    }
    Ok(())
}

/// Checks the name under which an author uploads a single file; it is only used in diagnostics.
///
/// # Errors
/// [`SourceError::FileName`].
pub fn check_file_name(name: &str) -> Result<(), SourceError> {
    if name.contains('/') {
        return Err(SourceError::FileName { given: quoted(name), reason: "a file name has no `/`" });
    }
    check_path(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_kept_and_hashed_as_they_are() {
        for text in ["x\r\ny", "\u{feff}x", "x", "x\n"] {
            let source = Source::single(text.as_bytes()).unwrap();
            assert_eq!((source.entry(), source.digest()), (text, Digest::of(text.as_bytes())));
        }
        let utf16: Vec<u8> = "x = 1".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bad in [b"".as_slice(), b" \r\n", b"\xef\xbb\xbf", b"\xff\xfe", b"a\xc3", b"a\0b", &utf16] {
            assert!(Source::single(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_hash_of_several_files_depends_on_every_byte_and_path_only() {
        let of = |entry: &str, files: &[(&str, &str)]| {
            Source::with_files(entry.as_bytes(), files.iter().map(|(path, text)| (*path, text.as_bytes()))).unwrap().digest()
        };
        let one = of("e", &[("a.js", "1"), ("b.js", "2")]);
        assert_eq!(one, of("e", &[("b.js", "2"), ("a.js", "1")]));
        let others = [
            of("e", &[("a.js", "1")]),
            of("e", &[("a.js", "2"), ("b.js", "1")]),
            of("f", &[("a.js", "1"), ("b.js", "2")]),
            of("e", &[("a.js", "1"), ("c.js", "2")]),
            of("e", &[]),
        ];
        assert!(!others.contains(&one));
        let list = format!("\0sandpit revision 1\n{}\n{} a.js\n", Digest::of(b"e").hex(), Digest::of(b"1").hex());
        assert_eq!(of("e", &[("a.js", "1")]), Digest::of(list.as_bytes()), "the rule as documented");
    }

    #[test]
    fn paths_stay_inside() {
        for good in ["a.js", "lib/b.js", "_x/y-z.1.json", "A.js"] {
            assert_eq!(check_path(good), Ok(()), "{good}");
        }
        let bad = [
            "",
            ".",
            "..",
            "../a.js",
            "a/../b.js",
            "/a.js",
            "a//b.js",
            "a\\b.js",
            "a.js/",
            ".a.js",
            "a.txt",
            "a",
            "a.js\0",
            "a\n.js",
            "ä.js",
            "a ./b.js",
            "a./b.js",
            "-a.js",
            "1/2/3/4/5/6/7/8/9.js",
            &format!("{}.js", "a".repeat(126)),
        ];
        for path in bad {
            assert!(check_path(path).is_err(), "{path:?}");
            assert!(Source::with_files(b"x", [(path, b"y".as_slice())]).is_err(), "{path:?}");
        }
        assert!(Source::with_files(b"x", [("a.js", b"y".as_slice()), ("A.js", b"y")]).is_err());
        assert!(check_file_name("lib/a.js").is_err() && check_file_name("a.js").is_ok());
    }
}
