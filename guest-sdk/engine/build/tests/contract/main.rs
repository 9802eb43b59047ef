//! The contract between an author's JavaScript and the engine, held against the committed `engine.wasm`.

mod again;
mod handlers;
mod helpers;
mod hostile;
mod load;
mod numbers;
mod plain;
mod speed;
mod support;
