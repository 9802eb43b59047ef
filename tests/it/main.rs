//! The whole host, as its users see it: real catalogue, database, compiler, sandbox, desk and paper venue behind the real
//! control plane. One file per subject; `support` holds what they share.

mod support;

mod auth;
mod catalogue;
mod errors;
mod guests;
mod hardening;
mod instances;
mod isolation;
mod orders;
mod restart;
mod upload;
