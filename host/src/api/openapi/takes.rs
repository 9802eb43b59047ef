//! What handlers take out of a request, as parts of a description.

use axum::extract::State;
use serde_json::json;
use utoipa::ToSchema;

use super::{Operation, placeholders};
use crate::api::error::Code;
use crate::api::extract::{Body, By, FromQuery, MaybeBody, Parameters, Query, Segment, Segments};
use crate::api::state::Api;
use crate::base::{InstanceId, ProviderName, StrategyName, Tag};

/// An argument of a handler, which adds what it takes to the description.
pub(crate) trait Takes {
    /// Adds it.
    fn describe(operation: &mut Operation<'_>);
}

/// What the text of a path can be read as.
pub(crate) trait PathText {
    /// What is answered when it cannot.
    const REFUSALS: &'static [Code];
}

impl PathText for String {
    const REFUSALS: &'static [Code] = &[];
}

impl PathText for StrategyName {
    const REFUSALS: &'static [Code] = &[Code::InvalidName];
}

impl PathText for InstanceId {
    const REFUSALS: &'static [Code] = &[Code::InvalidName];
}

impl PathText for ProviderName {
    const REFUSALS: &'static [Code] = &[Code::InvalidName];
}

impl PathText for Tag {
    const REFUSALS: &'static [Code] = &[Code::InvalidTag];
}

impl Takes for State<Api> {
    fn describe(_operation: &mut Operation<'_>) {}
}

impl<T: PathText> Takes for Segment<T> {
    fn describe(operation: &mut Operation<'_>) {
        placeholders::describe(operation);
        operation.refuses(&[Code::InvalidParameter]);
        operation.refuses(T::REFUSALS);
    }
}

impl<T: PathText, U: PathText> Takes for Segments<T, U> {
    fn describe(operation: &mut Operation<'_>) {
        Segment::<T>::describe(operation);
        operation.refuses(U::REFUSALS);
    }
}

impl<T: FromQuery> Takes for Query<T> {
    fn describe(operation: &mut Operation<'_>) {
        for parameter in Parameters::described::<T>() {
            operation.parameter(parameter);
        }
        operation.refuses(&[Code::UnknownParameter, Code::InvalidParameter]);
    }
}

impl<T: ToSchema> Takes for Body<T> {
    fn describe(operation: &mut Operation<'_>) {
        operation.body::<T>(true);
    }
}

impl<T: ToSchema> Takes for MaybeBody<T> {
    fn describe(operation: &mut Operation<'_>) {
        operation.body::<T>(false);
    }
}

impl Takes for By {
    fn describe(operation: &mut Operation<'_>) {
        let text = "For whom the client acts. Nobody checks it; the history keeps it apart from who was authenticated.";
        let schema = json!({ "type": "string", "pattern": By::ACTOR_PATTERN, "examples": ["ann"] });
        operation.parameter(json!({ "name": "Sandpit-Actor", "in": "header", "description": text, "schema": schema }));
        operation.refuses(&[Code::InvalidParameter]);
    }
}
