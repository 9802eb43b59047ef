//! How requests may spell what answers spell in one way only. The types stand for text in descriptions; the operations read it.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

macro_rules! spelling {
    ($(#[doc = $doc:literal])+ $name:ident $pattern:expr) => {
        $(#[doc = $doc])+
        pub(in crate::api) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some($pattern));
                text.description(Some(concat!($($doc),+).trim())).into()
            }
        }

        impl ToSchema for $name {}
    };
}

spelling! {
    /// A SHA-256 digest: 64 hex digits of either case, with or without `sha256:`.
    AnyHash "^(sha256:)?[0-9A-Fa-f]{64}$"
}

spelling! {
    /// A strategy's name: capitals are lowered, white space around it is left out.
    AnyStrategy r"^\s*(?!([0-9A-Fa-f]{64}|[Ss][Hh][Aa]256)\s*$)[A-Za-z0-9][A-Za-z0-9._-]{0,63}\s*$"
}

spelling! {
    /// A selector of any form, `name`, `name:tag`, `name@sha256:<64 hex>` or `sha256:<64 hex>`: white space around it is left out.
    AnySelector concat!(
        r"^\s*((?!([0-9A-Fa-f]{64}|[Ss][Hh][Aa]256)\s*([:@]|$))[A-Za-z0-9][A-Za-z0-9._-]{0,63}",
        r"(\s*:(?![0-9A-Fa-f]{64}\s*$)[A-Za-z0-9_][A-Za-z0-9._-]{0,127}|\s*@(sha256:)?[0-9A-Fa-f]{64})?|(sha256:)?[0-9A-Fa-f]{64})\s*$"
    )
}

spelling! {
    /// An id or a provider's name: white space around it is left out.
    AnyName r"^\s*[A-Za-z0-9][A-Za-z0-9._-]{0,63}\s*$"
}

spelling! {
    /// Text that is not blank.
    NotBlank r"\S"
}
