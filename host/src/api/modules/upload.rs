//! `POST /strategies/modules`: compiles a source and, when it is a strategy, makes a revision of it and moves tags.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::view::DIRECTORY;
use crate::api::error::{ApiError, Code};
use crate::api::extract::{Body, Query};
use crate::api::state::Api;
use crate::base::{Digest, StrategyName, Tag};
use crate::catalogue::{AddOptions, Added, CatalogueError, NewRevision, Source, check_file_name, strategy_name};
use crate::compile::{self, Compiled};

/// The contract that sources are compiled for: what `wit/world.wit` says.
const WORLD: &str = "sandpit:strategy@1.0.0";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Upload {
    /// The file; or `files`.
    source: Option<String>,
    /// Path to text; `<name>.js` is the one that exports the strategy.
    files: Option<BTreeMap<String, String>>,
    name: Option<String>,
    /// What diagnostics call the source.
    filename: Option<String>,
    tag: Option<String>,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    reassign_tags: Vec<String>,
    #[serde(default)]
    promote_latest: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Uploaded {
    /// Launchable at once; `/strategies` and running instances follow at the next refresh.
    status: &'static str,
    strategy_directory: &'static str,
    module: Module,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Module {
    name: StrategyName,
    hash: Digest,
    tag: Tag,
    /// The first tag that was moved besides its own.
    alias: Option<Tag>,
    file: String,
    /// Below the strategies directory.
    path: String,
    engine_hash: Digest,
    /// Tags that point here now and did not before.
    moved_tags: Vec<Moved>,
    /// Aliases that were left where they pointed; `reassignTags` moves them.
    kept_aliases: Vec<Moved>,
    fuel_load: u64,
    /// Of `create` with the default configuration; absent when a required field has no default.
    fuel_create: Option<u64>,
}

#[derive(Serialize)]
struct Moved {
    tag: Tag,
    previous: Option<Digest>,
}

pub(crate) async fn upload(
    State(api): State<Api>,
    _: Query<()>,
    Body(upload): Body<Upload>,
) -> Result<(StatusCode, Json<Uploaded>), ApiError> {
    let (source, compilable) = upload.sources()?;
    let options = upload.options()?;
    let compiled = api.compiler.compile(&compilable).await?;
    let catalogue = Arc::clone(&api.catalogue);
    api.carry_through_blocking(move || {
        let new =
            NewRevision { source: &source, metadata: Arc::clone(&compiled.metadata), engine: compiled.engine, world: WORLD };
        let added = catalogue.add(&new, &options)?;
        let status = if added.created { StatusCode::CREATED } else { StatusCode::OK };
        let uploaded =
            Uploaded { status: "pending_refresh", strategy_directory: DIRECTORY, module: Module::of(added, &compiled) };
        Ok((status, Json(uploaded)))
    })
    .await
}

impl Upload {
    /// The source as the catalogue keeps it and as the compiler reads it.
    fn sources(&self) -> Result<(Source, compile::Source), ApiError> {
        let blank = |text: &String| text.trim().is_empty();
        match (&self.source, &self.files) {
            (Some(source), None) if !blank(source) => {
                let path = match (&self.filename, &self.name) {
                    (Some(filename), _) => filename.clone(),
                    (None, Some(name)) => format!("{}.js", strategy_name(name)?),
                    (None, None) => "strategy.js".to_owned(),
                };
                check_file_name(&path).map_err(CatalogueError::from)?;
                let kept = Source::single(source.as_bytes()).map_err(CatalogueError::from)?;
                Ok((kept, compile::Source::single(&path, source.as_bytes())?))
            }
            (None, Some(files)) if !files.is_empty() => self.several(files),
            _ => {
                Err(ApiError::new(Code::SourceRequired, "source required: send either `source` or `files`, and not a blank one"))
            }
        }
    }

    /// Several files are stored as they are, so that what `require` finds does not change: the entry is `<name>.js` from the
    /// beginning.
    fn several(&self, files: &BTreeMap<String, String>) -> Result<(Source, compile::Source), ApiError> {
        let Some(name) = &self.name else {
            return Err(ApiError::new(Code::SourceRequired, "`files` needs `name`: the file `<name>.js` exports the strategy"));
        };
        let entry = format!("{}.js", strategy_name(name)?);
        if self.filename.as_ref().is_some_and(|filename| *filename != entry) {
            return Err(ApiError::new(
                Code::SourceRequired,
                format!("with `files` the entry is `{entry}`; leave `filename` out"),
            ));
        }
        let Some(text) = files.get(&entry) else {
            return Err(ApiError::new(
                Code::SourceRequired,
                format!("`files` has no `{entry}`, which should export the strategy"),
            ));
        };
        let others = files.iter().filter(|(path, _)| **path != entry);
        let kept = Source::with_files(text.as_bytes(), others.map(|(path, text)| (path.as_str(), text.as_bytes())));
        let file =
            |(path, text): (&String, &String)| compile::SourceFile { path: path.clone(), bytes: text.clone().into_bytes() };
        let compilable = compile::Source::several(&entry, files.iter().map(file).collect())?;
        Ok((kept.map_err(CatalogueError::from)?, compilable))
    }

    /// Names and tags are read before the source is compiled: a slip in one of them is told at once.
    fn options(self) -> Result<AddOptions, ApiError> {
        if let Some(name) = &self.name {
            strategy_name(name)?;
        }
        for tag in self.tag.iter().chain(&self.aliases).chain(&self.reassign_tags) {
            Tag::new(tag.trim())?;
        }
        Ok(AddOptions {
            name: self.name,
            tag: self.tag,
            aliases: self.aliases,
            reassign_tags: self.reassign_tags,
            promote_latest: self.promote_latest,
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
