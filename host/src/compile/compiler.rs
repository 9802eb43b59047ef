//! The compiler: takes turns, keeps what it made, and puts the steps together. Off the async threads.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use prometheus::{Histogram, IntCounterVec};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use wasmtime::component::Component;

use super::cache::{Cache, Entry};
use super::engine::{ENGINE, engine_hash};
use super::error::{CompileError, Failure};
use super::judgement::{self, Judgement, RULES};
use super::snapshot::{Loader, instrument};
use super::{dry_run, metadata, native};
use crate::base::metrics::Metrics;
use crate::base::{Clock as _, Digest, SystemClock};
use crate::compile::{Diagnostic, Source};
use crate::sandbox::{Metadata, Program, Sandbox};

/// How sources are compiled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CompilerConfig {
    /// Where native code is kept; nowhere when absent, and every start compiles anew.
    pub cache_dir: Option<PathBuf>,
    /// Bytes that the cache may take: what was written longest ago is deleted first. A revision takes some 4 MB.
    pub cache_bytes: u64,
    /// Compilations at the same time. One of them uses all cores by itself, so more only share them.
    pub workers: usize,
    /// Compilations that may wait; one more is refused.
    pub queue: usize,
}

impl Default for CompilerConfig {
    fn default() -> Self {
        Self { cache_dir: None, cache_bytes: 2 << 30, workers: 1, queue: 16 }
    }
}

/// A source that became a component.
#[derive(Debug)]
pub struct Compiled {
    /// The hash of the source.
    pub source: Digest,
    /// The hash of the engine inside.
    pub engine: Digest,
    /// The self-contained WebAssembly component.
    pub component: Vec<u8>,
    /// What it may call: interfaces of `sandpit:strategy`, nothing else.
    pub imports: Vec<String>,
    /// What the source says about itself.
    pub metadata: Arc<Metadata>,
    /// Fuel of evaluating the source.
    pub fuel_load: u64,
    /// Fuel of `create` with the default configuration; absent when a required field has no default.
    pub fuel_create: Option<u64>,
    /// Ready to run.
    pub program: Arc<Program>,
}

/// What the cache knows about native code.
#[derive(Serialize, Deserialize)]
struct About {
    metadata: Metadata,
    component_bytes: u64,
}

/// Process lifetime; clones share.
#[derive(Clone)]
pub struct Compiler {
    inner: Arc<Inner>,
}

struct Inner {
    sandbox: Sandbox,
    cache: Option<Cache>,
    compatibility: String,
    /// Names the limits that sources are judged by: with more fuel or memory, what was refused may pass.
    limits: String,
    loader: Mutex<Option<Arc<Loader>>>,
    programs: Mutex<HashMap<Digest, Weak<Program>>>,
    places: Semaphore,
    turns: Semaphore,
    waiting: usize,
    outcomes: IntCounterVec,
    seconds: Histogram,
    clock: SystemClock,
}

impl Compiler {
    /// Opens the cache; compiles nothing yet.
    ///
    /// # Errors
    /// [`CompileError::Host`] when the cache directory cannot be used.
    pub fn new(sandbox: &Sandbox, config: &CompilerConfig, metrics: &Metrics) -> Result<Self, CompileError> {
        let open = |dir: &PathBuf| {
            Cache::open(dir, config.cache_bytes).map_err(|error| CompileError::Host(format!("compiled cache: {error}")))
        };
        let outcomes = metrics.counter_vec(
            "sandpit_compilations_total",
            "Sources that were compiled: `compiled`, `diagnostics` (the author's mistake), `failed` (ours), or `cached`.",
            &["outcome"],
        );
        let seconds = metrics.histogram(
            "sandpit_compilation_seconds",
            "Time from a source to a program, without waiting for a turn.",
            vec![0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0],
        );
        let workers = config.workers.max(1);
        Ok(Self {
            inner: Arc::new(Inner {
                sandbox: sandbox.clone(),
                cache: config.cache_dir.as_ref().map(open).transpose()?,
                compatibility: native::compatibility(sandbox),
                limits: name_of_limits(sandbox)?,
                loader: Mutex::new(None),
                programs: Mutex::new(HashMap::new()),
                places: Semaphore::new(workers + config.queue),
                turns: Semaphore::new(workers),
                waiting: config.queue,
                outcomes,
                seconds,
                clock: SystemClock::new(),
            }),
        })
    }

    /// The sandbox that its programs run in.
    pub fn sandbox(&self) -> &Sandbox {
        &self.inner.sandbox
    }

    /// The hash of the engine that goes into every component.
    pub fn engine_hash(&self) -> Digest {
        engine_hash()
    }

