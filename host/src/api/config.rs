//! What an operator can set about the control plane, with the reasons for the defaults.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The section `api` of the configuration.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ApiConfig {
    /// Where to listen. Default `127.0.0.1:8880`: reachable from this machine only.
    pub listen: SocketAddr,
    /// Who may call. Default `token`.
    pub auth: AuthMode,
    /// Host names, without port, that requests may be addressed to besides `localhost` and IP addresses. Default none.
    pub allowed_hosts: Vec<String>,
    /// What a client may take up.
    pub limits: ApiLimits,
}

/// Who may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthMode {
    /// Whoever carries the admin token of the data directory.
    Token,
    /// Everybody who reaches the address: only on loopback.
    None,
}

/// The limits of the control plane.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ApiLimits {
    /// Connections served at once; further ones wait in the kernel's queue. Default 1,024: below the usual 1,024 to 4,096
    /// descriptors of a service together with what the host itself holds open, far above what operators need.
    pub connections_max: usize,
    /// Milliseconds for the head of a request to arrive, and for an idle connection to stay open. Default 5,000.
    pub header_read_ms: u64,
    /// Header lines of a request. Default 64: browsers send about 20.
    pub headers_max: usize,
    /// Bytes of a request's head. Default 16 KiB.
    pub head_bytes: usize,
    /// Bytes of a request's body. Default 1 MiB: a source of 256 KiB with every character escaped still fits.
    pub body_bytes: usize,
    /// Milliseconds for a whole body to arrive, however steadily it drips. Default 8,000.
    pub body_read_ms: u64,
    /// Milliseconds until a request is answered `timed_out`. Default 30,000: the slowest operation, a cold compile on a busy
    /// machine, takes a few seconds.
    pub request_ms: u64,
    /// Milliseconds that open requests get at shutdown. Default 3,000.
    pub shutdown_ms: u64,
}

impl Default for ApiConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8880)),
            auth: AuthMode::Token,
            allowed_hosts: Vec::new(),
            limits: ApiLimits::default(),
        }
    }
}

impl Default for ApiLimits {
    fn default() -> Self {
        Self {
            connections_max: 1024,
            header_read_ms: 5_000,
            headers_max: 64,
            head_bytes: 16 << 10,
            body_bytes: 1 << 20,
            body_read_ms: 8_000,
            request_ms: 30_000,
            shutdown_ms: 3_000,
        }
    }
}

/// A configuration that must not be served.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiConfigError {
    /// Open to everybody on an address that others reach.
    #[error(
        "api.auth is `none` but api.listen is {0}: without a token only loopback addresses are served; set api.auth to `token`"
    )]
    OpenToOthers(SocketAddr),
    /// A limit of nothing.
    #[error("api.limits.{name} is {given}: it must be at least {least}")]
    LimitTooSmall {
        /// The limit.
        name: &'static str,
        /// What was set.
        given: u64,
        /// The smallest value that can work.
        least: u64,
    },
}

impl ApiConfig {
    /// Checks what types cannot.
    ///
    /// # Errors
    /// [`ApiConfigError`] naming the key.
    pub fn validate(&self) -> Result<(), ApiConfigError> {
        if self.auth == AuthMode::None && !self.listen.ip().is_loopback() {
            return Err(ApiConfigError::OpenToOthers(self.listen));
        }
        let limits = &self.limits;
        // hyper refuses to work with a read buffer under 8 KiB.
        let least = [
            ("connectionsMax", limits.connections_max as u64, 1),
            ("headerReadMs", limits.header_read_ms, 1),
            ("headersMax", limits.headers_max as u64, 8),
            ("headBytes", limits.head_bytes as u64, 8 << 10),
            ("bodyBytes", limits.body_bytes as u64, 1 << 10),
            ("bodyReadMs", limits.body_read_ms, 1),
            ("requestMs", limits.request_ms, 1),
        ];
        match least.into_iter().find(|(_, given, least)| given < least) {
            Some((name, given, least)) => Err(ApiConfigError::LimitTooSmall { name, given, least }),
            None => Ok(()),
        }
    }
}

impl ApiLimits {
    pub(super) fn header_read(&self) -> Duration {
        Duration::from_millis(self.header_read_ms)
    }

    pub(super) fn body_read(&self) -> Duration {
        Duration::from_millis(self.body_read_ms)
    }

    pub(super) fn request(&self) -> Duration {
        Duration::from_millis(self.request_ms)
    }

    pub(super) fn shutdown(&self) -> Duration {
        Duration::from_millis(self.shutdown_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_auth_is_for_loopback_only() {
        let mut config = ApiConfig { auth: AuthMode::None, ..ApiConfig::default() };
        assert_eq!(config.validate(), Ok(()));
        for open in ["0.0.0.0:8880", "192.168.1.2:8880", "[::]:8880"] {
            config.listen = open.parse().unwrap();
            assert_eq!(config.validate(), Err(ApiConfigError::OpenToOthers(config.listen)), "{open}");
        }
        config.listen = "[::1]:8880".parse().unwrap();
        assert_eq!(config.validate(), Ok(()));
        config.listen = "0.0.0.0:8880".parse().unwrap();
        config.auth = AuthMode::Token;
        assert_eq!(config.validate(), Ok(()));
    }

    #[test]
    fn a_limit_of_nothing_is_refused_by_name() {
        let mut config = ApiConfig::default();
        config.limits.head_bytes = 100;
        assert!(config.validate().is_err_and(|error| error.to_string().contains("headBytes is 100: it must be at least 8192")));
    }
}
