//! Those who are told of bookings, over HTTP, by the Standard Webhooks
//! (<https://www.standardwebhooks.com>).

pub mod signature;

use async_trait::async_trait;
use reqwest::Client;
use reqwest::header::{CONTENT_TYPE, USER_AGENT};
use seathold_service::model::ReceiverId;
use seathold_service::ports::{GatewayError, Message, NotTold, Receivers};

use crate::gateways::http;
pub use signature::SigningSecret;

/// What receivers know us by.
const AGENT: &str = concat!("seathold/", env!("CARGO_PKG_VERSION"));

/// Receivers at web addresses.
#[derive(Clone, Debug)]
pub struct WebReceivers {
    client: Client,
    urls: Vec<(ReceiverId, String)>,
    secrets: Vec<SigningSecret>,
}

impl WebReceivers {
    /// Those at these addresses, absolute and http or https. Each message has a
    /// signature by each of the secrets: while they are changed, the old and the new.
    ///
    /// # Errors
    /// The system has no certificates to check theirs against.
    pub fn new(urls: &[String], secrets: Vec<SigningSecret>) -> Result<Self, GatewayError> {
        let mut known: Vec<(ReceiverId, String)> = Vec::new();
        for url in urls {
            let id = ReceiverId::of(url);
            if known.iter().all(|(other, _)| *other != id) {
                known.push((id, url.clone()));
            }
        }
        Ok(Self { client: http::client()?, urls: known, secrets })
    }

    fn url(&self, receiver: ReceiverId) -> Option<&str> {
        self.urls.iter().find(|(id, _)| *id == receiver).map(|(_, url)| url.as_str())
    }
}

#[async_trait]
impl Receivers for WebReceivers {
    fn all(&self) -> Vec<ReceiverId> {
        self.urls.iter().map(|(id, _)| *id).collect()
    }

    fn address(&self, receiver: ReceiverId) -> Option<String> {
        // A query may be a key.
        self.url(receiver).map(|url| url.split(['?', '#']).next().unwrap_or(url).to_owned())
    }

    /// Any status from 200 to 299 says that it has the message; nobody is followed
    /// anywhere, and nothing of the answer is read.
    async fn tell(&self, receiver: ReceiverId, message: &Message) -> Result<(), NotTold> {
        let unknown = || NotTold("this receiver is not configured".to_owned());
        let url = self.url(receiver).ok_or_else(unknown)?;
        let (id, at) = (message.id.to_string(), message.sent_at.as_millis().div_euclid(1000));
        let call = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, AGENT)
            .header("webhook-id", &id)
            .header("webhook-timestamp", at)
            .header("webhook-signature", signature::sign(&self.secrets, &id, at, &message.body))
            .body(message.body.clone());
        let answer = call.send().await.map_err(|error| NotTold(http::failed(error).0))?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            status => Err(NotTold(format!("it answered {status}"))),
        }
    }
}
