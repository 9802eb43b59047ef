//! What an author hands in: one or several text files, and the digest that names them for ever.

use std::fmt::Write as _;

use crate::base::Digest;

/// Most bytes of all files of a source together. Parsing this much stays far below the fuel of a load.
pub const SOURCE_BYTES: usize = 256 << 10;

/// Most files of a source.
const SOURCE_FILES: usize = 64;

/// One file as it was handed in.
#[derive(Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Relative, with `/`, made of segments of `[A-Za-z0-9._-]` that do not begin with a dot.
    pub path: String,
    /// The raw bytes: UTF-8, a byte order mark at the beginning included.
    pub bytes: Vec<u8>,
}

/// A checked source. Immutable.
#[derive(Clone)]
pub struct Source {
    entry: usize,
    files: Vec<SourceFile>,
    digest: Digest,
}

/// Why something is not a source. The sender's mistake, not the author's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// More than the limit.
    #[error("the source is {0} bytes: at most {SOURCE_BYTES} are compiled")]
    TooLarge(usize),
    /// Nothing in it.
    #[error("the source is empty")]
    Empty,
    /// More files than the limit.
    #[error("the source has {0} files: at most {SOURCE_FILES} are compiled")]
    TooManyFiles(usize),
    /// Bytes that are not text.
    #[error("{path} is not UTF-8 text (byte {at}): JavaScript source is expected, not bytecode or WebAssembly")]
    NotText {
        /// The file.
        path: String,
        /// The first byte that is wrong.
        at: usize,
    },
    /// A path that is not allowed.
    #[error(
        "file path `{0}` is not allowed: relative, with `/`, segments of letters, digits, `.`, `_` and `-` that do not begin with a dot"
    )]
    Path(String),
    /// The same path twice.
    #[error("file path `{0}` is there twice")]
    Repeated(String),
    /// The entry is not among the files.
    #[error("the entry file `{0}` is not among the files")]
    NoEntry(String),
}

impl Source {
    /// A source of one file. Its digest is the SHA-256 of the raw bytes.
    ///
    /// # Errors
    /// [`SourceError`] when it is no text, too large, or the path is not allowed.
    pub fn single(path: &str, bytes: impl Into<Vec<u8>>) -> Result<Self, SourceError> {
        let bytes = bytes.into();
        let digest = Digest::of(&bytes);
        let files = vec![SourceFile { path: path.to_owned(), bytes }];
        check(&files)?;
        Ok(Self { entry: 0, files, digest })
    }

    /// A source of several files, one of which exports the strategy. Its digest is the SHA-256 of the line `entry <path>\n`
    /// (the same files with another entry are another strategy) and the lines `<path> sha256:<hex>\n`, sorted by path. A
    /// single file has the digest that it has alone.
    ///
    /// # Errors
    /// As [`Source::single`], and when a path is repeated or the entry is missing.
    pub fn several(entry: &str, mut files: Vec<SourceFile>) -> Result<Self, SourceError> {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        check(&files)?;
        if let Some(pair) = files.windows(2).find(|pair| pair[0].path == pair[1].path) {
            return Err(SourceError::Repeated(shown(&pair[0].path)));
        }
        let place = files.iter().position(|file| file.path == entry).ok_or_else(|| SourceError::NoEntry(shown(entry)))?;
        let mut list = format!("entry {entry}\n");
        for file in &files {
            // Writing to a String cannot fail.
            let _ = writeln!(list, "{} {}", file.path, Digest::of(&file.bytes));
        }
        let digest = if files.len() == 1 { Digest::of(&files[0].bytes) } else { Digest::of(list.as_bytes()) };
        Ok(Self { entry: place, digest, files })
    }

    /// The identity of the revision.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The file that exports the strategy.
    pub fn entry(&self) -> &SourceFile {
        &self.files[self.entry]
    }

    /// All files, sorted by path.
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// The bytes of all files together.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes.len() as u64).sum()
    }
}

impl SourceFile {
    /// What the engine gets: the text without a byte order mark. The digest is of the raw bytes in all cases.
    pub fn text(&self) -> &str {
        // Checked when the source was made.
        let text = std::str::from_utf8(&self.bytes).unwrap_or_default();
        text.strip_prefix('\u{feff}').unwrap_or(text)
    }
}

