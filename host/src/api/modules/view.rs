//! How one strategy's revisions and tags are shown: the gateway's keys, and beside them what runs and what is wrong.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::state::Api;
use crate::base::{Digest, InstanceId, StrategyName, Tag, Timestamp};
use crate::catalogue::{Invalid, RevisionSummary, Summary};
use crate::sandbox::Metadata;

/// Stands for the strategies directory on the wire: where it is on the machine is nobody's business.
pub(super) const DIRECTORY: &str = "strategies";

/// How the usage index writes the time of what never happened.
const NEVER: &str = "0001-01-01T00:00:00Z";

/// One strategy, seen from one of its revisions.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Module {
    name: StrategyName,
    /// The entry file's name.
    file: String,
    /// Below the strategies directory.
    path: String,
    selected_revision_hash: Digest,
    /// The tag of its first upload.
    #[schema(required)]
    selected_revision_tag: Option<Tag>,
    /// On the selected revision.
    tags: Vec<Tag>,
    /// Of the whole strategy.
    tag_aliases: BTreeMap<Tag, Digest>,
    /// All of the strategy.
    revisions: Vec<Revision>,
    /// Bytes of all files of the selected revision.
    #[schema(required)]
    size: Option<u64>,
    /// Absent when the selected revision is invalid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    metadata: Option<Arc<Metadata>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    invalid: Option<Arc<Invalid>>,
    /// The engine that launches get: part of what runs, not of the hash.
    engine_hash: Digest,
    /// Revisions with running instances.
    running: Vec<Running>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ModuleRevision)]
struct Revision {
    #[serde(flatten)]
    summary: RevisionSummary,
    /// It ran once, runs no more, and no tag points to it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    retired: bool,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RunningRevision)]
struct Running {
    hash: Digest,
    /// Those that run it, by id.
    instances: Vec<InstanceId>,
    /// Of `instances`.
    count: usize,
    #[schema(value_type = Timestamp)]
    first_seen: String,
    #[schema(value_type = Timestamp)]
    last_seen: String,
}

impl Module {
    pub(super) fn of(summary: Summary, api: &Api) -> Self {
        let (mut revisions, mut running) = (Vec::new(), Vec::new());
        let selected = summary.revisions.iter().find(|revision| revision.hash == summary.selected_revision_hash);
        let path = selected.map(|revision| revision.path.clone()).unwrap_or_default();
        for revision in summary.revisions {
            let usage = api.instances.usage(&summary.name, revision.hash);
            let tagged = summary.tag_aliases.values().any(|hash| *hash == revision.hash);
            let retired = usage.first_seen != NEVER && usage.count == 0 && !tagged;
            if usage.running {
                running.push(Running {
                    hash: revision.hash,
                    instances: usage.instances,
                    count: usage.count,
                    first_seen: usage.first_seen,
                    last_seen: usage.last_seen,
                });
            }
            revisions.push(Revision { summary: revision, retired });
        }
        Self {
            file: summary.file,
            path,
            selected_revision_hash: summary.selected_revision_hash,
            selected_revision_tag: summary.selected_revision_tag,
            tags: summary.tags,
            tag_aliases: summary.tag_aliases,
            revisions,
            size: summary.size,
            metadata: summary.metadata,
            invalid: summary.invalid,
            engine_hash: api.compiler.engine_hash(),
            running,
            name: summary.name,
        }
    }
}
