//! `POST /strategies/modules`: compiles a source and, when it is a strategy, makes a revision of it and moves tags.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::view::DIRECTORY;
use crate::api::error::{ApiError, Code};
use crate::api::extract::{Body, By, Query};
use crate::api::openapi::spelling::AnyStrategy;
use crate::api::openapi::{Stored, about, examples};
use crate::api::state::Api;
use crate::base::{Digest, StrategyName, Tag};
use crate::catalogue::{AddOptions, Added, Difference, NewRevision, Selector, strategy_name};
use crate::compile::{Compiled, Source, SourceFile};

/// The contract that sources are compiled for: what `wit/world.wit` says.
const WORLD: &str = "sandpit:strategy@1.0.0";

/// What diagnostics call a source that came without a name.
const UNNAMED: &str = "strategy.js";

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(examples(examples::upload))]
pub(crate) struct Upload {
    /// The file; or `files`.
    source: Option<String>,
    /// Path to text; `filename` or `<name>.js` is the one that exports the strategy.
    files: Option<BTreeMap<String, String>>,
    /// The strategy; it must be the one that the source says.
    #[schema(value_type = Option<AnyStrategy>)]
    name: Option<String>,
    /// What diagnostics call the source; among several files the one that exports the strategy.
    filename: Option<String>,
    /// Of the revision; without it the one that the source says.
    #[schema(value_type = Option<Tag>)]
    tag: Option<String>,
    /// Further tags; those that point elsewhere already are left there.
    #[serde(default)]
    #[schema(value_type = Vec<Tag>)]
    aliases: Vec<String>,
    /// Tags that move here wherever they point.
    #[serde(default)]
    #[schema(value_type = Vec<Tag>)]
    reassign_tags: Vec<String>,
    /// `latest` moves here.
    #[serde(default)]
    promote_latest: bool,
    /// Why, for the history of the tags that move.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// What it says.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = UploadedStatus)]
enum Word {
    PendingRefresh,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Uploaded {
    /// Launchable at once; `/strategies` and running instances follow at the next refresh.
    status: Word,
    /// Stands for the directory of the host, which is not shown.
    strategy_directory: &'static str,
    /// What was stored.
    module: Module,
    /// The number of the change; null when the same upload was there before.
    #[schema(required)]
    generation: Option<u64>,
    /// What the revision declares other than the one that `latest` pointed to; null when there was none, or it is the same.
    #[schema(required)]
    changes: Option<Difference>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UploadedModule)]
struct Module {
    name: StrategyName,
    hash: Digest,
    tag: Tag,
    /// The first tag that was moved besides its own.
    #[schema(required)]
    alias: Option<Tag>,
    /// The entry file's name.
    file: String,
    /// Below the strategies directory.
    path: String,
    engine_hash: Digest,
    /// Tags that point here now and did not before.
    moved_tags: Vec<Moved>,
    /// Aliases that were left where they pointed; `reassignTags` moves them.
    kept_aliases: Vec<Moved>,
    /// What evaluating the source used.
    fuel_load: u64,
    /// Of `create` with the default configuration; null when a required field has no default.
    #[schema(required)]
    fuel_create: Option<u64>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = MovedTag)]
struct Moved {
    tag: Tag,
    /// Where it pointed before; null when it was not there.
    #[schema(required)]
    previous: Option<Digest>,
}

about! {
    /// Compiles a source and makes a revision of it.
    ///
    /// What is wrong with a source is told as `strategy_validation_failed` with `diagnostics`.
    [InvalidName, InvalidTag, TooManyTags, InvalidFileName, ReservedTag, TagNotFound, SourceRequired, SourceTooLarge, StrategyValidationFailed, RegistryInvalid, CatalogueFlat, TooManyUploads]
}

pub(crate) async fn upload(
    State(api): State<Api>,
    by: By,
    _: Query<()>,
    Body(upload): Body<Upload>,
) -> Result<Stored<Uploaded>, ApiError> {
    let (created, uploaded) = store(&api, upload, None, by).await?;
    Ok(if created { Stored::New(uploaded) } else { Stored::Known(uploaded) })
}

/// Compiles and stores; true when the revision is new.
pub(super) async fn store(api: &Api, upload: Upload, replaces: Option<Selector>, by: By) -> Result<(bool, Uploaded), ApiError> {
    let stored = try_store(api, upload, replaces, by).await;
    if let Err(error) = &stored {
        api.counters().upload_refused(error);
    }
    stored
}