    /// Prepares everything that does not depend on a source, so that the first upload is as fast as the second.
    ///
    /// # Errors
    /// [`CompileError::Host`].
    pub async fn warm(&self) -> Result<(), CompileError> {
        self.run(|inner, _| {
            inner.loader()?;
            if inner.sandbox.code_cache().len() == 0 {
                native::compile(&inner.sandbox, ENGINE).map_err(|error| CompileError::Host(format!("{error:#}")))?;
                inner.save_functions(0);
            }
            Ok(())
        })
        .await
    }

    /// What the source with this hash turned out to be when it was compiled with the same engine, rules and limits, from a
    /// small file: its native code is not touched. `None` when that is not known. Blocks on the disk for some 0.1 ms.
    pub fn judged(&self, source: Digest) -> Option<Judgement> {
        let kept = self.inner.cache.as_ref()?.judgement(&self.inner.judgement_name(source))?;
        judgement::from_bytes(&kept)
    }

    /// Compiles a source, whether the cache has it or not, and keeps the result in the cache.
    ///
    /// # Errors
    /// [`CompileError::Diagnostics`] when it is not a strategy.
    #[tracing::instrument(name = "compile", skip_all)]
    pub async fn compile(&self, source: &Source) -> Result<Compiled, CompileError> {
        let source = source.clone();
        self.run(move |inner, runtime| inner.compile(&source, runtime)).await
    }

    /// The program of a source: one that is running already, one from the cache, or a fresh one.
    ///
    /// # Errors
    /// As [`Compiler::compile`].
    pub async fn program(&self, source: &Source) -> Result<Arc<Program>, CompileError> {
        if let Some(program) = self.inner.known(source.digest()) {
            return Ok(program);
        }
        let source = source.clone();
        self.run(move |inner, runtime| match inner.known(source.digest()).or_else(|| inner.cached(source.digest())) {
            Some(program) => Ok(program),
            None => inner.compile(&source, runtime).map(|compiled| compiled.program),
        })
        .await
    }

    /// Takes a turn and works on a thread of its own.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner, &tokio::runtime::Handle) -> Result<T, CompileError> + Send + 'static,
    ) -> Result<T, CompileError> {
        let _place = self.inner.places.try_acquire().map_err(|_| CompileError::Busy(self.inner.waiting))?;
        let _turn = self.inner.turns.acquire().await.map_err(|_| CompileError::Host("the compiler has ended".to_owned()))?;
        let inner = self.inner.clone();
        let runtime = tokio::runtime::Handle::current();
        tokio::task::spawn_blocking(move || work(&inner, &runtime))
            .await
            .unwrap_or_else(|error| Err(CompileError::Host(format!("a compilation ended early: {error}"))))
    }
}

impl Inner {
    fn compile(&self, source: &Source, runtime: &tokio::runtime::Handle) -> Result<Compiled, CompileError> {
        let began = self.clock.now();
        let result = self.try_compile(source, runtime).map_err(CompileError::from);
        let outcome = match &result {
            Ok(compiled) => {
                self.keep_judgement(source.digest(), Ok(&compiled.metadata));
                "compiled"
            }
            Err(CompileError::Diagnostics(diagnostics)) => {
                self.keep_judgement(source.digest(), Err(diagnostics));
                "diagnostics"
            }
            Err(_) => "failed",
        };
        self.outcomes.with_label_values(&[outcome]).inc();
        self.seconds.observe(self.clock.now().since(began).as_secs_f64());
        result
    }

    fn try_compile(&self, source: &Source, runtime: &tokio::runtime::Handle) -> Result<Compiled, Failure> {
        let limits = &self.sandbox.config().limits;
        let loader = self.loader().map_err(|error| Failure::Host(error.to_string()))?;
        let evaluated = runtime.block_on(loader.evaluate(source, limits))?;
        let metadata = Arc::new(metadata::check(&evaluated.metadata).map_err(Failure::Diagnostics)?);
        let known = self.sandbox.code_cache().len();
        let native = native::compile(&self.sandbox, &evaluated.component)?;
        self.save_functions(known);
        let imports = imports(&self.sandbox, &native)?;
        let bytes = evaluated.component.len() as u64;
        let program = self.program(source.digest(), &native, metadata.clone(), bytes)?;
        let fuel_create = runtime.block_on(dry_run::create(&program, source, limits))?;
        if let Some(cache) = &self.cache {
            let about = About { metadata: (*metadata).clone(), component_bytes: bytes };
            let about = serde_json::to_vec(&about).map_err(|error| Failure::Host(error.to_string()))?;
            cache.put(&self.name(source.digest()), &Entry { about, native: native.serialize()? });
        }
        self.remember(&program);
        Ok(Compiled {
            source: source.digest(),
            engine: engine_hash(),
            component: evaluated.component,
            imports,
            metadata,
            fuel_load: evaluated.fuel,
            fuel_create,
            program,
        })
    }

