use reqwest::Response;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// What the server said.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// The body as JSON; null if it is something else.
    pub(crate) body: Value,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) async fn read(response: Response) -> Result<Self, reqwest::Error> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await?.to_vec();
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        Ok(Self { status, headers, body, bytes })
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a header of plain text"))
    }

    /// A text of the body, by its name or, deeper, its JSON pointer.
    #[track_caller]
    pub(crate) fn text(&self, field: &str) -> &str {
        let value =
            if field.starts_with('/') { self.body.pointer(field) } else { self.body.get(field) };
        value.and_then(Value::as_str).unwrap_or_else(|| panic!("no text {field} in {self:?}"))
    }

    /// The code of a problem; empty for anything else.
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    pub(crate) fn is_replayed(&self) -> bool {
        self.header("idempotent-replayed") == Some("true")
    }

    /// It is granted, with this status.
    #[track_caller]
    pub(crate) fn granted(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.bytes));
        self
    }

    /// It is refused, with this status and code, and in the shape of every
    /// problem. Whether it may be retried is said twice, and both agree.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.code()), (status, code), "{}", self.body);
        self.is_problem();
        self
    }

    /// It is refused for what is wrong with this field, or in it.
    #[track_caller]
    pub(crate) fn invalid(self, field: &str) -> Self {
        let answer = self.refused(400, "VALIDATION_FAILED");
        let errors = answer.body["errors"].as_array().expect("a list of errors");
        let fields: Vec<_> = errors.iter().filter_map(|error| error["field"].as_str()).collect();
        let is_meant = |name: &&str| {
            name.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        assert!(fields.iter().any(is_meant), "{field} is not among {fields:?}");
        assert!(errors.iter().all(|error| error["reason"].as_str() > Some("")), "{errors:?}");
        answer
    }

    /// It is a refusal that may succeed later.
    #[track_caller]
    pub(crate) fn is_retryable(&self) -> bool {
        self.body["retryable"].as_bool().unwrap_or_else(|| panic!("no problem: {self:?}"))
    }

    /// The seats at fault.
    pub(crate) fn seats(&self) -> Vec<&str> {
        let seats = self.body["seats"].as_array().map(Vec::as_slice).unwrap_or_default();
        seats.iter().filter_map(Value::as_str).collect()
    }

    /// It has the shape of every problem (RFC 9457).
    #[track_caller]
    pub(crate) fn is_problem(&self) {
        let seen = String::from_utf8_lossy(&self.bytes);
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{seen}");
        assert_eq!(self.body["status"], self.status, "{seen}");
        for field in ["type", "title", "detail", "code", "request_id"] {
            assert!(!self.text(field).is_empty(), "{field} is empty in {seen}");
        }
        assert_eq!(self.header("x-request-id"), Some(self.text("request_id")), "{seen}");
        assert_eq!(self.is_retryable(), self.header("retry-after").is_some(), "{seen}");
        if let Some(after) = self.header("retry-after") {
            assert!(after.parse::<u32>().is_ok_and(|seconds| seconds > 0), "{after}");
        }
    }
}
