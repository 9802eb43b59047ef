//! The order of tags as people mean it: `v1.9.0` comes before `v1.10.0`, and `v2.0.0-rc1` before `v2.0.0`.

use std::cmp::Ordering;

/// Compares two tags as versions; tags that are none by their text, so that there is always one order.
pub(super) fn by_version(one: &str, other: &str) -> Ordering {
    let (one_release, one_rest) = split(one);
    let (other_release, other_rest) = split(other);
    let of_rest = match (one_rest, other_rest) {
        (None, None) => Ordering::Equal,
        // What leads to a release comes before it.
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (Some(one), Some(other)) => by_pieces(one, other),
    };
    by_pieces(one_release, other_release).then(of_rest).then_with(|| one.cmp(other))
}

/// The release and what stands behind its `-`; a `v` before a digit is not part of it.
fn split(tag: &str) -> (&str, Option<&str>) {
    let bare = tag.strip_prefix(['v', 'V']).filter(|rest| rest.starts_with(|first: char| first.is_ascii_digit()));
    match bare.unwrap_or(tag).split_once('-') {
        Some((release, rest)) => (release, Some(rest)),
        None => (bare.unwrap_or(tag), None),
    }
}

/// Runs of digits as numbers, everything else as text; what stops earlier comes first.
fn by_pieces(one: &str, other: &str) -> Ordering {
    let (mut one, mut other) = (pieces(one), pieces(other));
    loop {
        let order = match (one.next(), other.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(one), Some(other)) => compare(one, other),
        };
        if order.is_ne() {
            return order;
        }
    }
}

fn compare(one: &str, other: &str) -> Ordering {
    let digits = |piece: &str| piece.starts_with(|first: char| first.is_ascii_digit());
    match (digits(one), digits(other)) {
        (true, true) => {
            let (one, other) = (one.trim_start_matches('0'), other.trim_start_matches('0'));
            one.len().cmp(&other.len()).then_with(|| one.cmp(other))
        }
        // A number is newer than a word: `1.1` than `1.x`... and words are among themselves as in a dictionary.
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => one.cmp(other),
    }
}

fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let kind = |c: char| (c.is_ascii_digit(), ".-_".contains(c));
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(['.', '-', '_']);
        let first = rest.chars().next()?;
        let end = rest.find(|c| kind(c) != kind(first)).unwrap_or(rest.len());
        let (piece, left) = rest.split_at(end);
        rest = left;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_in_the_order_of_their_versions() {
        let ordered = [
            "canary",
            "stable",
            "0.9",
            "v1",
            "v1.0.0-alpha",
            "v1.0.0-rc.2",
            "v1.0.0-rc.10",
            "v1.0.0",
            "v1.9.0",
            "1.10",
            "v1.10.0",
            "v2.0.0-rc1",
            "v2.0.0",
            "v10",
        ];
        for (at, one) in ordered.iter().enumerate() {
            for (other_at, other) in ordered.iter().enumerate() {
                assert_eq!(by_version(one, other), at.cmp(&other_at), "{one} and {other}");
            }
        }
        assert_eq!(by_version("v1.0", "1.0"), "v1.0".cmp("1.0"), "equal versions are in one order");
        assert_eq!(by_version("v1.99999999999999999999", "v1.100000000000000000000"), Ordering::Less, "of any length");
    }
}
