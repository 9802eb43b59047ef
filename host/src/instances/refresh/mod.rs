//! Refresh: the stored selectors of the instances are resolved again, and whoever follows a revision that is no longer the one it
//! is pinned to moves (decisions 12 and 13). What a request means is in `target`, what happens to one instance in `one`.

mod one;
mod target;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::{FutureExt as _, StreamExt as _};
use serde::Serialize;
use utoipa::ToSchema;

use super::roster::Instances;
use super::slot::Slot;
use crate::base::{Digest, InstanceId};

/// What a refresh is about. Both empty: every instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefreshTargets {
    /// Revisions: instances that are pinned to one of them, or follow what is one of them now.
    pub hashes: Vec<Digest>,
    /// Selectors of any form, as they were sent. A bare name means every instance of the strategy.
    pub strategies: Vec<String>,
}

/// What a refresh did, in one word. In the order in which the worst of several stands for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum RefreshReason {
    /// The new revision could not be taken on: what was there before goes on.
    Failed,
    /// Another revision than before, running if it ran.
    Refreshed,
    /// The selector resolves to nothing any more, or nothing was meant.
    Retired,
    /// The revision is the one that the selector resolves to.
    AlreadyPinned,
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RefreshError {
    /// Stable: a fault code such as `fuel_exhausted`, `exception`, `config_invalid`, `tag_not_found`...
    pub code: &'static str,
    /// In words.
    pub message: String,
}

/// What became of one instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InstanceOutcome {
    /// Its id.
    pub id: InstanceId,
    /// What became of it.
    pub reason: RefreshReason,
    /// The revision that it is pinned to now.
    pub hash: Digest,
    /// The one that it was pinned to before, when that was another.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub previous_hash: Option<Digest>,
    /// Whether the host kept it alive when its turn came.
    pub was_running: bool,
    /// It moved, and there is saved state for the new revision to `load()`.
    pub state_carried: bool,
    /// Why it failed or was retired.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub error: Option<RefreshError>,
}

/// One entry of the answer: per requested selector, or per instance when nothing was requested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefreshResult {
    /// As it was requested; without a request what the instance follows.
    pub selector: String,
    /// Of the revision, else of the instances that were meant; empty when there is neither.
    pub strategy: String,
    /// What the selector resolves to.
    #[schema(required)]
    pub hash: Option<Digest>,
    /// What the instances that moved were pinned to, when it was the same for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub previous_hash: Option<Digest>,
    /// Those that moved, by id.
    pub instances: Vec<InstanceId>,
    /// Failed if one failed, else refreshed if one moved, else retired if one was, else already pinned.
    pub reason: RefreshReason,
    /// Every instance that was meant, by id.
    pub outcomes: Vec<InstanceOutcome>,
    /// What went wrong first, or why the selector resolves to nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub error: Option<String>,
}

impl Instances {
    /// Resolves stored selectors again and moves the instances whose revision changed, `instances.refreshParallel` at a time. To
    /// be called once the catalogue has taken in what changed and every revision is judged. Goes on when the caller goes away.
    ///
    /// With targets one entry per target, hashes first, each in the order of the request; an instance that several mean is moved once
    /// and reported under each. Without, one entry per instance, by id.
    #[tracing::instrument(name = "refresh", skip_all)]
    pub async fn refresh(self: &Arc<Self>, targets: RefreshTargets) -> Vec<RefreshResult> {
        let this = Arc::clone(self);
        let refreshed = self.floors.lifecycle.spawn(async move { this.refresh_now(&targets).await });
        refreshed.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a refresh ended early");
            Vec::new()
        })
    }

    async fn refresh_now(&self, targets: &RefreshTargets) -> Vec<RefreshResult> {
        let slots = self.all();
        let meant = target::meant(targets, &self.floors.catalogue, &slots);
        let ids: BTreeSet<_> = meant.iter().flat_map(|meant| &meant.instances).collect();
        let moving: Vec<_> = slots.iter().filter(|slot| ids.contains(&slot.id)).cloned().collect();
        let outcomes: BTreeMap<InstanceId, InstanceOutcome> = futures_util::stream::iter(moving)
            .map(|slot| async move { self.refresh_safely(&slot).await })
            .buffer_unordered(self.config.refresh_parallel.max(1))
            .filter_map(std::future::ready)
            .map(|outcome| (outcome.id.clone(), outcome))
            .collect()
            .await;
        let moved = outcomes.values().filter(|outcome| outcome.reason == RefreshReason::Refreshed).count();
        tracing::info!(instances = outcomes.len(), moved, "refreshed");
        meant.into_iter().map(|meant| meant.conclude(&outcomes)).collect()
    }

    /// A panic is ours; it costs the answer about this instance and nobody else.
    async fn refresh_safely(&self, slot: &Arc<Slot>) -> Option<InstanceOutcome> {
        let turn = AssertUnwindSafe(self.refresh_one(slot)).catch_unwind().await;
        turn.unwrap_or_else(|_| {
            tracing::error!(instance = %slot.id, "the host panicked while it refreshed an instance");
            let error = RefreshError { code: "host_bug", message: "the host failed; its log says more".to_owned() };
            let (hash, was_running) = (slot.pin().hash, slot.status().is_running());
            let id = slot.id.clone();
            let reason = RefreshReason::Failed;
            Some(InstanceOutcome { id, reason, hash, previous_hash: None, was_running, state_carried: false, error: Some(error) })
        })
    }
}
