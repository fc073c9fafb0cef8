use std::fmt;
use std::str::FromStr;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use seathold_service::ports::PageRequest;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use validator::Validate;

use super::text::field_errors;
use crate::http::problem::Problem;

/// Entries on one page at the most.
const PAGE_SIZE_MAX: u32 = 100;

/// Entries on one page unless asked otherwise.
const PAGE_SIZE: u32 = 20;

/// The id in the path.
pub(crate) struct Id<T>(pub(crate) T);

impl<T: FromStr<Err: fmt::Display>, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        let params = params.map_err(|_| Problem::invalid("id", "must be UTF-8"))?;
        let text = params.iter().next().map_or("", |(_, text)| text);
        text.parse().map(Self).map_err(|reason: T::Err| Problem::invalid("id", reason.to_string()))
    }
}

/// The query. Parameters without a value count as not given; unknown ones are
/// ignored.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned + Validate, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let pairs = pairs.map_err(|error| Problem::invalid("query", error.body_text()))?;
        let mut given = Map::new();
        for (name, value) in pairs.0.into_iter().filter(|(_, value)| !value.is_empty()) {
            if given.insert(name.clone(), Value::String(value)).is_some() {
                return Err(Problem::invalid(&name, "must be given once"));
            }
        }
        let query = T::deserialize(Value::Object(given));
        let query = query.map_err(|error| Problem::invalid("query", error.to_string()))?;
        query.validate().map_err(|errors| Problem::invalid_fields(field_errors(&errors)))?;
        Ok(Self(query))
    }
}

/// The number of a page; the first is 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageNumber(pub(crate) u32);

impl Default for PageNumber {
    fn default() -> Self {
        Self(1)
    }
}

impl FromStr for PageNumber {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let number = text.parse().ok().filter(|number| *number >= 1);
        number.map(Self).ok_or("must be a whole number from 1 on")
    }
}

/// How many entries a page has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageSize(pub(crate) u32);

impl Default for PageSize {
    fn default() -> Self {
        Self(PAGE_SIZE)
    }
}

impl FromStr for PageSize {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let number = text.parse().ok().filter(|number| (1..=PAGE_SIZE_MAX).contains(number));
        number.map(Self).ok_or("must be a whole number from 1 to 100")
    }
}

impl PageNumber {
    /// Which entries are on this page.
    pub(crate) fn of_size(self, PageSize(limit): PageSize) -> PageRequest {
        PageRequest { skip: u64::from(self.0 - 1) * u64::from(limit), limit }
    }
}
