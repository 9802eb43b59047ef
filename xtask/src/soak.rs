//! `cargo xtask soak`: many strategies at two venues for minutes, then every record against every other (`tests/it/soak`).

use anyhow::{Context as _, Result, bail};

use crate::{process, up};

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    seconds: u64,
    instances: u32,
    speed: u32,
    release: bool,
}

impl Default for Asked {
    fn default() -> Self {
        Self { seconds: 180, instances: 200, speed: 20, release: false }
    }
}

pub(crate) fn run(args: &[String]) -> Result<()> {
    let asked = Asked::of(args)?;
    let mut build = process::cargo(&["build", "--workspace", "--bin", "sandpit"]);
    if asked.release {
        build.arg("--release");
    }
    process::run(&mut build)?;
    let test = ["test", "--workspace", "--test", "it", "--quiet", "--", "--ignored", "--nocapture", "--exact", "soak::soak"];
    let mut soak = process::cargo(&test);
    soak.env("SANDPIT_BIN", up::binary(asked.release)?)
        .env("SANDPIT_SOAK_SECONDS", asked.seconds.to_string())
        .env("SANDPIT_SOAK_INSTANCES", asked.instances.to_string())
        .env("SANDPIT_SOAK_SPEED", asked.speed.to_string());
    process::run(&mut soak)
}

impl Asked {
    fn of(args: &[String]) -> Result<Self> {
        let mut asked = Self::default();
        let mut args = args.iter();
        while let Some(flag) = args.next() {
            if flag == "--release" {
                asked.release = true;
                continue;
            }
            let value = args.next().map(String::as_str);
            let value = value.with_context(|| format!("`{flag}` needs a value, as in --for 3m --instances 200 --speed 20x"))?;
            match flag.as_str() {
                "--for" => asked.seconds = seconds(value)?,
                "--instances" => asked.instances = within(flag, value, 12..=1_000)?,
                "--speed" => asked.speed = within(flag, value.trim_end_matches('x'), 1..=1_000)?,
                _ => bail!("`{flag}` is not a flag of `cargo xtask soak`; there are --for, --instances, --speed, --release"),
            }
        }
        Ok(asked)
    }
}

fn within(flag: &str, value: &str, range: std::ops::RangeInclusive<u32>) -> Result<u32> {
    let number = value.parse().ok().filter(|number| range.contains(number));
    number.with_context(|| format!("{flag} {value}: write a number from {} to {}", range.start(), range.end()))
}

/// `90s`, `3m`, `1h`: 10 seconds to a day.
fn seconds(text: &str) -> Result<u64> {
    let units = [("s", 1), ("m", 60), ("h", 3_600)];
    let read =
        units.iter().find_map(|(unit, length)| Some(text.strip_suffix(unit)?.parse::<u64>().ok()?.saturating_mul(*length)));
    let read = read.filter(|seconds| (10..=86_400).contains(seconds));
    read.with_context(|| format!("--for {text}: write a time from 10s to 24h, such as 3m"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Result<Asked> {
        Asked::of(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn flags_are_read_and_what_is_wrong_is_named() {
        assert_eq!(of("").unwrap(), Asked::default());
        let all = of("--for 90s --instances 40 --speed 5x --release").unwrap();
        assert_eq!(all, Asked { seconds: 90, instances: 40, speed: 5, release: true });
        assert_eq!(of("--for 1h").unwrap().seconds, 3_600);
        for (line, named) in [
            ("--for", "--for"),
            ("--for 3", "3m"),
            ("--for 1s", "10s"),
            ("--instances 3", "12 to 1000"),
            ("--speed 0x", "1 to 1000"),
            ("--hours 3", "--hours"),
        ] {
            let error = format!("{:#}", of(line).unwrap_err());
            assert!(error.contains(named), "{error}");
        }
    }
}
