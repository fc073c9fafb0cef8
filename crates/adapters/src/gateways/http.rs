//! How providers are called.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, StatusCode, Url};
use seathold_service::ports::GatewayError;
use serde::de::DeserializeOwned;

/// To reach a provider: longer, and it is down.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);

/// For one whole call: half of what a buyer's request may take.
const CALL_LIMIT: Duration = Duration::from_secs(5);

/// Bytes of an answer; a session is a few hundred.
const MAX_RESPONSE_BYTES: usize = 64 << 10;

/// What a provider has answered.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// The answer, if its status says that it was done.
    pub(super) fn good(self) -> Result<Self, GatewayError> {
        match self.status {
            status if status.is_success() => Ok(self),
            status => Err(GatewayError(format!("it answered {status}"))),
        }
    }

    /// Its body as JSON.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, GatewayError> {
        serde_json::from_slice(&self.body)
            .map_err(|error| GatewayError(format!("the answer is malformed: {error}")))
    }
}

/// A client that follows nobody elsewhere and waits for nobody long.
pub(crate) fn client() -> Result<Client, GatewayError> {
    Client::builder()
        .connect_timeout(CONNECT_LIMIT)
        .timeout(CALL_LIMIT)
        .redirect(Policy::none())
        .no_proxy()
        .build()
        .map_err(failed)
}

/// Sends a call and reads the answer, if it is short enough.
pub(super) async fn send(call: RequestBuilder) -> Result<Answer, GatewayError> {
    let mut response = call.send().await.map_err(failed)?;
    let (status, mut body) = (response.status(), Vec::new());
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > MAX_RESPONSE_BYTES {
            return Err(GatewayError("the answer is too long".to_owned()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, body })
}

/// A base address without its last slash.
pub(super) fn base(url: &str) -> String {
    url.trim_end_matches('/').to_owned()
}

/// An address a buyer can be sent to.
pub(super) fn web_address(payment_url: String) -> Result<String, GatewayError> {
    let web = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    if !Url::parse(&payment_url).is_ok_and(|url| web(&url)) {
        return Err(GatewayError("the answer's payment_url is not a web address".to_owned()));
    }
    Ok(payment_url)
}

/// The answer has not what was asked for.
pub(super) fn malformed() -> GatewayError {
    GatewayError("the answer is malformed".to_owned())
}

/// Without the provider's number nothing can be given back.
pub(super) fn no_transaction() -> GatewayError {
    GatewayError("the provider's number of the payment is not known".to_owned())
}

/// With all causes, but without the address, which may hold a password.
pub(crate) fn failed(error: reqwest::Error) -> GatewayError {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    GatewayError(text)
}
