//! Reads the layers of the configuration and puts them together. Must not know what a key means.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use figment::providers::{Format as _, Serialized, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};
use serde::Serialize;

use super::{Config, InvalidConfig, LogFormat};

/// What the variables begin with.
const PREFIX: &str = "SANDPIT_";

/// Variables that are no keys of the configuration: the one that names the configuration file, and what other commands
/// read (the host itself often starts in the same environment).
const NO_KEYS: [&str; 5] = ["SANDPIT_CONFIG", "SANDPIT_API", "SANDPIT_TOKEN", "SANDPIT_ACTOR", "SANDPIT_CACHE_DIR"];

/// What the command line sets; absent fields leave the layers below.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--config`.
    pub file: Option<PathBuf>,
    /// `--listen`.
    pub listen: Option<SocketAddr>,
    /// `--data-dir`.
    pub data_dir: Option<PathBuf>,
    /// `--strategies`.
    pub strategies_dir: Option<PathBuf>,
    /// `--log-format`.
    pub log_format: Option<LogFormat>,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file that was asked for is not there.
    #[error("the configuration file {0} does not exist")]
    NoFile(PathBuf),
    /// A layer does not parse, or has an unknown key.
    #[error("configuration: {0}")]
    Parse(#[source] Box<figment::Error>),
    /// A value out of range.
    #[error("configuration: {0}")]
    Invalid(#[from] InvalidConfig),
}

/// Puts the layers together and checks the result.
///
/// # Errors
/// [`ConfigError`] naming file, key and what is wrong.
pub fn load(flags: &Flags) -> Result<Config, ConfigError> {
    let text = |value: std::ffi::OsString| value.to_string_lossy().into_owned();
    layered(flags, std::env::vars_os().map(|(name, value)| (text(name), text(value))))
}

fn layered(flags: &Flags, variables: impl Iterator<Item = (String, String)>) -> Result<Config, ConfigError> {
    let mut layers = Figment::from(Serialized::defaults(Config::default()));
    if let Some(file) = &flags.file {
        if !file.is_file() {
            return Err(ConfigError::NoFile(file.clone()));
        }
        layers = layers.merge(Toml::file_exact(file));
    }
    let ours = variables.filter(|(name, _)| name.starts_with(PREFIX) && !NO_KEYS.contains(&name.as_str()));
    let layers = ours.fold(layers, |layers, (name, value)| layers.merge(Variable { name, value }));
    let layers = flags_over(layers, flags);
    let config: Config = layers.extract().map_err(|error| ConfigError::Parse(Box::new(error)))?;
    config.validate()?;
    Ok(config)
}

fn flags_over(layers: Figment, flags: &Flags) -> Figment {
    fn over<T: Serialize>(layers: Figment, key: &str, value: Option<T>) -> Figment {
        match value {
            Some(value) => layers.merge(Serialized::default(key, value)),
            None => layers,
        }
    }
    let layers = over(layers, "api.listen", flags.listen);
    let layers = over(layers, "dataDir", flags.data_dir.as_deref().map(Path::to_path_buf));
    let layers = over(layers, "strategiesDir", flags.strategies_dir.as_deref().map(Path::to_path_buf));
    over(layers, "log.format", flags.log_format)
}

/// One variable of the environment as a layer of its own, so that errors can name it.
struct Variable {
    name: String,
    value: String,
}

impl Provider for Variable {
    fn metadata(&self) -> Metadata {
        Metadata::named(format!("environment variable {}", self.name))
    }

    fn data(&self) -> figment::error::Result<Map<Profile, Dict>> {
        // Reading a value never fails: what is no number, boolean, list or table is text.
        let value = self.value.parse().unwrap_or_else(|_| Value::from(self.value.clone()));
        let key = camel_path(self.name.strip_prefix(PREFIX).unwrap_or(&self.name));
        let nested = figment::util::nest(&key, value);
        Ok(Profile::Default.collect(nested.into_dict().unwrap_or_default()))
    }
}

/// `INSTANCES__STOP_GRACE_MS` is `instances.stopGraceMs`.
fn camel_path(variable: &str) -> String {
    let camel = |part: &str| {
        let mut words = part.split('_').map(str::to_ascii_lowercase);
        let first = words.next().unwrap_or_default();
        words.fold(first, |mut path, word| {
            let mut letters = word.chars();
            path.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
            path.extend(letters);
            path
        })
    };
    variable.split("__").map(camel).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &str, flags: Flags, variables: &[(&str, &str)]) -> Result<Config, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sandpit.toml");
        std::fs::write(&path, file).unwrap();
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        layered(&Flags { file: Some(path), ..flags }, variables).map_err(|error| error.to_string())
    }

    #[test]
    fn the_environment_spells_keys_in_capitals() {
        assert_eq!(camel_path("DATA_DIR"), "dataDir");
        assert_eq!(camel_path("INSTANCES__RESTART__BACKOFF_FIRST_MS"), "instances.restart.backoffFirstMs");
    }

    #[test]
    fn flags_win_over_the_environment_and_that_over_the_file() {
        let file = "dataDir = \"file\"\nstrategiesDir = \"file\"\n[instances]\nmax = 5\nstopGraceMs = 6\n";
        let variables = [
            ("SANDPIT_CONFIG", "is no key"),
            ("SANDPIT_API", "http://127.0.0.1:8880"),
            ("SANDPIT_TOKEN", "is no key"),
            ("SANDPIT_ACTOR", "is no key"),
            ("SANDPIT_CACHE_DIR", "is no key"),
            ("OTHER", "is not ours"),
            ("SANDPIT_DATA_DIR", "environment"),
            ("SANDPIT_INSTANCES__MAX", "7"),
            ("SANDPIT_API__LISTEN", "127.0.0.1:1"),
        ];
        let flags = Flags { listen: Some(([127, 0, 0, 1], 2).into()), ..Flags::default() };
        let config = read(file, flags, &variables).unwrap();
        assert_eq!(config.data_dir, Path::new("environment"));
        assert_eq!(config.strategies_dir(), Path::new("file"));
        assert_eq!((config.instances.max, config.instances.stop_grace_ms), (7, 6));
        assert_eq!(config.api.listen.port(), 2);
    }

    #[test]
    fn unknown_keys_and_bad_values_are_refused_by_name() {
        let cases = [
            ("[instances]\nmaxx = 1\n", "maxx"),
            ("[surprise]\n", "surprise"),
            ("[instances]\nmax = 0\n", "instances.max is 0: it must be at least 1"),
            ("[sandbox.limits]\nfuelPerEvent = 1\n", "fuelPerEvent is 1"),
            ("[api]\nlisten = \"0.0.0.0:1\"\nauth = \"none\"\n", "only loopback"),
        ];
        for (text, expected) in cases {
            let error = read(text, Flags::default(), &[]).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        let error = read("", Flags::default(), &[("SANDPIT_SURPRISE", "1")]).unwrap_err();
        assert!(error.contains("surprise") && error.contains("SANDPIT_SURPRISE"), "{error}");
        let missing = layered(&Flags { file: Some("missing.toml".into()), ..Flags::default() }, std::iter::empty());
        assert!(missing.unwrap_err().to_string().contains("missing.toml does not exist"));
    }
}
