//! The query of a request: each operation takes the parameters it knows, what is left over is refused by name.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::api::error::{ApiError, Code};
use crate::base::Timestamp;

use super::by::REASON_CHARS;
use super::rule::Rule;

/// The parameters of one operation, taken out of the query.
pub(crate) trait FromQuery: Sized {
    /// Takes every parameter this operation knows.
    fn take(parameters: &mut Parameters) -> Result<Self, ApiError>;
}

/// An operation without parameters.
impl FromQuery for () {
    fn take(_parameters: &mut Parameters) -> Result<Self, ApiError> {
        Ok(())
    }
}

/// The query as `T`.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Send + Sync, T: FromQuery> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let mut parameters = Parameters::parse(parts.uri.query().unwrap_or_default())?;
        let taken = T::take(&mut parameters)?;
        parameters.nothing_left().map(|()| Self(taken))
    }
}

/// What is left of a query, and what was asked for.
#[derive(Debug, Default)]
pub(crate) struct Parameters {
    left: Vec<(String, String)>,
    asked: Vec<&'static str>,
    /// What the parameter that is asked for next means.
    meaning: &'static str,
    /// Nothing is given and everything that is asked for is written down: how the description of an operation is made, by the
    /// same code that serves it.
    notes: Option<Vec<Value>>,
}

impl Parameters {
    fn parse(query: &str) -> Result<Self, ApiError> {
        let pair = |part: &str| -> Result<(String, String), ApiError> {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            Ok((decode(name)?, decode(value)?))
        };
        let left = query.split('&').filter(|part| !part.is_empty()).map(pair).collect::<Result<_, _>>()?;
        Ok(Self { left, ..Self::default() })
    }

    /// Everything that an operation takes, as OpenAPI has parameters.
    pub(crate) fn described<T: FromQuery>() -> Vec<Value> {
        let mut parameters = Self { notes: Some(Vec::new()), ..Self::default() };
        // Nothing is given, so nothing is wrong.
        let _ = T::take(&mut parameters);
        parameters.notes.unwrap_or_default()
    }

    /// Says what the parameter that is asked for next means, for the description of the operation.
    pub(crate) fn says(&mut self, meaning: &'static str) -> &mut Self {
        self.meaning = meaning;
        self
    }

    /// Writes down what is asked for, if that is what we are here for. `schema` is of one value.
    fn note(&mut self, name: &'static str, repeated: bool, schema: impl FnOnce() -> Value) {
        let meaning = std::mem::take(&mut self.meaning);
        let Some(notes) = &mut self.notes else { return };
        let schema = if repeated { json!({ "type": "array", "items": schema() }) } else { schema() };
        notes.push(json!({ "name": name, "in": "query", "description": meaning, "schema": schema }));
    }

    /// Every value of a parameter that may be repeated, in the order given.
    fn every(&mut self, name: &'static str) -> Vec<String> {
        self.asked.push(name);
        let (taken, left) = std::mem::take(&mut self.left).into_iter().partition(|(given, _)| given == name);
        self.left = left;
        let taken: Vec<(String, String)> = taken;
        taken.into_iter().map(|(_, value)| value).collect()
    }

    /// The value of a parameter that may be given once.
    pub(crate) fn one(&mut self, name: &'static str) -> Result<Option<String>, ApiError> {
        self.note(name, false, || json!({ "type": "string" }));
        self.once(name)
    }

    fn once(&mut self, name: &'static str) -> Result<Option<String>, ApiError> {
        let mut values = self.every(name);
        match values.len() {
            0 | 1 => Ok(values.pop()),
            count => Err(invalid(format!("{name} is given {count} times; once is enough"))),
        }
    }

