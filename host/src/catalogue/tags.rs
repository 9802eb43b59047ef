//! Tags: movable pointers to revisions, and where each has pointed.

use crate::base::{Digest, StrategyName, Tag, Timestamp};

use super::history::{Action, Cause, Draft, Step, TagEvent};
use super::registry::StrategyEntry;
use super::selector::{self, LATEST};
use super::{Catalogue, CatalogueError, Resolved, Selector};

/// Where a tag must point for a change of it to be made: what the client saw last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expected {
    /// Anywhere.
    #[default]
    Anything,
    /// Nowhere: it is not there yet.
    Nothing,
    /// To this revision.
    Revision(Digest),
}

/// What an assignment did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assigned {
    /// The strategy.
    pub strategy: StrategyName,
    /// The tag.
    pub tag: Tag,
    /// Where it points now.
    pub hash: Digest,
    /// Where it pointed before; absent when it is new.
    pub previous: Option<Digest>,
    /// The number of the change; absent when it pointed there already.
    pub generation: Option<u64>,
}

/// What the deletion of a tag did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unassigned {
    /// The strategy.
    pub strategy: StrategyName,
    /// The tag that is gone.
    pub tag: Tag,
    /// Where it pointed; absent when that was no hash.
    pub hash: Option<Digest>,
    /// The number of the change.
    pub generation: Option<u64>,
}

impl Catalogue {
    /// Points a tag, `latest` included, to a revision of the same strategy. Only if it is
    /// where `expected` says. Blocks on the disk.
    ///
    /// # Errors
    /// No such strategy or revision, [`CatalogueError::TagMoved`], or the disk; then nothing has changed.
    pub fn assign(
        &self,
        name: &StrategyName,
        tag: &Tag,
        hash: &Digest,
        expected: Expected,
        cause: &Cause,
    ) -> Result<Assigned, CatalogueError> {
        let tag = spelled(tag);
        self.change(|catalogue, ledger| {
            let index = catalogue.index();
            let strategy = index.strategy(name)?;
            if !strategy.revisions.contains_key(hash) {
                return Err(CatalogueError::RevisionNotFound { hash: *hash, name: Some(name.clone()) });
            }
            let entry = ledger.registry.strategies.0.get(name.as_str());
            let (stored, previous) = pointer(entry, &tag);
            meets(&tag, expected, previous)?;
            let mut draft = Draft::new(Action::Assign, name.as_str());
            if previous != Some(*hash) {
                draft.tags.insert(tag.to_string(), Step { from: stored, to: Some(hash.to_string()) });
            }
            let generation = catalogue.commit(ledger, draft, cause, &[])?;
            Ok(Assigned { strategy: name.clone(), tag, hash: *hash, previous, generation })
        })
    }

    /// Deletes a tag; its revision stays. With `expected`, only if it points there. Blocks on the disk.
    ///
    /// # Errors
    /// No such strategy or tag, [`CatalogueError::LatestProtected`], [`CatalogueError::WouldOrphan`] unless `allow_orphan`,
    /// [`CatalogueError::TagMoved`], or the disk; then nothing has changed.
    pub fn unassign(
        &self,
        name: &StrategyName,
        tag: &Tag,
        allow_orphan: bool,
        expected: Expected,
        cause: &Cause,
    ) -> Result<Unassigned, CatalogueError> {
        if tag.is_latest() {
            return Err(CatalogueError::LatestProtected { tag: tag.to_string() });
        }
        self.change(|catalogue, ledger| {
            let index = catalogue.index();
            let strategy = index.strategy(name)?;
            let (stored, hash) = pointer(ledger.registry.strategies.0.get(name.as_str()), tag);
            if stored.is_none() {
                let known = strategy.known_tags();
                return Err(CatalogueError::TagNotFound { name: name.clone(), tag: tag.clone(), known });
            }
            meets(tag, expected, hash)?;
            let last = |hash: &Digest| strategy.tags.iter().all(|(other, target)| other == tag || target != hash);
            if let Some(hash) = hash.filter(|hash| !allow_orphan && strategy.revisions.contains_key(hash) && last(hash)) {
                return Err(CatalogueError::WouldOrphan { tag: tag.clone(), hash });
            }
            let mut draft = Draft::new(Action::Delete, name.as_str());
            draft.tags.insert(tag.to_string(), Step { from: stored, to: None });
            let generation = catalogue.commit(ledger, draft, cause, &[])?;
            Ok(Unassigned { strategy: name.clone(), tag: tag.clone(), hash, generation })
        })
    }

