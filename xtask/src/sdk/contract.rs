//! Reads `wit/` into what the types need: names, shapes, documentation. The parser is the one that wasmtime's bindings use.

use std::collections::BTreeMap;
use std::path::Path;

use wit_parser::{Function, Resolve, Type, TypeDef, TypeDefKind, WorldItem};

/// Types and functions by `interface.name`.
pub(super) struct Contract {
    pub(super) items: BTreeMap<String, Item>,
}

pub(super) struct Item {
    pub(super) docs: String,
    pub(super) shape: Shape,
}

pub(super) enum Shape {
    Record(Vec<Field>),
    Enum(Vec<String>),
    Flags(Vec<String>),
    Variant(Vec<String>),
    /// Names of the parameters, and the type of the result.
    Func(String),
}

pub(super) struct Field {
    pub(super) name: String,
    pub(super) ty: String,
    pub(super) docs: String,
}

impl Contract {
    pub(super) fn read(folder: &Path) -> Self {
        let mut resolve = Resolve::default();
        resolve.push_dir(folder).unwrap();
        let mut items = BTreeMap::new();
        for (_, interface) in &resolve.interfaces {
            let owner = interface.name.as_deref().expect("the interfaces of wit/ have names");
            for (name, id) in &interface.types {
                if let Some(item) = type_item(&resolve, &resolve.types[*id]) {
                    items.insert(format!("{owner}.{name}"), item);
                }
            }
            for (name, function) in &interface.functions {
                items.insert(format!("{owner}.{name}"), function_item(&resolve, function));
            }
        }
        for (_, world) in &resolve.worlds {
            for item in world.imports.values().chain(world.exports.values()) {
                if let WorldItem::Function(function) = item {
                    items.insert(format!("{}.{}", world.name, function.name), function_item(&resolve, function));
                }
            }
        }
        Self { items }
    }

    /// What a function costs, in the words of its documentation.
    pub(super) fn cost(&self, name: &str) -> Option<String> {
        let docs = &self.items.get(name)?.docs;
        let (_, rest) = docs.split_once("Cost: ").or_else(|| docs.split_once("Each costs "))?;
        let sentence = rest.split(". ").next().unwrap_or_default();
        Some(sentence.split("; ").next().unwrap_or_default().trim_end_matches('.').to_owned())
    }

    pub(super) fn field(&self, name: &str, field: &str) -> Option<&Field> {
        match &self.items.get(name)?.shape {
            Shape::Record(fields) => fields.iter().find(|known| known.name == field),
            _ => None,
        }
    }
}

fn one_line(docs: &wit_parser::Docs) -> String {
    docs.contents.as_deref().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn type_item(resolve: &Resolve, definition: &TypeDef) -> Option<Item> {
    let shape = match &definition.kind {
        TypeDefKind::Record(record) => {
            let field = |field: &wit_parser::Field| Field {
                name: field.name.clone(),
                ty: spelled(resolve, &field.ty),
                docs: one_line(&field.docs),
            };
            Shape::Record(record.fields.iter().map(field).collect())
        }
        TypeDefKind::Enum(list) => Shape::Enum(list.cases.iter().map(|case| case.name.clone()).collect()),
        TypeDefKind::Flags(list) => Shape::Flags(list.flags.iter().map(|flag| flag.name.clone()).collect()),
        TypeDefKind::Variant(list) => Shape::Variant(list.cases.iter().map(|case| case.name.clone()).collect()),
        // A name that one interface takes from another.
        TypeDefKind::Type(_) => return None,
        other => panic!("{:?}: the types of the package know no {other:?}", definition.name),
    };
    Some(Item { docs: one_line(&definition.docs), shape })
}

fn function_item(resolve: &Resolve, function: &Function) -> Item {
    let parameters = function.params.iter().map(|parameter| parameter.name.as_str()).collect::<Vec<_>>().join(", ");
    let result = function.result.as_ref().map(|result| format!("-> {}", spelled(resolve, result)));
    let signature = [parameters, result.unwrap_or_default()].join(" ").trim().to_owned();
    Item { docs: one_line(&function.docs), shape: Shape::Func(signature) }
}

/// A type as WIT writes it.
fn spelled(resolve: &Resolve, ty: &Type) -> String {
    let id = match ty {
        Type::Id(id) => *id,
        plain => return format!("{plain:?}").to_lowercase(),
    };
    let definition = &resolve.types[id];
    if let Some(name) = &definition.name {
        return name.clone();
    }
    match &definition.kind {
        TypeDefKind::Option(inner) => format!("option<{}>", spelled(resolve, inner)),
        TypeDefKind::List(inner) => format!("list<{}>", spelled(resolve, inner)),
        TypeDefKind::Tuple(tuple) => {
            let types: Vec<_> = tuple.types.iter().map(|ty| spelled(resolve, ty)).collect();
            format!("tuple<{}>", types.join(", "))
        }
        TypeDefKind::Result(result) => {
            let side = |side: &Option<Type>| side.as_ref().map_or_else(|| "_".to_owned(), |ty| spelled(resolve, ty));
            match (&result.ok, &result.err) {
                (None, None) => "result".to_owned(),
                (ok, err) => format!("result<{}, {}>", side(ok), side(err)),
            }
        }
        other => panic!("the types of the package know no {other:?}"),
    }
}
