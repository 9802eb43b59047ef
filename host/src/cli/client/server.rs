//! Which host a command speaks to, and as whom: from flags, then the environment, then what `sandpit serve` does by default.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Client, Credentials};
use crate::api::{AdminToken, TOKEN_FILE};
use crate::base::duration;
use crate::cli::Failure;
use crate::cli::output::{FormatFlag, Output};
use crate::config::Config;

const DEFAULT_API: &str = "http://127.0.0.1:8880";

/// The flags of a command that asks a running host and shows its answer.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct AskArgs {
    #[command(flatten)]
    format: FormatFlag,
    #[command(flatten)]
    server: ServerArgs,
}

impl AskArgs {
    /// Who asks, and where the answer goes.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        self.server.client(self.format.output())
    }
}

/// The flags of every command that asks a running host.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Server")]
pub(crate) struct ServerArgs {
    /// The control plane, by http only: it speaks no TLS, so use an SSH tunnel or a proxy on this machine for one that is far
    /// away [env: SANDPIT_API] [default: http://127.0.0.1:8880].
    #[arg(long, value_name = "URL")]
    api: Option<String>,
    /// A file that holds the token [env: SANDPIT_TOKEN, the token itself] [default: admin.token in the data directory].
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// The data directory of the host [env: SANDPIT_DATA_DIR] [default: .sandpit in the working folder].
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Who asks, for the history of tags: 1 to 64 letters, digits and @ . _ - [env: SANDPIT_ACTOR] [default: $USER].
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// How long to wait for an answer, such as 30s.
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = duration::parse)]
    timeout: Duration,
}

/// A variable of the environment; what is empty counts as absent.
type Variable<'a> = &'a dyn Fn(&str) -> Option<String>;

impl ServerArgs {
    /// The client that these flags and the environment describe, answering to `output`.
    pub(crate) fn client(&self, output: Output) -> Result<Client, Failure> {
        self.resolve(&|name| std::env::var(name).ok().filter(|value| !value.is_empty()), output)
    }

    pub(super) fn resolve(&self, variable: Variable<'_>, output: Output) -> Result<Client, Failure> {
        let api = self.api.clone().or_else(|| variable("SANDPIT_API")).unwrap_or_else(|| DEFAULT_API.to_owned());
        let base = base(&api).map_err(Failure::Usage)?;
        let credentials = self.credentials(variable).map_err(Failure::Usage)?;
        let actor = self.actor(variable).map_err(Failure::Usage)?;
        Ok(Client::new(base, credentials, actor, self.timeout, output))
    }

    /// A flag wins over the environment, and what names a token directly over what names a directory.
    fn credentials(&self, variable: Variable<'_>) -> Result<Credentials, String> {
        if let Some(file) = &self.token_file {
            let token = read_token(file)?.ok_or_else(|| format!("{}: there is no such file", file.display()))?;
            return Ok(Credentials { token: Some(token), origin: format!("the token is from {}", file.display()) });
        }
        if let (None, Some(text)) = (&self.data_dir, variable("SANDPIT_TOKEN")) {
            // What it holds is not shown: it may be most of a token.
            let token = AdminToken::new(text.trim()).ok_or("SANDPIT_TOKEN is no token: 32 to 128 letters and digits")?;
            return Ok(Credentials { token: Some(token), origin: "the token is from SANDPIT_TOKEN".to_owned() });
        }
        let dir = self.data_dir.clone().or_else(|| variable("SANDPIT_DATA_DIR").map(PathBuf::from));
        let file = dir.unwrap_or_else(|| Config::default().data_dir).join(TOKEN_FILE);
        // A host may serve without one (`api.auth = "none"`): it is missed when the server asks for it.
        let token = read_token(&file)?;
        let origin = match token {
            Some(_) => format!("the token is from {}", file.display()),
            None => format!(
                "no token was sent, as there is no {}: set SANDPIT_TOKEN, or say where the host keeps its data with --data-dir",
                file.display()
            ),
        };
        Ok(Credentials { token, origin })
    }

    /// A name that was given must be right; one that the system gives is left out when it is not.
    fn actor(&self, variable: Variable<'_>) -> Result<Option<String>, String> {
        let well_formed = |name: &String| {
            (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"@._-".contains(&b))
        };
        match self.actor.clone().or_else(|| variable("SANDPIT_ACTOR")) {
            Some(name) if well_formed(&name) => Ok(Some(name)),
            Some(name) => Err(format!("actor `{}`: give 1 to 64 letters, digits and @ . _ -", name.escape_debug())),
            None => Ok(variable("USER").filter(well_formed)),
        }
    }
}

fn read_token(file: &Path) -> Result<Option<AdminToken>, String> {
    let text = match std::fs::read_to_string(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(|error| format!("the token in {} cannot be read: {error}", file.display()))?,
    };
    let token = AdminToken::new(text.trim());
    token.map(Some).ok_or_else(|| format!("{} holds no token: 32 to 128 letters and digits", file.display()))
}