    /// Where a tag has pointed, newest first; of deleted tags and strategies, too.
    ///
    /// # Errors
    /// The strategy or the tag has never been.
    pub fn history(&self, name: &StrategyName, tag: &Tag) -> Result<Vec<TagEvent>, CatalogueError> {
        let history = self.history_read();
        match history.of_tag(name, &spelled(tag)) {
            Some(moves) => Ok(moves.iter().rev().cloned().collect()),
            None => {
                let index = self.index();
                let known = match index.strategy(name) {
                    Ok(strategy) => strategy.known_tags(),
                    Err(_) if history.knows(name) => "none any more".to_owned(),
                    Err(error) => return Err(error),
                };
                Err(CatalogueError::TagNotFound { name: name.clone(), tag: tag.clone(), known })
            }
        }
    }

    /// The newest move of each tag that a strategy has now, by tag.
    ///
    /// # Errors
    /// No such strategy.
    pub fn tags(&self, name: &StrategyName) -> Result<Vec<(Tag, Digest, Option<TagEvent>)>, CatalogueError> {
        let (index, history) = (self.index(), self.history_read());
        let newest = |tag: &Tag| history.of_tag(name, tag).and_then(<[TagEvent]>::last).cloned();
        Ok(index.strategy(name)?.tags.iter().map(|(tag, hash)| (tag.clone(), *hash, newest(tag))).collect())
    }

    /// What `selector` selected at a time in the past, if the revision is still there.
    ///
    /// # Errors
    /// The selector is malformed, or selected nothing then, or what is gone since.
    pub fn resolve_at(&self, selector: &str, at: Timestamp) -> Result<Resolved, CatalogueError> {
        let (name, tag) = match selector.parse()? {
            Selector::Hash(_) | Selector::Pinned(..) => return self.resolve(selector),
            Selector::Tagged(name, tag) => (name, tag),
            Selector::Name(name) => (name, selector::latest()),
        };
        let history = self.history_read();
        if !history.knows(&name) {
            self.index().strategy(&name)?;
        }
        let moves = history.of_tag(&name, &tag).unwrap_or_default();
        let step = moves.iter().rev().find(|step| step.at <= at);
        let nowhere = || CatalogueError::TagUnknownThen {
            name: name.clone(),
            tag: tag.clone(),
            at: at.to_rfc3339(),
            first: moves.first().map(|first| first.at.to_rfc3339()),
        };
        let hash = step.and_then(|step| step.to).ok_or_else(nowhere)?;
        let index = self.index();
        let gone = || CatalogueError::RevisionNotFound { hash, name: Some(name.clone()) };
        let record = index.record(&hash).filter(|record| record.name == name).ok_or_else(gone)?;
        let named = (tag.as_str() != LATEST).then(|| tag.clone());
        Ok(Resolved { name: name.clone(), hash, tag: named.or_else(|| record.tag.clone()) })
    }
}

/// `latest` in its one spelling.
fn spelled(tag: &Tag) -> Tag {
    if tag.is_latest() { selector::latest() } else { tag.clone() }
}

/// Where a tag points: as it is written, and as a hash. What is no hash points nowhere: a person's slip.
fn pointer(entry: Option<&StrategyEntry>, tag: &Tag) -> (Option<String>, Option<Digest>) {
    let stored = entry.and_then(|entry| entry.tags.0.get(tag.as_str())).cloned();
    let hash = stored.as_ref().and_then(|stored| stored.parse().ok());
    (stored, hash)
}

fn meets(tag: &Tag, expected: Expected, actual: Option<Digest>) -> Result<(), CatalogueError> {
    let expected = match expected {
        Expected::Anything => return Ok(()),
        Expected::Nothing => None,
        Expected::Revision(hash) => Some(hash),
    };
    if expected == actual { Ok(()) } else { Err(CatalogueError::TagMoved { tag: tag.clone(), expected, actual }) }
}
