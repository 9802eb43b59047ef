//! What the catalogue refuses, and why. Every message names what was asked and what would be right.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::base::id::NameError;
use crate::base::{Digest, InstanceId, StrategyName, Tag};

use super::index::Invalid;
use super::selector::SelectorError;

/// Why the catalogue did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// The selector's form is wrong.
    #[error(transparent)]
    Selector(#[from] SelectorError),
    /// No strategy of this name.
    #[error("strategy module not found: there is no strategy `{name}`")]
    StrategyNotFound {
        /// What was asked for.
        name: StrategyName,
    },
    /// The strategy has no such tag.
    #[error("tag \"{tag}\" not found for {name}; it has {known}")]
    TagNotFound {
        /// The strategy.
        name: StrategyName,
        /// What was asked for.
        tag: Tag,
        /// The tags that it has, for the message.
        known: String,
    },
    /// The tag points to a revision that is not in the registry.
    #[error("tag \"{tag}\" of {name} references unknown hash {hash}: assign it again or restore the revision")]
    TagDangling {
        /// The strategy.
        name: StrategyName,
        /// What was asked for.
        tag: Tag,
        /// Where it points to.
        hash: Digest,
    },
    /// No strategy, or not this one, has the revision.
    #[error("{}", revision_not_found(hash, name.as_ref()))]
    RevisionNotFound {
        /// What was asked for.
        hash: Digest,
        /// The strategy that was named with it.
        name: Option<StrategyName>,
    },
    /// The revision is known but must not run.
    #[error("revision {hash} cannot be used ({}): {}", .reason.code, .reason.message)]
    RevisionInvalid {
        /// Which.
        hash: Digest,
        /// Why.
        reason: Arc<Invalid>,
    },
    /// The name breaks its grammar.
    #[error(transparent)]
    Name(NameError),
    /// A tag breaks its grammar.
    #[error(transparent)]
    Tag(NameError),
    /// `latest` as a tag of an upload.
    #[error("tag `{tag}` is reserved: `latest` moves through promoteLatest or reassignTags")]
    TagReserved {
        /// As it was spelled.
        tag: String,
    },
    /// `latest` is what a bare name means: it moves, but it does not go.
    #[error("tag \"{tag}\" cannot be removed; reassign it instead")]
    LatestProtected {
        /// As it was spelled.
        tag: String,
    },
    /// The tag is the last one on its revision.
    #[error(
        "removing tag \"{tag}\" would orphan hash {hash}: allowOrphan=true does it all the same, and the revision stays callable by its hash"
    )]
    WouldOrphan {
        /// The tag.
        tag: Tag,
        /// The revision.
        hash: Digest,
    },
    /// The tag does not point to where the client believed.
    #[error("tag \"{tag}\" moved meanwhile: expected {}, it points to {}", or_nothing(*.expected), or_nothing(*.actual))]
    TagMoved {
        /// The tag.
        tag: Tag,
        /// Where the client believed it to point; absent when it should not have been there.
        expected: Option<Digest>,
        /// Where it points; absent when there is no such tag.
        actual: Option<Digest>,
    },
    /// The tag has never been, or not at that time.
    #[error("tag \"{tag}\" of {name} did not point anywhere at {at}{}", since(.first.as_deref()))]
    TagUnknownThen {
        /// The strategy.
        name: StrategyName,
        /// What was asked for.
        tag: Tag,
        /// When, RFC 3339.
        at: String,
        /// Its first time on record.
        first: Option<String>,
    },
    /// Neither the upload nor the source has a tag.
    #[error("metadata tag required for registry writes: set metadata.tag in the source, or tag in the upload")]
    TagMissing,
    /// More tags in one upload than a person could mean.
    #[error("{given} tags in one upload, at most {max} are allowed")]
    TooManyTags {
        /// How many there are.
        given: usize,
        /// The limit.
        max: usize,
    },
    /// The upload names another strategy than the source does.
    #[error("the upload is for `{given}`, but metadata.name is `{metadata}`: make them equal, or leave the upload's name out")]
    NameMismatch {
        /// What the upload says.
        given: StrategyName,
        /// What the source says.
        metadata: StrategyName,
    },
    /// A file of the source cannot be stored under its name.
    #[error("file name `{given}` is not allowed: {reason}")]
    FileName {
        /// Which file.
        given: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Instances pin the revision, running or stopped.
    #[error("{}; stop and delete them first, or move them to another revision", in_use(uses))]
    RevisionInUse {
        /// Which revisions, and by whom.
        uses: Vec<RevisionUse>,
    },
    /// Another host writes here.
    #[error("{path} is locked: another sandpit uses this strategies directory; stop it or choose another with --strategies")]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// The directory has the layout of the old gateway.
    #[error(
        "the strategies directory has the flat layout and no registry, so it is served as it is: `sandpit bootstrap --root DIR --write` brings it to the versioned layout, then it can be changed"
    )]
    Flat,
    /// Opened to look only.
    #[error("the strategies directory was opened for reading only")]
    ReadOnly,
    /// The registry is not there although it must be.
    #[error("{path} is missing, but {reason}")]
    RegistryMissing {
        /// The file.
        path: PathBuf,
        /// Why it cannot be made anew, and what to do.
        reason: String,
    },
    /// The registry cannot be understood. Nothing is guessed and nothing is overwritten.
    #[error("{path} cannot be understood: {reason}; repair it or restore it from a backup, nothing was changed")]
    RegistryInvalid {
        /// The file.
        path: PathBuf,
        /// What is wrong and where.
        reason: String,
    },
    /// The history cannot be understood. Nothing is guessed and nothing is overwritten.
    #[error(
        "{path} cannot be understood: {reason}; restore it from a backup, or remove it to begin a new history, nothing was changed"
    )]
    HistoryInvalid {
        /// The file.
        path: PathBuf,
        /// What is wrong and where.
        reason: String,
    },
    /// The disk did not do it. What was there before still is.
    #[error("cannot {operation} at {path}: {reason}")]
    Storage {
        /// What was tried.
        operation: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
}

