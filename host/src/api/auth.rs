//! Who may call: one bearer token, kept as a digest. Must not know what the routes do.

use std::fmt;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use subtle::ConstantTimeEq as _;

use crate::base::Digest;
use crate::providers::Providers;

use super::error::{ApiError, Code};
use super::extract::{Identity, Segment};

/// The name of the token's file in the data directory.
pub const TOKEN_FILE: &str = "admin.token";

/// 256 bits that open the control plane. Never printed by `Debug`.
#[derive(Clone)]
pub struct AdminToken(String);

impl AdminToken {
    /// Reads the token of a data directory, or makes one from 32 random bytes: 64 hex digits in a file only its owner reads.
    ///
    /// # Errors
    /// When the file can be neither read nor created, or holds something else.
    pub fn load_or_create(data_dir: &Path) -> io::Result<Self> {
        let path = data_dir.join(TOKEN_FILE);
        match Self::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::create(&path),
            read => read,
        }
    }

    /// Written beside and renamed, so that a crash cannot leave half a token under the name.
    fn create(path: &Path) -> io::Result<Self> {
        let mut random = [0; 32];
        getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
        let token = Self(Digest::of(&random).hex());
        let draft = path.with_extension("token.new");
        match fs::remove_file(&draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(token.0.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, path)?;
        Ok(token)
    }

    fn read(path: &Path) -> io::Result<Self> {
        // One byte more than any token and its line end, so that a wrong file is not read whole.
        let mut text = String::new();
        fs::File::open(path)?.take(256).read_to_string(&mut text)?;
        Self::new(text.trim()).ok_or_else(|| {
            let rule = "is no token: 32 to 128 letters and digits; delete the file to have a new one made";
            io::Error::new(io::ErrorKind::InvalidData, format!("{} {rule}", path.display()))
        })
    }

    /// A token chosen by an operator: 32 to 128 ASCII letters and digits.
    pub fn new(text: &str) -> Option<Self> {
        ((32..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())).then(|| Self(text.to_owned()))
    }

    /// The secret itself, for the URL that is printed once at the start.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminToken(..)")
    }
}

/// How requests are checked.
#[derive(Clone, Debug)]
pub enum Access {
    /// The request carries the token with this digest.
    Token(Digest),
    /// Everybody may; [`super::ApiConfig::validate`] sees to it that only loopback is served so.
    Open,
}

impl Access {
    /// Only whoever carries `token`.
    pub fn token(token: &AdminToken) -> Self {
        Self::Token(Digest::of(token.0.as_bytes()))
    }

    /// What the history calls whoever may.
    fn identity(&self) -> Identity {
        match self {
            Self::Token(_) => Identity("admin"),
            Self::Open => Identity("anonymous"),
        }
    }

    /// Digests of equal length are compared in constant time, so neither the token's bytes nor its length show in timing.
    fn allows(&self, headers: &HeaderMap) -> bool {
        let expected = match self {
            Self::Open => return true,
            Self::Token(digest) => digest,
        };
        let Some(given) = bearer(headers) else { return false };
        Digest::of(given).as_bytes().ct_eq(expected.as_bytes()).into()
    }
}

/// The credentials of the one `Authorization: Bearer` header; the scheme's case does not matter (RFC 9110, 11.1).
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (value, none) = (values.next()?.as_bytes(), values.next());
    let (scheme, token) = value.split_at_checked(7)?;
    (none.is_none() && scheme.eq_ignore_ascii_case(b"bearer ")).then(|| token.trim_ascii())
}

/// Refuses requests without access, and notes whose it is.
pub(super) async fn require(State(access): State<Arc<Access>>, mut request: Request, next: Next) -> Result<Response, ApiError> {
    if access.allows(request.headers()) {
        request.extensions_mut().insert(access.identity());
        return Ok(next.run(request).await);
    }
    let message = format!("send `Authorization: Bearer <token>`; the token is in the file `{TOKEN_FILE}` of the data directory");
    Err(ApiError::new(Code::Unauthorized, message))
}

/// Whoever may post events: who has access anyway, or carries the token of the provider that is posted to.
#[derive(Clone)]
pub(super) struct Senders {
    access: Arc<Access>,
    providers: Arc<Providers>,
}

impl Senders {
    pub(super) fn new(access: &Arc<Access>, providers: &Arc<Providers>) -> Self {
        Self { access: Arc::clone(access), providers: Arc::clone(providers) }
    }
}

/// Refuses senders without access, in the same words whether there is such a provider or not.
pub(super) async fn require_sender(
    State(senders): State<Senders>,
    Segment(name): Segment<String>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let identity = if senders.access.allows(request.headers()) {
        senders.access.identity()
    } else if bearer(request.headers()).is_some_and(|token| senders.providers.may_post(&name, token)) {
        Identity("sender")
    } else {
        let message = "send `Authorization: Bearer <token>` with the setting `token` of this provider, or the admin token";
        return Err(ApiError::new(Code::Unauthorized, message));
    };
    request.extensions_mut().insert(identity);
    Ok(next.run(request).await)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn headers(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        headers
    }

    #[test]
    fn only_the_whole_token_opens() {
        let token = AdminToken::new(&"a1".repeat(32)).unwrap();
        let access = Access::token(&token);
        let right = token.reveal();
        for good in [format!("Bearer {right}"), format!("bearer  {right}")] {
            assert!(access.allows(&headers(&good)), "{good}");
        }
        for bad in [
            right,
            "Bearer",
            "Bearer ",
            &format!("Basic {right}"),
            &format!("Bearer {right}x"),
            &format!("Bearer {}", &right[1..]),
        ] {
            assert!(!access.allows(&headers(bad)), "{bad}");
        }
        assert!(!access.allows(&HeaderMap::new()));
        let mut twice = headers(&format!("Bearer {right}"));
        twice.append(header::AUTHORIZATION, "Bearer x".parse().unwrap());
        assert!(!access.allows(&twice), "two answers to one question are none");
        assert!(Access::Open.allows(&HeaderMap::new()));
    }

    #[test]
    fn the_token_is_made_once_and_only_the_owner_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        let made = AdminToken::load_or_create(dir.path()).unwrap();
        assert_eq!(made.reveal().len(), 64);
        assert_eq!(AdminToken::load_or_create(dir.path()).unwrap().reveal(), made.reveal());
        let mode = fs::metadata(dir.path().join(TOKEN_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(format!("{made:?}"), "AdminToken(..)");
        fs::write(dir.path().join(TOKEN_FILE), "short").unwrap();
        assert!(AdminToken::load_or_create(dir.path()).is_err_and(|error| error.to_string().contains("delete the file")));
    }
}
