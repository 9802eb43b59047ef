//! `docs/strategy.md` is true: every block of code in it runs here, and its tables say what the host does.

mod blocks;
mod facts;
mod fuel;
mod recipes;
mod scenarios;

use std::path::Path;

use crate::support::root;

/// A block between fences.
#[derive(Debug)]
struct Block {
    /// Of its opening fence, from 1.
    line: usize,
    /// What follows the opening fence: `js`, `js several/several.js`, `json first.scenario.json`, `sh`, `text`.
    kind: String,
    text: String,
}

fn page() -> String {
    std::fs::read_to_string(root().join("docs/strategy.md")).unwrap()
}

fn blocks(page: &str) -> Vec<Block> {
    let (mut blocks, mut open): (Vec<Block>, Option<Block>) = (Vec::new(), None);
    for (index, line) in page.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(kind)) => open = Some(Block { line: index + 1, kind: kind.to_owned(), text: String::new() }),
            (Some(_), Some("")) => blocks.extend(open.take()),
            (Some(block), _) => block.text.extend([line, "\n"]),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "the last fence is open");
    blocks
}

impl Block {
    /// The file that a block is: the one that its fence names, or `<name>.js` of a whole strategy.
    fn file(&self) -> Option<String> {
        if self.kind != "js" {
            return self.kind.split_once(' ').filter(|(kind, _)| ["js", "json"].contains(kind)).map(|(_, file)| file.to_owned());
        }
        let (_, rest) = self.text.split_once("name: \"").unwrap_or_else(|| panic!("line {}: no strategy", self.line));
        Some(format!("{}.js", rest.split('"').next().unwrap()))
    }
}

/// Writes every block that is a file into a folder, under its name.
fn write_files(blocks: &[Block], folder: &Path) -> Vec<String> {
    let mut written = Vec::new();
    for (file, block) in blocks.iter().filter_map(|block| Some((block.file()?, block))) {
        let path = folder.join(&file);
        assert!(!path.exists(), "line {}: the page has two files called {file}", block.line);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, &block.text).unwrap();
        written.push(file);
    }
    written
}

/// The rows of the tables of a page whose header has these cells, as cells.
fn rows(page: &str, header: &str) -> Vec<Vec<String>> {
    let cells = |line: &str| -> Vec<String> {
        let inner = line.trim().trim_start_matches('|').trim_end_matches('|');
        inner.split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    let mut rows = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        if !line.starts_with('|') {
            inside = false;
        } else if line == header {
            inside = true;
        } else if inside && !line.starts_with("|---") {
            rows.push(cells(line));
        }
    }
    assert!(!rows.is_empty(), "no table begins with {header}");
    rows
}

/// What stands between backticks.
fn code(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// The fields that an event's payload has, as the page lists them.
pub(crate) fn payload_fields(kind: &str) -> Vec<String> {
    let page = page();
    let rows = rows(&page, "| event | `payload` |");
    let row = rows.iter().find(|row| row[0] == format!("`{kind}`")).unwrap_or_else(|| panic!("no row of {kind}"));
    // Words in backticks up to the first sentence about one of them; a nested object counts as its own field.
    let listed = row[1].split("; ").next().unwrap().split(". With ").next().unwrap();
    let words = code(listed).flat_map(|code| match code.split_once(": {") {
        Some((field, _)) => vec![field.to_owned()],
        None if code.starts_with('{') || code.chars().all(char::is_uppercase) => Vec::new(),
        None => code.split(", ").map(str::to_owned).collect(),
    });
    words.filter(|word| !word.is_empty()).collect()
}