    /// A value that `parse` reads; `rule` says what it takes.
    pub(crate) fn parsed<T>(
        &mut self,
        name: &'static str,
        rule: impl Into<Rule>,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, ApiError> {
        let rule = rule.into();
        self.note(name, false, || rule.schema());
        let Some(text) = self.once(name)? else { return Ok(None) };
        match parse(&text) {
            Some(value) => Ok(Some(value)),
            None => Err(invalid(format!("{name} must be {rule}, not `{}`", shown(&text)))),
        }
    }

    /// Every value of a repeatable parameter, each read by `parse`.
    pub(crate) fn each<T>(
        &mut self,
        name: &'static str,
        rule: impl Into<Rule>,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<T>, ApiError> {
        let rule = rule.into();
        self.note(name, true, || rule.schema());
        let read = |text: String| parse(&text).ok_or_else(|| invalid(format!("{name} must be {rule}, not `{}`", shown(&text))));
        self.every(name).into_iter().map(read).collect()
    }

    /// A number of items on a page: more than `cap` means `cap`.
    pub(crate) fn limit(&mut self, default: u32, cap: u32) -> Result<u32, ApiError> {
        let parse = |text: &str| text.parse::<u64>().ok().filter(|limit| *limit > 0);
        if self.meaning.is_empty() {
            self.meaning = "At most so many items; a larger number means the largest that is allowed.";
        }
        let rule = Rule::Whole { words: "a positive whole number", least: 1, default: Some(default) };
        let limit = self.parsed("limit", rule, parse)?.unwrap_or(u64::from(default));
        Ok(u32::try_from(limit).unwrap_or(cap).min(cap))
    }

    /// A number from zero up, which may be absent.
    pub(crate) fn count(&mut self, name: &'static str) -> Result<Option<usize>, ApiError> {
        self.parsed(name, Rule::Whole { words: "a non-negative integer", least: 0, default: None }, |text| text.parse().ok())
    }

    /// A boolean in the spellings that clients of the gateway send (Go's `strconv.ParseBool`); absent is false.
    pub(crate) fn flag(&mut self, name: &'static str) -> Result<bool, ApiError> {
        let parse = |text: &str| match text {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
            _ => None,
        };
        Ok(self.parsed(name, Rule::Flag, parse)?.unwrap_or(false))
    }

    /// A moment, RFC 3339; absent is now.
    pub(crate) fn time(&mut self, name: &'static str) -> Result<Option<Timestamp>, ApiError> {
        // A `+` of an offset from UTC that was not percent-encoded arrives as a space.
        let parse = |text: &str| Timestamp::from_rfc3339(&text.replace(' ', "+"));
        self.parsed(name, Rule::spelled::<Timestamp>("a time such as 2026-11-20T08:00:00Z"), parse)
    }

    /// Why something is done, for the history.
    pub(crate) fn reason(&mut self) -> Result<Option<String>, ApiError> {
        let schema = || json!({ "type": "string", "maxLength": REASON_CHARS });
        self.says("Why, for the history.").note("reason", false, schema);
        self.once("reason")
    }

    fn nothing_left(&self) -> Result<(), ApiError> {
        let Some((name, _)) = self.left.first() else { return Ok(()) };
        let known = match self.asked.as_slice() {
            [] => "it takes none".to_owned(),
            asked => format!("it takes {}", asked.join(", ")),
        };
        Err(ApiError::new(Code::UnknownParameter, format!("this operation has no parameter `{}`; {known}", shown(name))))
    }
}

/// A value no operation could have meant.
fn invalid(message: String) -> ApiError {
    ApiError::new(Code::InvalidParameter, message)
}

/// As forms encode: `+` is a space.
fn decode(text: &str) -> Result<String, ApiError> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8();
    decoded.map(|text| text.into_owned()).map_err(|_| invalid("the query is not valid UTF-8 after percent-decoding".to_owned()))
}

/// At most 80 characters, control characters escaped.
fn shown(text: &str) -> String {
    text.chars().take(80).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Sample {
        limit: u32,
        states: Vec<String>,
        provider: Option<String>,
        all: bool,
    }

    impl FromQuery for Sample {
        fn take(p: &mut Parameters) -> Result<Self, ApiError> {
            Ok(Self { limit: p.limit(50, 500)?, states: p.every("state"), provider: p.one("provider")?, all: p.flag("all")? })
        }
    }

    fn check(query: &str) -> Result<Sample, (Code, String)> {
        let mut parameters = Parameters::parse(query).map_err(|error| (error.code(), error.message().to_owned()))?;
        let taken = Sample::take(&mut parameters).and_then(|taken| parameters.nothing_left().map(|()| taken));
        taken.map_err(|error| (error.code(), error.message().to_owned()))
    }

    #[test]
    fn parameters_are_taken_by_name() {
        let empty = Sample { limit: 50, states: vec![], provider: None, all: false };
        assert_eq!(check(""), Ok(empty));
        let full = Sample { limit: 500, states: vec!["FILLED".into(), "a b".into()], provider: Some("p1".into()), all: true };
        assert_eq!(check("limit=9999&state=FILLED&provider=p%31&state=a+b&all=true"), Ok(full));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let cases = [
            ("limit=0", Code::InvalidParameter, "limit must be a positive whole number, not `0`"),
            ("limit=bogus", Code::InvalidParameter, "not `bogus`"),
            ("limit=-1", Code::InvalidParameter, "limit must be"),
            ("limit", Code::InvalidParameter, "limit must be"),
            ("limit=1&limit=2", Code::InvalidParameter, "limit is given 2 times"),
            ("all=yes", Code::InvalidParameter, "all must be a boolean"),
            ("hash[]=x", Code::UnknownParameter, "no parameter `hash[]`; it takes limit, state, provider, all"),
            ("%ff=1", Code::InvalidParameter, "UTF-8"),
            ("a%0ab=1", Code::UnknownParameter, "`a\\nb`"),
        ];
        for (query, code, part) in cases {
            let (got, message) = check(query).unwrap_err();
            assert_eq!(got, code, "{query}");
            assert!(message.contains(part), "{query}: {message}");
        }
        assert_eq!(check("limit=99999999999").unwrap().limit, 500);
    }
}
