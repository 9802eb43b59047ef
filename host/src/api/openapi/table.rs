//! The route table: one line gives a route to the router and to the description, which is read from the handler's signature.

use std::future::Future;

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, on};
use serde_json::{Map, Value};

use super::schemas::Schemas;
use super::{About, Answers, Operation, Takes};
use crate::api::error::Code;
use crate::api::state::Api;

/// Routes that share who may call them.
#[derive(Default)]
pub(crate) struct Table {
    router: Router<Api>,
    entries: Vec<Entry>,
}

/// A line of the table.
pub(super) struct Entry {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    /// The folder of the handler: what the operation is about.
    pub(super) noun: &'static str,
    /// The file of the handler: what it does.
    pub(super) verb: &'static str,
    about: &'static About,
    describe: fn(&mut Operation<'_>),
}

/// A handler whose arguments and answer describe themselves.
pub(crate) trait Described<Arguments> {
    /// Adds everything that the signature says.
    fn describe(operation: &mut Operation<'_>);
}

macro_rules! described {
    ($($argument:ident)*) => {
        impl<F, A, $($argument,)*> Described<($($argument,)*)> for F
        where
            F: Fn($($argument),*) -> A,
            A: Future,
            A::Output: Answers,
            $($argument: Takes,)*
        {
            fn describe(operation: &mut Operation<'_>) {
                $($argument::describe(operation);)*
                A::Output::describe(operation);
            }
        }
    };
}

described!(T1);
described!(T1 T2);
described!(T1 T2 T3);
described!(T1 T2 T3 T4);
described!(T1 T2 T3 T4 T5);
described!(T1 T2 T3 T4 T5 T6);
described!(T1 T2 T3 T4 T5 T6 T7);

/// `METHOD "path" => noun::verb::handler;` per line. The description takes its name from noun and verb, and the rest from the
/// handler's signature and from `ABOUT` of its file.
macro_rules! routes {
    ($($method:ident $path:literal => $noun:ident::$verb:ident::$handler:ident;)+) => {
        crate::api::openapi::Table::default()
            $(.with(
                axum::routing::MethodFilter::$method,
                [stringify!($method), $path, stringify!($noun), stringify!($verb)],
                $noun::$verb::$handler,
                &$noun::$verb::ABOUT,
            ))+
    };
}
pub(crate) use routes;

impl Table {
    /// One line more: `names` are the method, the path, the noun and the verb.
    pub(crate) fn with<H, T, A>(
        mut self,
        method: MethodFilter,
        names: [&'static str; 4],
        handler: H,
        about: &'static About,
    ) -> Self
    where
        H: Handler<T, Api> + Described<A>,
        T: 'static,
    {
        let [name, path, noun, verb] = names;
        self.router = self.router.route(path, on(method, handler));
        self.entries.push(Entry { method: name, path, noun, verb, about, describe: H::describe });
        self
    }

    /// What the router and what the description is made of.
    pub(crate) fn split(self) -> (Router<Api>, Entries) {
        (self.router, Entries(self.entries))
    }
}

/// The lines of a table without its router.
pub(crate) struct Entries(pub(super) Vec<Entry>);

impl Entries {
    /// These and then those.
    pub(crate) fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }
}

impl Entry {
    /// `strategies` and `list` make `strategiesList`.
    pub(super) fn id(&self) -> String {
        let mut id = self.noun.to_owned();
        for word in self.verb.split('_') {
            let mut letters = word.chars();
            id.extend(letters.next().map(|first| first.to_ascii_uppercase()));
            id.push_str(letters.as_str());
        }
        id
    }

    /// The operation as the document has it.
    pub(super) fn describe(&self, open: bool, schemas: &mut Schemas) -> Map<String, Value> {
        let mut operation = Operation::new(self.path, schemas);
        (self.describe)(&mut operation);
        operation.refuses(self.about.refusals);
        operation.refuses(&[Code::HostMissing, Code::HostNotAllowed, Code::Internal, Code::TimedOut]);
        if !open {
            operation.refuses(&[Code::Unauthorized]);
        }
        if self.method != "GET" {
            operation.refuses(&[Code::CrossSite]);
        }
        let mut described = Map::new();
        described.insert("operationId".to_owned(), self.id().into());
        described.insert("tags".to_owned(), vec![self.noun].into());
        described.insert("summary".to_owned(), self.about.summary().into());
        if let Some(description) = self.about.description() {
            described.insert("description".to_owned(), description.into());
        }
        if open {
            described.insert("security".to_owned(), Value::Array(Vec::new()));
        }
        described.extend(operation.finish());
        described
    }
}