/// Who keeps a revision from being deleted.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RevisionUse {
    /// Which revision.
    pub hash: Digest,
    /// Instances that pin it, running or stopped.
    pub instances: Vec<InstanceId>,
}

impl CatalogueError {
    /// The stable code, for error answers.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Selector(_) => "selector_invalid",
            Self::StrategyNotFound { .. } => "strategy_not_found",
            Self::TagNotFound { .. } | Self::TagDangling { .. } | Self::TagUnknownThen { .. } => "tag_not_found",
            Self::RevisionNotFound { .. } => "revision_not_found",
            Self::RevisionInvalid { .. } => "revision_invalid",
            Self::Name(_) => "name_invalid",
            Self::Tag(_) => "tag_invalid",
            Self::TagReserved { .. } => "tag_reserved",
            Self::LatestProtected { .. } => "latest_protected",
            Self::WouldOrphan { .. } => "would_orphan",
            Self::TagMoved { .. } => "tag_moved",
            Self::TagMissing => "tag_required",
            Self::TooManyTags { .. } => "too_many_tags",
            Self::NameMismatch { .. } => "name_mismatch",
            Self::FileName { .. } => "filename_invalid",
            Self::RevisionInUse { .. } => "revision_in_use",
            Self::Locked { .. } => "catalogue_locked",
            Self::Flat => "catalogue_flat",
            Self::ReadOnly => "catalogue_read_only",
            Self::RegistryMissing { .. } => "registry_missing",
            Self::RegistryInvalid { .. } => "registry_invalid",
            Self::HistoryInvalid { .. } => "history_invalid",
            Self::Storage { .. } => "storage_error",
        }
    }

    pub(super) fn storage(operation: &'static str, path: &Path, error: &io::Error) -> Self {
        Self::Storage { operation, path: path.to_owned(), reason: error.to_string() }
    }
}

fn or_nothing(hash: Option<Digest>) -> String {
    hash.map_or_else(|| "nothing".to_owned(), |hash| hash.to_string())
}

fn since(first: Option<&str>) -> String {
    first.map_or_else(|| "; it is not on record at all".to_owned(), |first| format!("; its record begins at {first}"))
}

fn revision_not_found(hash: &Digest, name: Option<&StrategyName>) -> String {
    match name {
        Some(name) => format!("hash \"{hash}\" not found for {name}"),
        None => format!("hash \"{hash}\" not found in any strategy"),
    }
}

/// At most ten instances each: a message is not a listing.
fn in_use(uses: &[RevisionUse]) -> String {
    let one = |one: &RevisionUse| {
        let mut ids = one.instances.iter().take(10).map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ");
        if one.instances.len() > 10 {
            ids.push_str(&format!(" and {} more", one.instances.len() - 10));
        }
        format!("strategy revision {} is in use by {ids}", one.hash)
    };
    uses.iter().map(one).collect::<Vec<_>>().join("; ")
}
