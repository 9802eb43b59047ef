//! What a command runs: a file, or a selector in the built-in strategies or in a directory of strategies; and where its lines come
//! from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use super::Failure;
use super::bundle::{self, BundleError};
use super::output::Output;
use super::workbench::refuse;
use crate::app::strategies::BUILT_IN;
use crate::backtest::PlayReport;
use crate::base::{Digest, StrategyName, SystemClock, Tag};
use crate::catalogue::{Access, Catalogue, CatalogueConfig, LATEST, Selector};
use crate::compile::{Diagnostic, Places, Source};

/// Why there is no source.
#[derive(Debug)]
pub(super) enum NoSource {
    /// It is not there, or is none.
    Failure(Failure),
    /// It could not be bundled: the author's mistake.
    Diagnostics(Vec<Diagnostic>),
}

impl From<Failure> for NoSource {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<BundleError> for NoSource {
    fn from(error: BundleError) -> Self {
        match error {
            BundleError::Words(words) => Self::Failure(Failure::Usage(words)),
            BundleError::Diagnostics(diagnostics) => Self::Diagnostics(diagnostics),
        }
    }
}

impl NoSource {
    /// Tells it.
    pub(super) fn told(self, output: Output) -> Failure {
        match self {
            Self::Failure(failure) => failure,
            Self::Diagnostics(diagnostics) => refuse(&diagnostics, output),
        }
    }
}

/// Whether the text means a file, and not a selector: it ends like one, or there is one.
pub(super) fn is_file(text: &str) -> bool {
    let path = Path::new(text);
    path.extension().is_some_and(|extension| extension == "js") || bundle::needs(path) || path.is_file()
}

/// Reads a file, or looks up a selector in `strategies` (the built-in ones when there is none).
pub(super) fn resolve(text: &str, strategies: Option<&PathBuf>, output: Output) -> Result<Places, Failure> {
    find(text, strategies).map_err(|error| error.told(output))
}

/// The same, for who makes something of what is wrong.
pub(super) fn find(text: &str, strategies: Option<&PathBuf>) -> Result<Places, NoSource> {
    if is_file(text) {
        return file(Path::new(text));
    }
    let source = match strategies {
        Some(dir) => in_directory(dir, text),
        None => built_in(text),
    };
    Ok(source.map(Places::of)?)
}

/// Reads a source file, bundled by its project's esbuild unless it is one plain CommonJS file. Its diagnostics name it by its file
/// name, or name the files that it was made of.
pub(super) fn file(path: &Path) -> Result<Places, NoSource> {
    Ok(plain(&bundle::built(path)?)?)
}

/// Reads a file as it is, and the source map beside it. A map that does not fit is told of and not used.
pub(super) fn plain(path: &Path) -> Result<Places, Failure> {
    let bytes = std::fs::read(path).map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let source = Source::single(&name, bytes).map_err(|error| Failure::Failed(format!("{}: {error}", path.display())))?;
    let beside = PathBuf::from(format!("{}.map", path.display()));
    let Ok(map) = std::fs::read(&beside) else { return Ok(Places::of(source)) };
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    let names = move |name: &str| if name.contains("://") { name.to_owned() } else { bundle::shown(&folder.join(name)) };
    Ok(Places::mapped(source.clone(), &map, names).unwrap_or_else(|error| {
        Output::default().note(&format!("{} is not used: {error}", beside.display()));
        Places::of(source)
    }))
}

/// Makes the positions of a report the author's.
pub(super) fn translate(found: &Places, report: &mut PlayReport) {
    report.exceptions.iter_mut().for_each(|thrown| found.translate(thrown));
}

fn in_directory(dir: &Path, selector: &str) -> Result<Source, Failure> {
    let clock = Arc::new(SystemClock::new());
    let catalogue = Catalogue::open(dir, Access::Read, CatalogueConfig::default(), clock).map_err(Failure::usage)?;
    let resolved = catalogue.resolve(selector).map_err(Failure::usage)?;
    catalogue.source(&resolved.hash).map_err(Failure::usage)
}

/// As much of a `registry.json` as a look-up needs.
#[derive(Deserialize)]
struct Strategy {
    tags: BTreeMap<Tag, Digest>,
    hashes: BTreeMap<Digest, Revision>,
}

#[derive(Deserialize)]
struct Revision {
    path: String,
}

fn built_in(text: &str) -> Result<Source, Failure> {
    let selector: Selector = text.parse().map_err(Failure::usage)?;
    let registry = BUILT_IN.get_file("registry.json").map(include_dir::File::contents).unwrap_or_default();
    let registry: BTreeMap<StrategyName, Strategy> = serde_json::from_slice(registry).map_err(Failure::failed)?;
    let path = select(&registry, &selector).ok_or_else(|| {
        let known = registry.keys().map(StrategyName::as_str).collect::<Vec<_>>().join(", ");
        Failure::Usage(format!("`{text}` is no built-in strategy ({known}); give one of them, a FILE.js, or --strategies DIR"))
    })?;
    let bytes = BUILT_IN.get_file(path).map(include_dir::File::contents).unwrap_or_default();
    let name = Path::new(path).file_name().unwrap_or_default().to_string_lossy();
    Source::single(&name, bytes).map_err(Failure::failed)
}

/// The path of the revision that the selector says.
fn select<'a>(registry: &'a BTreeMap<StrategyName, Strategy>, selector: &Selector) -> Option<&'a str> {
    let tagged = |name: &StrategyName, tag: &str| registry.get(name)?.tags.get(tag).copied();
    let hash = match selector {
        Selector::Hash(hash) => *hash,
        Selector::Pinned(name, hash) => registry.get(name)?.hashes.contains_key(hash).then_some(*hash)?,
        Selector::Tagged(name, tag) => tagged(name, tag.as_str())?,
        Selector::Name(name) => tagged(name, LATEST)?,
    };
    registry.values().find_map(|strategy| strategy.hashes.get(&hash)).map(|revision| revision.path.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_strategies_are_found_by_every_kind_of_selector() {
        let Ok(source) = built_in("momentum") else { panic!("momentum is built in") };
        let hash = source.digest();
        for selector in ["momentum:v1.1.0", "momentum:latest", &format!("momentum@{hash}"), &hash.to_string(), &hash.hex()] {
            assert!(built_in(selector).is_ok_and(|same| same.digest() == hash), "{selector}");
        }
        assert!(built_in("momentum:v1.0.0").is_ok_and(|older| older.digest() != hash));
        for unknown in ["nothing", "momentum:v9", &format!("grid@{hash}"), "a b"] {
            assert!(matches!(built_in(unknown), Err(Failure::Usage(_))), "{unknown}");
        }
    }
}
