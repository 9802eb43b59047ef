//! Requests that a browser was tricked into: another site's pages, and another site's name pointing at this address.
//!
//! A page of another site can make a browser send requests here, and by DNS rebinding can make the browser believe that
//! this host *is* that site. The first is told by `Sec-Fetch-Site` and `Origin`, the second by `Host`. No CORS header is
//! ever sent, so no page of another site reads an answer.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::Response;

use super::error::{ApiError, Code};

/// The host names this server answers for.
#[derive(Clone, Debug)]
pub(super) struct Hosts(Arc<[String]>);

impl Hosts {
    /// `localhost` and these names.
    pub(super) fn new(allowed: &[String]) -> Self {
        Self(allowed.iter().map(|name| name.to_ascii_lowercase()).chain(["localhost".to_owned()]).collect())
    }

    /// IP addresses always pass: rebinding needs a name whose meaning the attacker can change.
    fn allow(&self, authority: &Authority) -> bool {
        let host = authority.host();
        let literal = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        literal.parse::<IpAddr>().is_ok() || self.0.iter().any(|name| name.eq_ignore_ascii_case(host))
    }
}

/// Refuses requests that are addressed to a host we are not.
pub(super) async fn check_host(State(hosts): State<Hosts>, request: Request, next: Next) -> Result<Response, ApiError> {
    let authority = authority(&request)?;
    if !hosts.allow(&authority) {
        let message = format!(
            "this server does not answer for host `{}`; use an IP address or localhost, or list the name in api.allowedHosts",
            authority.host().escape_default()
        );
        return Err(ApiError::new(Code::HostNotAllowed, message));
    }
    Ok(next.run(request).await)
}

/// The one authority the request names: in the request line or in its one Host header, and if in both the same.
fn authority(request: &Request) -> Result<Authority, ApiError> {
    let missing = || ApiError::new(Code::HostMissing, "send exactly one Host header with the name of this server");
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => Some(host.to_str().ok().and_then(|text| text.parse::<Authority>().ok()).ok_or_else(missing)?),
        (None, _) => None,
        (Some(_), Some(_)) => return Err(missing()),
    };
    match (request.uri().authority().cloned(), host) {
        (Some(line), Some(host)) if line != host => Err(missing()),
        (Some(authority), _) | (None, Some(authority)) => Ok(authority),
        (None, None) => Err(missing()),
    }
}

/// Refuses writes that a browser sends on behalf of another site.
pub(super) async fn check_origin(request: Request, next: Next) -> Result<Response, ApiError> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if reads || same_site(request.headers()) {
        return Ok(next.run(request).await);
    }
    let message =
        "a page of another web site may not change anything here; use the console of this host or a client that is no browser";
    Err(ApiError::new(Code::CrossSite, message))
}

/// Browsers that know `Sec-Fetch-Site` tell the truth in it; older ones at least name the origin of a write. Clients that
/// send neither are no browsers.
fn same_site(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    match (text(header::HeaderName::from_static("sec-fetch-site")), text(header::ORIGIN)) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            let authority = origin.split_once("://").map(|(_, authority)| authority);
            authority.is_some() && authority == text(header::HOST)
        }
        (None, None) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_must_be_listed_and_addresses_pass() {
        let hosts = Hosts::new(&["Pit.Example".to_owned()]);
        for good in ["localhost", "LOCALHOST:8880", "127.0.0.1:1", "[::1]:8880", "10.1.2.3", "pit.example:443"] {
            assert!(hosts.allow(&good.parse().unwrap()), "{good}");
        }
        for bad in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8880", "pit.example.", "0x7f.1"] {
            assert!(!hosts.allow(&bad.parse().unwrap()), "{bad}");
        }
    }

    #[test]
    fn other_sites_are_told_by_fetch_metadata_or_origin() {
        let check = |pairs: &[(&'static str, &str)]| {
            let headers = pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
            same_site(&headers)
        };
        assert!(check(&[("host", "localhost:8880")]));
        assert!(check(&[("host", "localhost:8880"), ("origin", "http://localhost:8880")]));
        assert!(check(&[("host", "h"), ("sec-fetch-site", "same-origin"), ("origin", "http://h")]));
        assert!(!check(&[("host", "localhost:8880"), ("origin", "http://localhost:1")]));
        assert!(!check(&[("host", "localhost:8880"), ("origin", "https://evil.example")]));
        assert!(!check(&[("host", "localhost:8880"), ("origin", "null")]));
        for site in ["cross-site", "same-site", "nonsense"] {
            assert!(!check(&[("host", "h"), ("sec-fetch-site", site), ("origin", "http://h")]), "{site}");
        }
    }
}
