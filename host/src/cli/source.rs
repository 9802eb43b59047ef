//! What `play` and `bench` run: a file, or a selector in the built-in strategies or in a directory of strategies.

use std::path::{Path, PathBuf};

use super::Failure;
use super::workbench::read_source;
use crate::compile::Source;

/// Reads `FILE.js`, or looks up a selector in `strategies` (the built-in ones when there is none). Text that ends in `.js` or
/// names an existing file is a file.
pub(super) fn resolve(text: &str, strategies: Option<&PathBuf>) -> Result<Source, Failure> {
    let path = Path::new(text);
    if path.extension().is_some_and(|extension| extension == "js") || path.is_file() {
        return read_source(path);
    }
    let found = match strategies {
        Some(dir) => crate::catalogue::read_source(dir, text),
        None => crate::catalogue::built_in(text),
    };
    found.map_err(|error| Failure::Usage(format!("{error}; give a file FILE.js or a selector such as momentum:v1.0.0")))
}
