use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Answer, Site, WEBHOOK_SECRET, fresh_key};

/// A payment that was started.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) payment: String,
    pub(crate) url: String,
    pub(crate) transaction: String,
    pub(crate) method: String,
    pub(crate) amount: i64,
    /// The provider names a transaction only once it is paid: until then it
    /// goes by our payment.
    unnamed: bool,
}

impl Session {
    /// What the gateway sends about it: `success` or `failed`.
    pub(crate) fn word(&self, status: &str) -> Value {
        let mut word =
            json!({ "transaction_id": self.transaction, "status": status, "amount": self.amount });
        if self.unnamed {
            word["payment_id"] = self.payment.clone().into();
        }
        word
    }
}

impl Site {
    pub(crate) async fn confirm(&self, user: &str, booking: &str, method: &str) -> Answer {
        let body = json!({ "payment_method": method });
        self.confirm_with(&fresh_key(), user, booking, &body).await
    }

    pub(crate) async fn confirm_with(
        &self,
        key: &str,
        user: &str,
        booking: &str,
        body: &Value,
    ) -> Answer {
        let path = format!("/api/bookings/{booking}/confirm");
        self.post(&path).by(user).key(key).json(body).send().await
    }

    /// Starts a payment with momo.
    pub(crate) async fn session(&self, user: &str, booking: &str) -> Session {
        self.session_by(user, booking, "momo").await
    }

    /// Starts a payment.
    pub(crate) async fn session_by(&self, user: &str, booking: &str, method: &str) -> Session {
        let confirmed = self.confirm(user, booking, method).await.granted(200);
        let payment = self.payment(user, confirmed.text("payment_id")).await.granted(200);
        let id = payment.text("/data/id").to_owned();
        let named = payment.body["data"]["transaction_id"].as_str().map(str::to_owned);
        Session {
            url: payment.text("/data/payment_url").to_owned(),
            unnamed: named.is_none(),
            transaction: named.unwrap_or_else(|| format!("TXN-{id}")),
            payment: id,
            method: payment.text("/data/payment_method").to_owned(),
            amount: payment.body["data"]["amount"].as_i64().expect("a number"),
        }
    }

    /// Holds seats and starts a payment; gives the booking's id, too.
    pub(crate) async fn buying(
        &self,
        user: &str,
        showtime: &str,
        seats: impl AsRef<[&'static str]>,
    ) -> (String, Session) {
        let booking = self.held(user, showtime, seats).await;
        let session = self.session(user, &booking).await;
        (booking, session)
    }

    /// A booking that is paid in the sandbox; gives its id.
    pub(crate) async fn bought(
        &self,
        user: &str,
        showtime: &str,
        seats: impl AsRef<[&'static str]>,
    ) -> String {
        let (booking, session) = self.buying(user, showtime, seats).await;
        self.pay(&session).await;
        assert_eq!(self.status(&booking).await, "confirmed");
        booking
    }

    pub(crate) async fn payment(&self, user: &str, id: &str) -> Answer {
        self.get(&format!("/api/payments/{id}")).by(user).send().await
    }

    /// What an admin reads as the status of a payment.
    pub(crate) async fn payment_status(&self, session: &Session) -> String {
        let path = format!("/api/payments/{}", session.payment);
        let payment = self.get(&path).by_admin().send().await.granted(200);
        payment.text("/data/status").to_owned()
    }

    /// The buyer pays in the sandbox.
    pub(crate) async fn pay(&self, session: &Session) {
        self.decide(session, "pay").await;
    }

    /// The buyer changes their mind in the sandbox.
    pub(crate) async fn decline(&self, session: &Session) {
        self.decide(session, "decline").await;
    }

    async fn decide(&self, session: &Session, action: &str) {
        let path = session.url.strip_prefix(&self.base).expect("a page of the sandbox");
        let page = self.post(path).form(&[("action", action)]).send().await.granted(200);
        let page = String::from_utf8_lossy(&page.bytes);
        assert!(!page.contains("could not be told"), "the shop refused the webhook: {page}");
    }

    /// A gateway's message, signed now.
    pub(crate) async fn webhook(&self, provider: &str, body: &Value) -> Answer {
        let body = body.to_string();
        let signature = sign(WEBHOOK_SECRET, self.seconds(), body.as_bytes());
        self.webhook_with(provider, &signature, body).await
    }

    /// A gateway's message under this signature.
    pub(crate) async fn webhook_with(
        &self,
        provider: &str,
        signature: &str,
        body: impl Into<Vec<u8>>,
    ) -> Answer {
        let path = format!("/api/payments/webhook/{provider}");
        self.post(&path).header("X-Signature", signature).raw(body.into()).send().await
    }

    /// The gateway says what became of a payment, and is believed.
    pub(crate) async fn gateway_says(&self, session: &Session, status: &str) {
        self.webhook(&session.method, &session.word(status)).await.granted(200);
    }
}

/// The header that signs a body at this time (seconds since the epoch).
pub(crate) fn sign(secret: &str, at: i64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key will do");
    mac.update(at.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    let code = mac.finalize().into_bytes();
    let hex: String = code.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={at},v1={hex}")
}
