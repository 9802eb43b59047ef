//! From the linked module to the component: WASI goes, the world stays.

use anyhow::{Context, Result, bail, ensure};
use walrus::{ExportItem, FunctionId, ImportKind, Module, ModuleConfig};
use wit_component::{ComponentEncoder, DecodedWasm};
use wit_parser::WorldItem;

const WASI: &str = "wasi_snapshot_preview1";

/// Functions that the engine exports to stand in for the WASI imports of the same name.
const SHIM: &str = "shim:";

/// The only package that a strategy component may import from.
const ALLOWED_PACKAGE: &str = "sandpit:strategy/";

/// The component of the engine, valid and importing nothing but the world.
pub fn from_module(module: &[u8]) -> Result<Vec<u8>> {
    let module = answer_wasi_inside(module)?;
    let component = ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .context("the module does not carry the world of wit/")?
        .encode()
        .context("the module does not fit the world of wit/")?;
    check_imports(&component)?;
    Ok(component)
}

/// Points every WASI import at the export that stands in for it, then drops both.
fn answer_wasi_inside(module: &[u8]) -> Result<Vec<u8>> {
    let mut config = ModuleConfig::new();
    // Names cost a tenth of every strategy's component and would only tell where the builder ran.
    config.generate_name_section(std::env::var_os("SANDPIT_ENGINE_NAMES").is_some()).generate_producers_section(false);
    let mut module = config.parse(module).context("the linked module does not parse")?;
    for (name, import) in wasi_imports(&module) {
        let shim = shim(&module, &name)
            .with_context(|| format!("the engine needs the WASI function {name} and src/shim.rs does not answer it"))?;
        module
            .replace_imported_func(import, |(body, arguments)| {
                for argument in arguments {
                    body.local_get(*argument);
                }
                body.call(shim);
            })
            .with_context(|| format!("replacing the WASI function {name}"))?;
    }
    let shims: Vec<_> = module.exports.iter().filter(|export| export.name.starts_with(SHIM)).map(|e| e.id()).collect();
    for export in shims {
        module.exports.delete(export);
    }
    walrus::passes::gc::run(&mut module);
    let left: Vec<_> = module.imports.iter().filter(|import| import.module == WASI).map(|i| i.name.clone()).collect();
    ensure!(left.is_empty(), "WASI imports are left: {left:?}");
    Ok(module.emit_wasm())
}

fn wasi_imports(module: &Module) -> Vec<(String, FunctionId)> {
    let functions = module.imports.iter().filter(|import| import.module == WASI).filter_map(|import| match import.kind {
        ImportKind::Function(function) => Some((import.name.clone(), function)),
        _ => None,
    });
    functions.collect()
}

fn shim(module: &Module, name: &str) -> Option<FunctionId> {
    let wanted = format!("{SHIM}{name}");
    module.exports.iter().find(|export| export.name == wanted).and_then(|export| match export.item {
        ExportItem::Function(function) => Some(function),
        _ => None,
    })
}

/// What a strategy can do is what its import list says: nothing else may be on it.
fn check_imports(component: &[u8]) -> Result<()> {
    let DecodedWasm::Component(resolve, world) = wit_component::decode(component)? else {
        bail!("the encoder did not give a component");
    };
    for (key, item) in &resolve.worlds[world].imports {
        // The types that a world names for its own use are no imports.
        if matches!(item, WorldItem::Type { .. }) {
            continue;
        }
        let name = resolve.name_world_key(key);
        ensure!(name.starts_with(ALLOWED_PACKAGE), "the component imports {name}: only {ALLOWED_PACKAGE}* is allowed");
    }
    Ok(())
}
