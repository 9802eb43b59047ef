//! The world of `wit/`, generated. Nothing else in the crate names the component ABI.

#![allow(clippy::too_many_arguments, reason = "the component ABI flattens records into arguments")]

wit_bindgen::generate!({
    path: "../../wit",
    world: "strategy",
    pub_export_macro: true,
});
