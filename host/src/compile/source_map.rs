//! Positions in what an author wrote. What runs may have been made by a bundler; the source map beside it leads back. The map is no
//! part of a revision: it is never compiled, uploaded or hashed. Must not know of files on the disk.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use regex_lite::{Captures, Regex};
use sourcemap::{DecodedMap, SourceMap};

use super::diagnostics::{Diagnostic, excerpt};
use super::source::Source;
use crate::sandbox::Exception;

/// Why a map is not used. Positions are then those of what runs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MapError {
    /// No source map.
    #[error("it is no source map: {0}")]
    Broken(String),
    /// A map, but of something else.
    #[error("it belongs to another version of the file: {0}")]
    Foreign(String),
}

/// How the map's name of a file becomes the one that people read.
type Names = dyn Fn(&str) -> String + Send + Sync;

/// Where everything in a source comes from. Clones share.
#[derive(Clone)]
pub struct Places(Arc<Inner>);

struct Inner {
    source: Source,
    /// Of the entry, when it was made by a bundler.
    map: Option<(SourceMap, Box<Names>)>,
}

/// A place in a file: line and column count from 1, the column in characters.
struct Place<'a> {
    file: String,
    line: u32,
    column: u32,
    /// The text of the line; none when the map does not have it.
    text: Option<&'a str>,
}

impl Places {
    /// Those of the source itself.
    pub fn of(source: Source) -> Self {
        Self(Arc::new(Inner { source, map: None }))
    }

    /// Those that the map of the source's entry leads to; `names` makes of a file's name in the map one for people.
    ///
    /// # Errors
    /// [`MapError`] when the map is none, or none of this entry.
    pub fn mapped(source: Source, map: &[u8], names: impl Fn(&str) -> String + Send + Sync + 'static) -> Result<Self, MapError> {
        let broken = |error: sourcemap::Error| MapError::Broken(error.to_string());
        let map = match sourcemap::decode_slice(map).map_err(broken)? {
            DecodedMap::Regular(map) => map,
            DecodedMap::Index(parts) => parts.flatten().map_err(broken)?,
            DecodedMap::Hermes(_) => return Err(MapError::Broken("it is for bytecode of another engine".to_owned())),
        };
        fits(&map, &source)?;
        Ok(Self(Arc::new(Inner { source, map: Some((map, Box::new(names))) })))
    }

    /// The source that runs.
    pub fn source(&self) -> &Source {
        &self.0.source
    }

