//! What `play` and `bench` run: a file, or a selector in the built-in strategies or in a directory of strategies.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use super::Failure;
use super::workbench::read_source;
use crate::app::strategies::BUILT_IN;
use crate::base::{Digest, StrategyName, SystemClock, Tag};
use crate::catalogue::{Access, Catalogue, CatalogueConfig, LATEST, Selector};
use crate::compile::Source;

/// Reads `FILE.js`, or looks up a selector in `strategies` (the built-in ones when there is none). Text that ends in `.js` or
/// names an existing file is a file.
pub(super) fn resolve(text: &str, strategies: Option<&PathBuf>) -> Result<Source, Failure> {
    let path = Path::new(text);
    if path.extension().is_some_and(|extension| extension == "js") || path.is_file() {
        return read_source(path);
    }
    match strategies {
        Some(dir) => in_directory(dir, text),
        None => built_in(text),
    }
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
        for selector in ["momentum:v1.0.0", "momentum:latest", &format!("momentum@{hash}"), &hash.to_string(), &hash.hex()] {
            assert!(built_in(selector).is_ok_and(|same| same.digest() == hash), "{selector}");
        }
        for unknown in ["nothing", "momentum:v9", &format!("grid@{hash}"), "a b"] {
            assert!(matches!(built_in(unknown), Err(Failure::Usage(_))), "{unknown}");
        }
    }
}