/// The URL without the slash at its end.
fn base(text: &str) -> Result<String, String> {
    let shown = text.escape_debug().to_string();
    let Some(rest) = text.strip_prefix("http://") else {
        let advice = if text.starts_with("https://") {
            "the control plane and this client speak http only; reach one behind TLS by an SSH tunnel or a proxy on this machine"
        } else {
            "write it as http://host:port"
        };
        return Err(format!("api `{shown}`: {advice}"));
    };
    let authority = rest.split('/').next().unwrap_or_default();
    if authority.contains('@') {
        // Not quoted: what stands before the @ may be a password.
        return Err("the api URL has a user name in it: the token goes into SANDPIT_TOKEN or --token-file".to_owned());
    }
    let valid = !authority.is_empty() && !rest.contains(['?', '#']) && text.parse::<ureq::http::Uri>().is_ok();
    if !valid {
        return Err(format!("api `{shown}` is no address: write it as http://host:port"));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdef0123456789abcdef";

    fn args() -> ServerArgs {
        ServerArgs { api: None, token_file: None, data_dir: Some("nowhere".into()), actor: None, timeout: Duration::from_secs(1) }
    }

    fn resolve(args: &ServerArgs, variables: &[(&str, &str)]) -> Result<Client, String> {
        let find = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        args.resolve(&find, Output::default()).map_err(|failure| match failure {
            Failure::Usage(message) => message,
            other => panic!("{other:?}"),
        })
    }

    fn refused(args: &ServerArgs, variables: &[(&str, &str)]) -> String {
        resolve(args, variables).err().expect("it is to be refused")
    }

    #[test]
    fn the_server_is_taken_from_flag_environment_or_default() {
        assert_eq!(resolve(&args(), &[]).unwrap().base, "http://127.0.0.1:8880");
        assert_eq!(resolve(&args(), &[("SANDPIT_API", "http://[::1]:1/")]).unwrap().base, "http://[::1]:1");
        let flag = ServerArgs { api: Some("http://pit:80/behind/".to_owned()), ..args() };
        assert_eq!(resolve(&flag, &[("SANDPIT_API", "http://other")]).unwrap().base, "http://pit:80/behind");
    }

    #[test]
    fn only_http_is_spoken_and_urls_carry_no_secrets() {
        let refused = |api: &str| refused(&ServerArgs { api: Some(api.to_owned()), ..args() }, &[]);
        assert!(refused("https://pit").contains("http only"), "{}", refused("https://pit"));
        for wrong in ["127.0.0.1:8880", "ftp://pit", "http://", "http://a b", "http://pit?x=1"] {
            assert!(refused(wrong).contains("http://host:port"), "{wrong}");
        }
        let message = refused("http://me:hunter2@pit");
        assert!(message.contains("SANDPIT_TOKEN") && !message.contains("hunter2"), "{message}");
    }

    #[test]
    fn the_token_is_found_in_order_and_never_shown() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(TOKEN_FILE), format!("{TOKEN}\n")).unwrap();
        let found = |args: &ServerArgs, variables: &[(&str, &str)]| {
            let credentials = resolve(args, variables).unwrap().credentials;
            assert!(!format!("{credentials:?}").contains(TOKEN), "{credentials:?}");
            credentials
        };
        let here = ServerArgs { data_dir: Some(dir.path().to_owned()), ..args() };
        let other = TOKEN.to_uppercase();
        assert_eq!(found(&here, &[("SANDPIT_TOKEN", &other)]).token.unwrap().reveal(), TOKEN, "a flag wins");
        let nowhere = ServerArgs { data_dir: None, ..args() };
        assert_eq!(found(&nowhere, &[("SANDPIT_TOKEN", &other)]).token.unwrap().reveal(), other);
        let from_dir = found(&nowhere, &[("SANDPIT_DATA_DIR", dir.path().to_str().unwrap())]);
        assert_eq!(from_dir.token.unwrap().reveal(), TOKEN);
        let missing = found(&args(), &[]);
        assert!(missing.token.is_none() && missing.origin.contains("nowhere/admin.token"), "{}", missing.origin);

        let file = ServerArgs { token_file: Some(dir.path().join("no.token")), ..args() };
        assert!(refused(&file, &[]).contains("no.token"));
        let message = refused(&nowhere, &[("SANDPIT_TOKEN", "hunter2 hunter2")]);
        assert!(message.contains("SANDPIT_TOKEN") && !message.contains("hunter2"), "{message}");
    }

    #[test]
    fn who_asks_is_a_plain_name() {
        let actor = |args: &ServerArgs, variables: &[(&str, &str)]| resolve(args, variables).unwrap().actor;
        assert_eq!(actor(&args(), &[("USER", "me")]).as_deref(), Some("me"));
        assert_eq!(actor(&args(), &[("USER", "me"), ("SANDPIT_ACTOR", "ci@desk-1")]).as_deref(), Some("ci@desk-1"));
        assert_eq!(actor(&args(), &[("USER", "Jörg W")]), None, "not ours to judge");
        let bad = ServerArgs { actor: Some("a b\n".to_owned()), ..args() };
        assert!(refused(&bad, &[]).contains(r"a b\n"));
    }
}