    /// Makes the positions of an exception the author's.
    pub fn translate(&self, thrown: &mut Exception) {
        if self.0.map.is_none() {
            return;
        }
        if let Some(place) = self.locate(thrown.file.as_deref(), thrown.line, thrown.column) {
            thrown.file = Some(place.file);
            (thrown.line, thrown.column) = (Some(place.line), Some(place.column));
        }
        let stack = POSITION.replace_all(&thrown.stack, |found: &Captures<'_>| {
            let number = |group: usize| found.get(group).and_then(|text| text.as_str().parse().ok());
            let place = self.locate(found.get(1).map(|file| file.as_str()), number(2), number(3));
            place.map_or_else(|| found[0].to_owned(), |place| format!("{}:{}:{}", place.file, place.line, place.column))
        });
        if let Cow::Owned(stack) = stack {
            thrown.stack = stack;
        }
    }

    /// Makes the position of a diagnostic the author's, with the author's line.
    pub fn translate_diagnostic(&self, diagnostic: &mut Diagnostic) {
        if self.0.map.is_none() {
            return;
        }
        if let Some(place) = self.locate(diagnostic.file.as_deref(), diagnostic.line, diagnostic.column) {
            diagnostic.excerpt = place.text.map(|text| excerpt(place.line, text, Some(place.column)));
            diagnostic.file = Some(place.file);
            (diagnostic.line, diagnostic.column) = (Some(place.line), Some(place.column));
        }
    }

    /// The line of a position that was translated, with its number and a caret; none when nobody knows the line.
    pub fn excerpt(&self, file: &str, line: u32, column: Option<u32>) -> Option<String> {
        let plain = || Some(self.0.source.files().iter().find(|known| known.path == file)?.text());
        let mapped = |(map, names): &'_ (SourceMap, Box<Names>)| {
            let place = (0..map.get_source_count()).find(|place| map.get_source(*place).is_some_and(|name| names(name) == file));
            place.and_then(|place| map.get_source_contents(place)).map(str::to_owned)
        };
        let text = self.0.map.as_ref().and_then(mapped).map(Cow::Owned).or_else(|| plain().map(Cow::Borrowed))?;
        let text = text.split('\n').nth(line.checked_sub(1)? as usize)?.trim_end_matches('\r');
        Some(excerpt(line, text, column.filter(|column| *column > 0)))
    }

    /// Where a position of the entry comes from; none for other files, and where the bundler wrote something itself.
    fn locate(&self, file: Option<&str>, line: Option<u32>, column: Option<u32>) -> Option<Place<'_>> {
        let (map, names) = self.0.map.as_ref()?;
        let entry = self.0.source.entry();
        if file != Some(entry.path.as_str()) {
            return None;
        }
        let line = line?.checked_sub(1)?;
        let made = entry.text().split('\n').nth(line as usize)?;
        let column = units(made, column.unwrap_or(1).saturating_sub(1));
        let token = map.lookup_token(line, column).filter(|token| token.get_dst_line() == line);
        // Before the first thing of a line, where the bundler has only moved it in.
        let first = || map.tokens().find(|token| token.get_dst_line() == line);
        let token = token.or_else(first).filter(sourcemap::Token::has_source)?;
        let written = map.get_source_contents(token.get_src_id());
        let text = written.and_then(|text| text.split('\n').nth(token.get_src_line() as usize));
        let text = text.map(|text| text.trim_end_matches('\r'));
        let column = text.map_or(token.get_src_col(), |text| characters(text, token.get_src_col()));
        let (file, line) = (names(token.get_source()?), token.get_src_line().checked_add(1)?);
        Some(Place { file, line, column: column.checked_add(1)?, text })
    }
}

impl std::fmt::Debug for Places {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Places({:?}, {})", self.0.source, if self.0.map.is_some() { "mapped" } else { "as it runs" })
    }
}

/// A place in a line of a stack.
#[expect(clippy::expect_used, reason = "a literal that a test reads")]
static POSITION: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"([A-Za-z0-9._/-]+):(\d+):(\d+)").expect("a literal"));

/// Whether all that the map speaks of is there.
fn fits(map: &SourceMap, source: &Source) -> Result<(), MapError> {
    let entry = source.entry();
    let lines: Vec<u32> = entry.text().split('\n').map(|line| units(line, u32::MAX)).collect();
    if let Some(file) = map.get_file().filter(|file| file.rsplit('/').next() != entry.path.rsplit('/').next()) {
        return Err(MapError::Foreign(format!("it says that it is of {file}")));
    }
    let strange =
        map.tokens().find(|token| lines.get(token.get_dst_line() as usize).is_none_or(|end| token.get_dst_col() > *end));
    match strange {
        Some(token) => {
            let (line, column) = (u64::from(token.get_dst_line()) + 1, u64::from(token.get_dst_col()) + 1);
            Err(MapError::Foreign(format!("line {line} has no column {column}")))
        }
        None => Ok(()),
    }
}

/// UTF-16 units, as maps count, of so many characters of a line.
fn units(line: &str, characters: u32) -> u32 {
    let sum: usize = line.chars().take(characters as usize).map(char::len_utf16).sum();
    u32::try_from(sum).unwrap_or(u32::MAX)
}