impl std::fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({} bytes)", self.path, self.bytes.len())
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Source({} {:?})", self.digest, self.files)
    }
}

fn check(files: &[SourceFile]) -> Result<(), SourceError> {
    let bytes = files.iter().map(|file| file.bytes.len()).sum();
    if bytes > SOURCE_BYTES {
        return Err(SourceError::TooLarge(bytes));
    }
    if files.len() > SOURCE_FILES {
        return Err(SourceError::TooManyFiles(files.len()));
    }
    for file in files {
        if !path_is_allowed(&file.path) {
            return Err(SourceError::Path(shown(&file.path)));
        }
        match std::str::from_utf8(&file.bytes) {
            Err(error) => return Err(SourceError::NotText { path: file.path.clone(), at: error.valid_up_to() }),
            Ok(text) => {
                if let Some(at) = text.find('\0') {
                    return Err(SourceError::NotText { path: file.path.clone(), at });
                }
            }
        }
    }
    if files.iter().all(|file| file.text().trim().is_empty()) { Err(SourceError::Empty) } else { Ok(()) }
}

fn path_is_allowed(path: &str) -> bool {
    let segment = |segment: &str| {
        !segment.is_empty()
            && !segment.starts_with('.')
            && segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    path.len() <= 200 && path.split('/').count() <= 8 && path.split('/').all(segment)
}

fn shown(path: &str) -> String {
    path.chars().take(80).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> SourceFile {
        SourceFile { path: path.to_owned(), bytes: text.into() }
    }

    #[test]
    fn a_digest_is_of_the_raw_bytes() {
        let source = Source::single("a.js", "abc").unwrap();
        assert_eq!(source.digest(), Digest::of(b"abc"));
        let marked = Source::single("a.js", "\u{feff}abc").unwrap();
        assert_eq!(marked.digest(), Digest::of("\u{feff}abc".as_bytes()));
        assert_eq!(marked.entry().text(), "abc");
    }

    #[test]
    fn the_order_of_files_does_not_count() {
        let one = Source::several("main.js", vec![file("main.js", "1"), file("lib/a.js", "2")]).unwrap();
        let two = Source::several("main.js", vec![file("lib/a.js", "2"), file("main.js", "1")]).unwrap();
        assert_eq!(one.digest(), two.digest());
        assert_eq!(one.entry().path, "main.js");
        let expected = format!("entry main.js\nlib/a.js {}\nmain.js {}\n", Digest::of(b"2"), Digest::of(b"1"));
        assert_eq!(one.digest(), Digest::of(expected.as_bytes()));
        let other = Source::several("main.js", vec![file("lib/b.js", "2"), file("main.js", "1")]).unwrap();
        assert_ne!(one.digest(), other.digest());
        let turned = Source::several("lib/a.js", one.files().to_vec()).unwrap();
        assert_ne!(one.digest(), turned.digest(), "the entry counts");
        let alone = Source::several("main.js", vec![file("main.js", "1")]).unwrap();
        assert_eq!(alone.digest(), Source::single("other.js", "1").unwrap().digest());
    }

    #[test]
    fn only_text_with_decent_names_is_a_source() {
        let refused = |path: &str, bytes: &[u8]| Source::single(path, bytes).unwrap_err();
        assert_eq!(refused("a.js", b"\0asm\x01\0\0\0"), SourceError::NotText { path: "a.js".into(), at: 0 });
        assert_eq!(refused("a.js", b"ok \xff"), SourceError::NotText { path: "a.js".into(), at: 3 });
        assert_eq!(refused("a.js", "\u{feff} \n".as_bytes()), SourceError::Empty);
        assert_eq!(refused("a.js", &vec![b'0'; SOURCE_BYTES + 1]), SourceError::TooLarge(SOURCE_BYTES + 1));
        for path in ["../a.js", "/a.js", "a//b.js", "a\\b.js", ".hidden", "a/./b.js", "", "a b.js", "\u{202e}.js"] {
            assert!(matches!(refused(path, b"1"), SourceError::Path(_)), "{path}");
        }
        assert_eq!(Source::several("b.js", vec![file("a.js", "1")]).unwrap_err(), SourceError::NoEntry("b.js".into()));
        let twice = vec![file("a.js", "1"), file("a.js", "2")];
        assert_eq!(Source::several("a.js", twice).unwrap_err(), SourceError::Repeated("a.js".into()));
    }
}
