//! One request of the control plane, before it is sent: method, path, query, body, precondition. Every part of a path and a
//! query is percent-encoded here and nowhere else.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use ureq::http::{HeaderName, header};

/// What RFC 3986 calls unreserved stays as it is.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The methods that the control plane has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
    Put,
    Delete,
}

impl Method {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    method: Method,
    target: String,
    body: Option<Value>,
    expected: Option<(HeaderName, String)>,
}

impl Request {
    /// Of a path given by its segments, which may hold any text.
    pub(crate) fn new<'a>(method: Method, segments: impl IntoIterator<Item = &'a str>) -> Self {
        let target = segments.into_iter().map(|segment| format!("/{}", encoded(segment))).collect();
        Self { method, target, body: None, expected: None }
    }

    /// A GET.
    pub(crate) fn get<'a>(segments: impl IntoIterator<Item = &'a str>) -> Self {
        Self::new(Method::Get, segments)
    }

    /// With a query parameter, when there is a value for it.
    pub(crate) fn query(mut self, name: &str, value: Option<impl ToString>) -> Self {
        if let Some(value) = value {
            let joint = if self.target.contains('?') { '&' } else { '?' };
            self.target.push_str(&format!("{joint}{name}={}", encoded(&value.to_string())));
        }
        self
    }

    /// With a query parameter that is only sent when it is true.
    pub(crate) fn flag(self, name: &str, value: bool) -> Self {
        self.query(name, value.then_some("true"))
    }

    /// With a JSON body.
    pub(crate) fn with_body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// Only if what is changed is still this (`If-Match`), or is still not there (`If-None-Match`).
    pub(crate) fn if_still(mut self, hash: Option<&str>) -> Self {
        self.expected = Some(match hash {
            Some(hash) => (header::IF_MATCH, format!("\"{hash}\"")),
            None => (header::IF_NONE_MATCH, "*".to_owned()),
        });
        self
    }

    pub(super) fn method(&self) -> Method {
        self.method
    }

    /// Path and query, as they go over the wire.
    pub(super) fn target(&self) -> &str {
        &self.target
    }

    pub(super) fn body(&self) -> Option<&Value> {
        self.body.as_ref()
    }

    pub(super) fn expected(&self) -> Option<&(HeaderName, String)> {
        self.expected.as_ref()
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_one_segment_or_one_value() {
        let target = |segments: &[&str]| Request::get(segments.iter().copied()).target().to_owned();
        assert_eq!(target(&["strategies", "modules"]), "/strategies/modules");
        assert_eq!(target(&["modules", "grid@sha256:ab"]), "/modules/grid%40sha256%3Aab");
        assert_eq!(target(&["modules", "a/b?c#d e%"]), "/modules/a%2Fb%3Fc%23d%20e%25");
        assert_eq!(target(&["modules", "grid:v1.0.0-rc_1~2"]), "/modules/grid%3Av1.0.0-rc_1~2");
        let request = Request::get(["m"]).query("at", Some("2026-11-20T14:00:00+01:00")).flag("all", true).flag("none", false);
        assert_eq!(request.query("limit", None::<usize>).target(), "/m?at=2026-11-20T14%3A00%3A00%2B01%3A00&all=true");
    }

    #[test]
    fn a_precondition_is_a_quoted_hash() {
        let still = |hash| Request::get(["m"]).if_still(hash).expected().unwrap().clone();
        assert_eq!(still(Some("sha256:ab")), (header::IF_MATCH, "\"sha256:ab\"".to_owned()));
        assert_eq!(still(None), (header::IF_NONE_MATCH, "*".to_owned()));
        assert_eq!(Request::get(["m"]).expected(), None);
    }
}