/// Characters of a line in so many UTF-16 units.
fn characters(line: &str, units: u32) -> u32 {
    let mut left = units as usize;
    let counted = line.chars().take_while(|character| {
        let fits = left > 0;
        left = left.saturating_sub(character.len_utf16());
        fits
    });
    u32::try_from(counted.count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use sourcemap::SourceMapBuilder;

    use super::*;

    const MADE: &str = "// made\n  let x = \"\u{1F600}\"; boom(); // \u{1F600}\nhelper();\n";
    const WRITTEN: &str = "let y;\nlet x: string = \"\u{1F600}\"; boom();\r\n";

    /// Line 2 of what runs is line 2 of `src/a.ts`; line 3 is the bundler's own.
    fn map(file: &str) -> Vec<u8> {
        let mut map = SourceMapBuilder::new(Some(file));
        let source = map.add_source("src/a.ts");
        map.set_source_contents(source, Some(WRITTEN));
        for (made, written) in [(2, 0), (10, 16), (16, 22)] {
            map.add_raw(1, made, 1, written, Some(source), None, false);
        }
        map.add_raw(2, 0, 0, 0, None, None, false);
        let mut bytes = Vec::new();
        map.into_sourcemap().to_writer(&mut bytes).unwrap();
        bytes
    }

    fn source() -> Source {
        Source::single("a.js", MADE).unwrap()
    }

    fn places() -> Places {
        Places::mapped(source(), &map("dist/a.js"), |name| format!("here/{name}")).unwrap()
    }

    fn thrown(file: &str, line: u32, column: u32) -> Exception {
        let stack = format!("    at f ({file}:{line}:{column})\n    at g ({file}:3:1)\n");
        let (message, handler) = ("x".to_owned(), "onTrade".to_owned());
        Exception { message, handler, file: Some(file.to_owned()), line: Some(line), column: Some(column), stack }
    }

    #[test]
    fn columns_are_characters_on_both_sides() {
        let mut at = thrown("a.js", 2, 16);
        places().translate(&mut at);
        assert_eq!((at.file.as_deref(), at.line, at.column), (Some("here/src/a.ts"), Some(2), Some(22)));
        let line = WRITTEN.split('\n').nth(1).unwrap();
        assert!(line.chars().skip(21).collect::<String>().starts_with("boom"));
        assert_eq!(at.stack, "    at f (here/src/a.ts:2:22)\n    at g (a.js:3:1)\n", "what the bundler wrote stays where it is");
        // Before the first word of the line, where it was only moved in.
        let mut at = thrown("a.js", 2, 1);
        places().translate(&mut at);
        assert_eq!((at.line, at.column), (Some(2), Some(1)));
        let excerpt = places().excerpt("here/src/a.ts", 2, Some(22)).unwrap();
        assert!(excerpt.contains("boom();") && !excerpt.contains('\r') && excerpt.contains('^'), "{excerpt}");
    }

    #[test]
    fn what_the_map_does_not_know_stays_as_it_is() {
        for (file, line, column) in [("b.js", 2, 16), ("a.js", 3, 1), ("a.js", 1, 1), ("a.js", 99, 1)] {
            let mut at = thrown(file, line, column);
            at.stack.clear();
            let before = at.clone();
            places().translate(&mut at);
            assert_eq!(at, before);
        }
        assert_eq!(places().excerpt("here/src/b.ts", 1, None), None);
        assert_eq!(places().excerpt("a.js", 99, None), None);
        assert!(places().excerpt("a.js", 3, None).unwrap().contains("helper();"));
    }

    #[test]
    fn a_map_that_is_none_or_of_something_else_is_refused() {
        let refused = |source: Source, map: &[u8]| Places::mapped(source, map, str::to_owned).unwrap_err();
        assert!(matches!(refused(source(), b"{"), MapError::Broken(_)));
        assert!(matches!(
            refused(source(), b"{\"version\":3,\"sources\":[],\"names\":[],\"mappings\":\"!\"}"),
            MapError::Broken(_)
        ));
        assert_eq!(refused(source(), &map("b.js")), MapError::Foreign("it says that it is of b.js".to_owned()));
        let shorter = Source::single("a.js", "// made\nboom();\n").unwrap();
        assert_eq!(refused(shorter, &map("a.js")), MapError::Foreign("line 2 has no column 11".to_owned()));
    }
}
