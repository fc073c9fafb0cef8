use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, SecondsFormat, Utc};
use seathold_core::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{KnownFormat, SchemaFormat, Type};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use validator::{Validate, ValidationError, ValidationErrors, ValidationErrorsKind};

use crate::http::problem::FieldError;

/// A text that has to parse. What is wrong with it is kept until the whole
/// shape is validated, so that all invalid fields are reported at once.
#[derive(Clone, Debug)]
pub(crate) struct Text<T>(Result<T, String>);

impl<T> Text<T> {
    /// What the text means. For shapes that have been validated: the
    /// extractors give out no others.
    pub(crate) fn value(self) -> T {
        self.0.unwrap_or_else(|reason| unreachable!("a validated text is valid: {reason}"))
    }

    /// What the text means, if it is valid.
    pub(crate) fn valid(&self) -> Option<&T> {
        self.0.as_ref().ok()
    }
}

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Ok(Self(text.parse().map_err(|reason: T::Err| reason.to_string())))
    }
}

/// The validator keeps the values of invalid fields; nobody needs these.
impl<T> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

impl<T> Validate for Text<T> {
    fn validate(&self) -> Result<(), ValidationErrors> {
        let Err(reason) = &self.0 else { return Ok(()) };
        let mut errors = ValidationErrors::new();
        errors.add(ITSELF, invalid(reason.clone()));
        Err(errors)
    }
}

/// The field name under which a text reports about itself.
const ITSELF: &str = "";

/// The field name under which the validator reports about a shape as a whole.
const WHOLE: &str = "__all__";

/// What a text means that may be left out.
pub(crate) fn given<T: Clone>(text: &Option<Text<T>>) -> Option<T> {
    text.as_ref().and_then(Text::valid).cloned()
}

/// A field that is not valid, for this reason.
pub(crate) fn invalid(reason: impl Into<Cow<'static, str>>) -> ValidationError {
    ValidationError::new("invalid").with_message(reason.into())
}

/// For texts that are kept and shown again as they are.
pub(crate) fn printable(text: &str) -> Result<(), ValidationError> {
    if text.chars().any(char::is_control) {
        return Err(invalid("must have no control characters"));
    }
    Ok(())
}

/// For checks of a shape as a whole: this field of it is not valid; the empty
/// name is the shape itself.
pub(crate) fn invalid_at(
    field: &'static str,
    reason: impl Into<Cow<'static, str>>,
) -> ValidationError {
    ValidationError::new(field).with_message(reason.into())
}

/// The validator's findings as a list, in the order of the paths.
pub(super) fn field_errors(errors: &ValidationErrors) -> Vec<FieldError> {
    let mut found = Vec::new();
    collect(errors, "", &mut found);
    found.sort_by(|a, b| a.field.cmp(&b.field));
    found
}

fn collect(errors: &ValidationErrors, path: &str, found: &mut Vec<FieldError>) {
    for (name, kind) in errors.errors() {
        match kind {
            ValidationErrorsKind::Struct(inner) => collect(inner, &join(path, name), found),
            ValidationErrorsKind::List(items) => {
                for (index, inner) in items {
                    collect(inner, &format!("{}[{index}]", join(path, name)), found);
                }
            }
            ValidationErrorsKind::Field(reasons) => found.extend(reasons.iter().map(|error| {
                let name = if name == WHOLE { &error.code } else { name };
                let field = match join(path, name) {
                    whole if whole.is_empty() => "body".to_owned(),
                    field => field,
                };
                FieldError {
                    field,
                    reason: error.message.as_deref().unwrap_or_default().to_owned(),
                }
            })),
        }
    }
}

fn join(path: &str, name: &str) -> String {
    match (path, name) {
        (path, ITSELF) => path.to_owned(),
        ("", name) => name.to_owned(),
        (path, name) => format!("{path}.{name}"),
    }
}

/// A moment as clients write and read it: RFC 3339, in UTC, with milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Time(pub(crate) Timestamp);

/// A text that is not a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an RFC 3339 date and time like 2024-01-15T10:30:00.000Z")]
pub(crate) struct InvalidTime;

impl FromStr for Time {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        let time = DateTime::parse_from_rfc3339(text).map_err(|_| InvalidTime)?;
        // With an offset it may be of a year that cannot be written in UTC.
        if !(0..=9999).contains(&time.to_utc().year()) {
            return Err(InvalidTime);
        }
        Ok(Self(Timestamp::from_millis(time.timestamp_millis())))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = DateTime::<Utc>::from_timestamp_millis(self.0.as_millis()).unwrap_or_default();
        f.write_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .examples(["2024-01-15T10:30:00.000Z"])
            .into()
    }
}

impl ToSchema for Time {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_any_offset_and_written_in_utc() {
        let time: Time = "2024-01-15T17:30:00.5+07:00".parse().expect("a time");
        assert_eq!(time.to_string(), "2024-01-15T10:30:00.500Z");
        for bad in [
            "",
            "2024-01-15",
            "2024-01-15T10:30:00",
            "1705314600",
            "9999-12-31T23:59:59-01:00",
            "0000-01-01T00:00:00+01:00",
        ] {
            assert!(bad.parse::<Time>().is_err(), "{bad}");
        }
    }
}
