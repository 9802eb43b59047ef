//! What the catalogue holds, in the JSON that clients of the gateway know.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use crate::base::{Digest, StrategyName, Tag, Timestamp};
use crate::sandbox::Metadata;

use super::index::{Record, Strategy};
use super::selector::LATEST;
use super::{Catalogue, CatalogueError, Invalid, Selector};

/// One strategy with one revision selected.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// The strategy.
    pub name: StrategyName,
    /// The entry file's name.
    pub file: String,
    /// Where the entry file is, absolute.
    pub path: String,
    /// The selected revision.
    pub selected_revision_hash: Digest,
    /// The tag of its first upload.
    pub selected_revision_tag: Option<Tag>,
    /// All tags on the selected revision.
    pub tags: Vec<Tag>,
    /// All tags of the strategy.
    pub tag_aliases: BTreeMap<Tag, Digest>,
    /// All revisions of the strategy, by tag, alias and hash.
    pub revisions: Vec<RevisionSummary>,
    /// All bytes of all files of the selected revision.
    pub size: Option<u64>,
    /// What the selected revision says about itself; absent when it is invalid.
    pub metadata: Option<Arc<Metadata>>,
    /// Why the selected revision must not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invalid: Option<Arc<Invalid>>,
}

/// One revision of a strategy.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RevisionSummary {
    /// Its identity.
    pub hash: Digest,
    /// A tag on it that is not `latest`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub alias: Option<Tag>,
    /// Where the entry file is, below the strategies directory.
    pub path: String,
    /// The tag of its first upload.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub tag: Option<Tag>,
    /// All bytes of all files.
    #[schema(required)]
    pub size: Option<u64>,
    /// The engine that it was first compiled with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub engine: Option<String>,
    /// The contract that it was first compiled for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub world: Option<String>,
    /// When it was uploaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Timestamp>, nullable = false)]
    pub created_at: Option<String>,
    /// Why it must not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub invalid: Option<Arc<Invalid>>,
}

/// Which strategies to list. An empty field does not filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListFilter {
    /// This one.
    pub strategy: Option<StrategyName>,
    /// The one with this revision, which is then the selected one.
    pub hash: Option<Digest>,
    /// Only these.
    pub among: Option<BTreeSet<StrategyName>>,
    /// So many at most; absent: all.
    pub limit: Option<usize>,
    /// So many are skipped.
    pub offset: usize,
}

/// A page of strategies.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    /// By name.
    pub modules: Vec<Summary>,
    /// How many there are without paging.
    pub total: usize,
    /// How many were skipped: never more than there are.
    pub offset: usize,
}

impl Catalogue {
    /// Strategies that pass `filter`, by name, each with its default revision selected.
    pub fn list(&self, filter: &ListFilter) -> Listing {
        let index = self.index();
        let selected = index.strategies.iter().filter_map(|(name, strategy)| {
            if filter.strategy.as_ref().is_some_and(|wanted| wanted != name)
                || filter.among.as_ref().is_some_and(|among| !among.contains(name))
            {
                return None;
            }
            // A `latest` that points nowhere selects nothing to show; the smallest hash stands in, and the problem is listed.
            let fallback = || strategy.revisions.values().next();
            let record = match &filter.hash {
                Some(hash) => strategy.revisions.get(hash),
                None => strategy.default_revision().and_then(|hash| strategy.revisions.get(&hash)).or_else(fallback),
            };
            record.map(|record| (strategy, record))
        });
        let selected: Vec<_> = selected.collect();
        let total = selected.len();
        let offset = filter.offset.min(total);
        let page = selected.into_iter().skip(offset).take(filter.limit.unwrap_or(usize::MAX));
        Listing { modules: page.map(|(strategy, record)| self.summary_of(strategy, record)).collect(), total, offset }
    }

    /// The strategy that `selector` selects from, with what it selects.
    ///
    /// # Errors
    /// The selector is malformed or selects nothing.
    pub fn summary(&self, selector: &str) -> Result<Summary, CatalogueError> {
        let selector: Selector = selector.parse()?;
        let index = self.index();
        let record = index.select(&selector)?;
        Ok(self.summary_of(index.strategy(&record.name)?, record))
    }

    /// The same as of a time in the past: what `selector` selected then, seen with the tags of now.
    ///
    /// # Errors
    /// As [`Catalogue::resolve_at`].
    pub fn summary_at(&self, selector: &str, at: Timestamp) -> Result<Summary, CatalogueError> {
        let resolved = self.resolve_at(selector, at)?;
        self.summary(&format!("{}@{}", resolved.name, resolved.hash))
    }

    fn summary_of(&self, strategy: &Strategy, record: &Arc<Record>) -> Summary {
        let revision = self.judged(record);
        let mut revisions: Vec<_> = strategy.revisions.values().map(|record| self.revision_summary(strategy, record)).collect();
        revisions.sort_by(|a, b| (&a.tag, &a.alias, a.hash).cmp(&(&b.tag, &b.alias, b.hash)));
        Summary {
            name: record.name.clone(),
            file: format!("{}.js", record.name),
            path: self.directory().join(&record.path).display().to_string(),
            selected_revision_hash: record.hash,
            selected_revision_tag: record.tag.clone(),
            tags: tags_on(strategy, record).cloned().collect(),
            tag_aliases: strategy.tags.clone(),
            revisions,
            size: record.size,
            metadata: revision.metadata().ok().cloned(),
            invalid: revision.invalid().cloned(),
        }
    }

    fn revision_summary(&self, strategy: &Strategy, record: &Arc<Record>) -> RevisionSummary {
        RevisionSummary {
            hash: record.hash,
            alias: tags_on(strategy, record).find(|tag| tag.as_str() != LATEST).cloned(),
            path: record.path.clone(),
            tag: record.tag.clone(),
            size: record.size,
            engine: record.engine.clone(),
            world: record.world.clone(),
            created_at: record.created_at.clone(),
            invalid: self.judged(record).invalid().cloned(),
        }
    }
}

fn tags_on<'a>(strategy: &'a Strategy, record: &Record) -> impl Iterator<Item = &'a Tag> {
    let hash = record.hash;
    strategy.tags.iter().filter(move |(_, target)| **target == hash).map(|(tag, _)| tag)
}