    fn keep_judgement(&self, source: Digest, judgement: Result<&Metadata, &[Diagnostic]>) {
        if let (Some(cache), Some(kept)) = (&self.cache, judgement::to_bytes(judgement)) {
            cache.put_judgement(&self.judgement_name(source), &kept);
        }
    }

    fn judgement_name(&self, source: Digest) -> String {
        format!("{}-{}", self.name(source), self.limits)
    }

    /// The engine that evaluates sources: compiled once per process, or loaded from the cache.
    fn loader(&self) -> Result<Arc<Loader>, CompileError> {
        let mut kept = self.loader.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(loader) = &*kept {
            return Ok(loader.clone());
        }
        let loader = Arc::new(self.make_loader().map_err(|error| CompileError::Host(format!("engine: {error:#}")))?);
        *kept = Some(loader.clone());
        Ok(loader)
    }

    fn make_loader(&self) -> wasmtime::Result<Loader> {
        let name = format!("engine-{}", self.suffix());
        let (context, instrumented) = instrument()?;
        if let Some(functions) = self.cache.as_ref().and_then(|cache| cache.get(&self.functions_name())) {
            self.sandbox.code_cache().import(&functions.native);
        }
        let cached = self.cache.as_ref().and_then(|cache| cache.get(&name));
        if let Some(component) = cached.and_then(|entry| native::load(&self.sandbox, &entry.native).ok()) {
            return Loader::new(&self.sandbox, context, &component);
        }
        let component = native::compile(&self.sandbox, &instrumented)?;
        if let Some(cache) = &self.cache {
            cache.put(&name, &Entry { about: Vec::new(), native: component.serialize()? });
        }
        Loader::new(&self.sandbox, context, &component)
    }

    /// Keeps the engine's functions for the next process, when more than a few have been added to the `known` ones: some
    /// come out in one of several orders, so every compilation adds fewer.
    fn save_functions(&self, known: usize) {
        let functions = self.sandbox.code_cache();
        if let Some(cache) = &self.cache
            && functions.len() > known + 50
        {
            cache.put(&self.functions_name(), &Entry { about: Vec::new(), native: functions.export() });
        }
    }

    fn functions_name(&self) -> String {
        format!("functions-{}", self.suffix())
    }

    /// A program that someone still holds.
    fn known(&self, source: Digest) -> Option<Arc<Program>> {
        self.programs.lock().unwrap_or_else(PoisonError::into_inner).get(&source)?.upgrade()
    }

    fn remember(&self, program: &Arc<Program>) {
        let mut programs = self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        programs.retain(|_, program| program.strong_count() > 0);
        programs.insert(program.source_hash(), Arc::downgrade(program));
    }

    fn cached(&self, source: Digest) -> Option<Arc<Program>> {
        let entry = self.cache.as_ref()?.get(&self.name(source))?;
        let about: About = serde_json::from_slice(&entry.about).ok()?;
        let native = native::load(&self.sandbox, &entry.native).ok()?;
        let program = self.program(source, &native, Arc::new(about.metadata), about.component_bytes).ok()?;
        self.outcomes.with_label_values(&["cached"]).inc();
        self.remember(&program);
        if self.cache.as_ref().is_some_and(|cache| !cache.has_judgement(&self.judgement_name(source))) {
            self.keep_judgement(source, Ok(program.metadata()));
        }
        Some(program)
    }

    fn program(&self, source: Digest, native: &Component, metadata: Arc<Metadata>, bytes: u64) -> Result<Arc<Program>, Failure> {
        Program::new(&self.sandbox, native, metadata, (source, engine_hash()), bytes)
            .map(Arc::new)
            .map_err(|error| Failure::Host(error.to_string()))
    }

    /// The name of a revision's native code: source, engine, what the code is for, and the rules that its metadata passed.
    fn name(&self, source: Digest) -> String {
        format!("{}-{}-{RULES}", source.hex(), self.suffix())
    }

    fn suffix(&self) -> String {
        format!("{}-{}", &engine_hash().hex()[..16], self.compatibility)
    }
}

fn name_of_limits(sandbox: &Sandbox) -> Result<String, CompileError> {
    let limits = serde_json::to_vec(&sandbox.config().limits).map_err(|error| CompileError::Host(error.to_string()))?;
    Ok(Digest::of(&limits).hex()[..16].to_owned())
}

/// What a component asks for. The linker would refuse anything unknown as well; this says it by name.
fn imports(sandbox: &Sandbox, native: &Component) -> Result<Vec<String>, Failure> {
    let kind = native.component_type();
    let imports: Vec<String> = kind.imports(sandbox.engine()).map(|(name, _)| name.to_owned()).collect();
    match imports.iter().find(|name| !name.starts_with(crate::sandbox::PACKAGE)) {
        Some(foreign) => Err(Failure::Host(format!("the engine asks for {foreign}: it was built wrong"))),
        None => Ok(imports),
    }
}
