//! The contract between an author's JavaScript and the engine, held against the committed `engine.wasm`.

mod handlers;
mod helpers;
mod hostile;
mod load;
mod plain;
mod speed;
mod support;