async fn try_store(api: &Api, mut upload: Upload, replaces: Option<Selector>, by: By) -> Result<(bool, Uploaded), ApiError> {
    let source = upload.source()?;
    let cause = by.because(upload.reason.take())?;
    let options = AddOptions { replaces, ..upload.options()? };
    let compiled = api.compiler.compile(&source).await?;
    let catalogue = Arc::clone(&api.catalogue);
    let shared = api.clone();
    api.carry_through_blocking(move || {
        let new =
            NewRevision { source: &source, metadata: Arc::clone(&compiled.metadata), engine: compiled.engine, world: WORLD };
        let added = catalogue.add(&new, &options, &cause)?;
        for step in added.moved.iter().filter(|step| step.previous.is_some()) {
            shared.counters().tag_reassigned(&added.name, &step.tag);
        }
        let before = added.before.filter(|before| *before != added.hash);
        let before = before.and_then(|before| Some((before, catalogue.revision(&before).ok()?.metadata().ok()?.clone())));
        let changes = before.map(|(hash, before)| Difference::between(hash, &before, &compiled.metadata));
        let (created, generation) = (added.created, added.generation);
        let module = Module::of(added, &compiled);
        let uploaded = Uploaded { status: Word::PendingRefresh, strategy_directory: DIRECTORY, module, generation, changes };
        Ok((created, uploaded))
    })
    .await
}

impl Upload {
    /// One file, or several of which one exports the strategy.
    fn source(&self) -> Result<Source, ApiError> {
        let required = |message: String| ApiError::new(Code::SourceRequired, message);
        match (&self.source, &self.files) {
            (Some(source), None) if !source.trim().is_empty() => {
                let path = self.entry_name()?.unwrap_or_else(|| UNNAMED.to_owned());
                Ok(Source::single(&path, source.as_bytes())?)
            }
            (None, Some(files)) if !files.is_empty() => {
                let Some(entry) = self.entry_name()? else {
                    return Err(required("`files` needs `filename` or `name`, to say which one exports the strategy".to_owned()));
                };
                let file = |(path, text): (&String, &String)| SourceFile { path: path.clone(), bytes: text.clone().into_bytes() };
                Ok(Source::several(&entry, files.iter().map(file).collect())?)
            }
            _ => Err(required("source required: send either `source` or `files`, and not a blank one".to_owned())),
        }
    }

    fn entry_name(&self) -> Result<Option<String>, ApiError> {
        match (&self.filename, &self.name) {
            (Some(filename), _) => Ok(Some(filename.clone())),
            (None, Some(name)) => Ok(Some(format!("{}.js", strategy_name(name)?))),
            (None, None) => Ok(None),
        }
    }

    /// Names and tags are read before the source is compiled: a slip in one of them is told at once.
    fn options(self) -> Result<AddOptions, ApiError> {
        if let Some(name) = &self.name {
            strategy_name(name)?;
        }
        for tag in self.tag.iter().chain(&self.aliases).chain(&self.reassign_tags) {
            Tag::new(tag)?;
        }
        Ok(AddOptions {
            name: self.name,
            tag: self.tag,
            aliases: self.aliases,
            reassign_tags: self.reassign_tags,
            promote_latest: self.promote_latest,
            replaces: None,
        })
    }
}

impl Module {
    fn of(added: Added, compiled: &Compiled) -> Self {
        let moved = |moves: Vec<crate::catalogue::TagMove>| -> Vec<Moved> {
            moves.into_iter().map(|step| Moved { tag: step.tag, previous: step.previous }).collect()
        };
        let alias = added.moved.iter().map(|step| &step.tag).find(|tag| **tag != added.tag && !tag.is_latest()).cloned();
        Self {
            file: format!("{}.js", added.name),
            name: added.name,
            hash: added.hash,
            tag: added.tag,
            alias,
            path: added.path,
            engine_hash: compiled.engine,
            moved_tags: moved(added.moved),
            kept_aliases: moved(added.kept),
            fuel_load: compiled.fuel_load,
            fuel_create: compiled.fuel_create,
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_recorded_world_is_the_one_in_wit() {
        assert!(include_str!("../../../../wit/world.wit").contains(&format!("package {};", super::WORLD)));
    }
}
