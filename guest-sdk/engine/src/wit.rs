//! The world of `wit/`, generated. Nothing else in the crate names the component ABI.

wit_bindgen::generate!({
    path: "../../wit",
    world: "strategy",
    pub_export_macro: true,
});
