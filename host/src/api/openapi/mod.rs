//! The description of the control plane, OpenAPI 3.1. It is not written beside the handlers but read from them: what a handler
//! takes (`takes`) and answers (`answers`) is in its signature, so the two cannot differ. What a signature cannot say, a sentence
//! and the refusals of its own, stands in the handler's file as `about!`; a route without it does not compile.
//! `docs/openapi.json` is the committed copy, compared by a test. Must not know what an operation does.

mod about;
mod answers;
mod document;
pub(super) mod examples;
pub(super) mod get;
mod operation;
mod placeholders;
mod schemas;
pub(super) mod spelling;
mod table;
mod takes;
#[cfg(test)]
mod tests;

pub(super) use about::{About, about};
pub(super) use answers::{Answers, Begun, BegunAt, Created, Stored, Tagged};
pub(super) use document::Document;
pub(super) use operation::Operation;
pub(super) use table::{Table, routes};
pub(super) use takes::Takes;
