//! How hashes, times and lists look in a table.

/// Hex digits of a hash in a table: as many as a container registry shows.
const HASH_DIGITS: usize = 12;

/// Whether hashes are shown whole.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub(crate) struct HashFlag {
    /// Show hashes whole.
    #[arg(long)]
    no_trunc: bool,
}

impl HashFlag {
    /// A hash as it is asked for.
    pub(crate) fn of(self, hash: &str) -> String {
        if self.no_trunc { hash.to_owned() } else { short(hash) }
    }
}

/// The first digits of a hash, without `sha256:`: for people, never to be looked up.
pub(crate) fn short(hash: &str) -> String {
    let hex = hash.strip_prefix("sha256:").unwrap_or(hash);
    hex.chars().take(HASH_DIGITS).collect()
}

/// Nothing, or the first digits.
pub(crate) fn short_or_none(hash: Option<&String>) -> String {
    hash.map_or_else(|| "none".to_owned(), |hash| short(hash))
}

/// `2026-11-20T14:42:32.123456789Z` as `2026-11-20 14:42:32`, UTC as everywhere; what never happened is a dash.
pub(crate) fn time(rfc3339: &str) -> String {
    match rfc3339.get(..19) {
        _ if rfc3339.is_empty() || rfc3339.starts_with("0001-") => "-".to_owned(),
        Some(text) if rfc3339.ends_with('Z') => text.replacen('T', " ", 1),
        _ => rfc3339.to_owned(),
    }
}

/// `1 revision`, `2 revisions`, `2 strategies`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    match (number, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        (_, None) => format!("{number} {noun}s"),
    }
}

/// The first few of many, and how many more there are.
pub(crate) fn some(all: &[String], most: usize) -> String {
    let shown = all.iter().take(most).map(String::as_str).collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_short() {
        let hash = format!("sha256:{}", "0123456789abcdef".repeat(4));
        assert_eq!((short(&hash).as_str(), HashFlag { no_trunc: true }.of(&hash)), ("0123456789ab", hash));
        assert_eq!(time("2026-11-20T14:42:32.123456789Z"), "2026-11-20 14:42:32");
        assert_eq!((time("0001-01-01T00:00:00Z").as_str(), time("").as_str()), ("-", "-"));
        assert_eq!(time("2026-11-20T14:42:32+01:00"), "2026-11-20T14:42:32+01:00", "not UTC: as it is");
        assert_eq!([1, 2].map(|number| count(number, "strategy")), ["1 strategy", "2 strategies"]);
        assert_eq!([0, 1].map(|number| count(number, "revision")), ["0 revisions", "1 revision"]);
        let ids = ["a", "b", "c"].map(str::to_owned);
        assert_eq!((some(&ids, 3).as_str(), some(&ids, 1).as_str()), ("a, b, c", "a and 2 more"));
    }
}
