use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use seathold_server::Config;
use seathold_server::sandbox::{Accounts, Faults, SandboxConfig, SandboxServer};
use seathold_server::system_env;
use seathold_service::ports::Env;
use serde_json::{Value, json};
use sha2::{Sha256, Sha512};
use tokio::net::TcpListener;

use super::{Answer, Session, Site, TestApp, sign};

/// The methods whose providers have words of their own.
pub(crate) const OWN_WORDS: [&str; 3] = ["momo", "vnpay", "zalopay"];

/// A shop, and the sandbox as a program of its own that plays its providers.
pub(crate) struct Street {
    pub(crate) app: TestApp,
    pub(crate) accounts: Accounts,
    /// Where the sandbox's API is.
    pub(crate) url: String,
    sandbox: SandboxServer,
}

/// A message that a provider could send.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) signature: Option<String>,
    pub(crate) body: String,
}

/// What a message says.
#[derive(Clone, Debug)]
pub(crate) struct Says {
    /// Our payment.
    pub(crate) payment: String,
    /// The provider's number.
    pub(crate) number: String,
    pub(crate) amount: i64,
    /// The provider's code: 0 or `00` is paid.
    pub(crate) code: &'static str,
    /// What it is signed with, if not with the right secret.
    pub(crate) secret: Option<&'static str>,
}

impl Street {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/sandbox", listener.local_addr().expect("an address"));
        let accounts = accounts();
        let providers = accounts.seen_from(&url, &url).expect("addresses");
        let app = TestApp::with(|config| {
            config.payment_webhook_secret = None;
            config.providers = providers;
            change(config);
        })
        .await;
        let config = SandboxConfig {
            shop: app.base.parse().expect("an address"),
            public_url: None,
            accounts: accounts.clone(),
            faults: Faults::default(),
        };
        let env = Env { clock: Arc::new(app.clock.clone()), ..system_env() };
        let sandbox = SandboxServer::start(env, &config, listener).expect("a sandbox");
        Self { app, accounts, url, sandbox }
    }

    /// The buyer decides on the provider's page.
    pub(crate) async fn press(&self, session: &Session, action: &str) -> String {
        let call = reqwest::Client::new().post(&session.url).form(&[("action", action)]);
        let page = call.send().await.expect("a page").error_for_status().expect("a good one");
        page.text().await.expect("a text")
    }

    /// What the sandbox says about itself.
    pub(crate) async fn ask(&self, path: &str) -> Value {
        let answer = reqwest::get(format!("{}{path}", self.url)).await.expect("an answer");
        answer.json().await.expect("JSON")
    }

    /// Sets switches of the sandbox, for one payment or all.
    pub(crate) async fn set(&self, path: &str, faults: &Value) {
        let call = reqwest::Client::new().put(format!("{}{path}", self.url)).json(faults);
        call.send().await.expect("an answer").error_for_status().expect("a good one");
    }

    /// Taken and given back, in all.
    pub(crate) async fn sums(&self) -> (i64, i64) {
        let ledger = self.ask("/ledger").await;
        let sum = |name: &str| ledger[name]["amount"].as_i64().expect("a sum");
        (sum("charges"), sum("refunds"))
    }

    /// A message of the provider's about a payment.
    pub(crate) fn message(&self, method: &str, says: &Says) -> Message {
        match method {
            "momo" => self.momo(says),
            "vnpay" => self.vnpay(says),
            "zalopay" => self.zalopay(says),
            _ => self.card(says),
        }
    }

    /// The shop's books are in order, and all stop.
    pub(crate) async fn finish(self) {
        self.app.finish().await;
        self.sandbox.stop();
    }

    fn momo(&self, says: &Says) -> Message {
        let accounts = &self.accounts;
        let mut body = json!({
            "partnerCode": accounts.momo_partner_code, "orderId": says.payment,
            "requestId": says.payment, "amount": says.amount, "orderInfo": "Booking",
            "orderType": "momo_wallet", "transId": says.number.parse::<i64>().expect("a number"),
            "resultCode": says.code.parse::<i64>().expect("a number"), "message": "Said.",
            "payType": "qr", "responseTime": self.app.now(), "extraData": "",
        });
        let fields = body.as_object().expect("an object");
        let value = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let pairs: String =
            fields.iter().map(|(name, it)| format!("&{name}={}", value(it))).collect();
        let signed = format!("accessKey={}{pairs}", accounts.momo_access_key.expose());
        let secret = says.secret.unwrap_or(accounts.momo_secret_key.expose());
        body["signature"] = hmac256(secret, &signed).into();
        Message::post("momo", body.to_string())
    }

    fn vnpay(&self, says: &Says) -> Message {
        let reference = says.payment.trim_start_matches("PAY_").replace('-', "");
        let code = says.code;
        let signed = format!(
            "vnp_Amount={}&vnp_BankCode=NCB&vnp_OrderInfo=Booking+1&vnp_PayDate=20840115173000\
             &vnp_ResponseCode={code}&vnp_TmnCode={}&vnp_TransactionNo={}\
             &vnp_TransactionStatus={code}&vnp_TxnRef={reference}",
            says.amount * 100,
            self.accounts.vnpay_tmn_code,
            says.number,
        );
        let secret = says.secret.unwrap_or(self.accounts.vnpay_hash_secret.expose());
        let path =
            format!("{}?{signed}&vnp_SecureHash={}", webhook("vnpay"), hmac512(secret, &signed));
        Message { method: Method::GET, path, signature: None, body: String::new() }
    }

    fn zalopay(&self, says: &Says) -> Message {
        let reference = says.payment.trim_start_matches("PAY_").replace('-', "");
        let data = json!({
            "app_id": self.accounts.zalopay_app_id, "app_trans_id": format!("840115_{reference}"),
            "app_time": self.app.now(), "app_user": "ann", "amount": says.amount,
            "embed_data": "{}", "item": "[]", "zp_trans_id": says.number.parse::<i64>().expect("a number"),
            "server_time": self.app.now(), "channel": 38, "merchant_user_id": "m",
            "user_fee_amount": 0, "discount_amount": 0,
        });
        let data = data.to_string();
        let secret = says.secret.unwrap_or(self.accounts.zalopay_key2.expose());
        let body = json!({ "data": data, "mac": hmac256(secret, &data), "type": 1 });
        Message::post("zalopay", body.to_string())
    }

    fn card(&self, says: &Says) -> Message {
        let status = if says.code == "0" { "success" } else { "failed" };
        let body = json!({ "transaction_id": says.number, "status": status,
                           "payment_id": says.payment, "amount": says.amount });
        let body = body.to_string();
        let secret = says.secret.unwrap_or(self.accounts.card_webhook_secret.expose());
        let signature = Some(sign(secret, self.app.seconds(), body.as_bytes()));
        Message { signature, ..Message::post("card", body) }
    }
}

impl Says {
    /// The payment was made.
    pub(crate) fn paid(session: &Session) -> Self {
        let code = if session.method == "vnpay" { "00" } else { "0" };
        let payment = session.payment.clone();
        // Who names it at once names it the same when it is paid.
        let named = session.method == "card";
        let number = if named { session.transaction.clone() } else { "777000111".to_owned() };
        Self { payment, number, amount: session.amount, code, secret: None }
    }
}

impl Message {
    fn post(provider: &str, body: String) -> Self {
        Self { method: Method::POST, path: webhook(provider), signature: None, body }
    }

    /// Sends it to the shop.
    pub(crate) async fn send(&self, site: &Site) -> Answer {
        let call = site.call(self.method.clone(), &self.path);
        let call = match &self.signature {
            Some(signature) => call.header("X-Signature", signature),
            None => call,
        };
        if self.method == Method::GET {
            call.send().await
        } else {
            call.raw(self.body.clone()).send().await
        }
    }

    /// The message with this text in it replaced.
    pub(crate) fn replaced(&self, old: &str, new: &str) -> Self {
        let (path, body) = (self.path.replace(old, new), self.body.replace(old, new));
        assert!(path != self.path || body != self.body, "{old} is not in {self:?}");
        Self { path, body, ..self.clone() }
    }

    /// The message without its last bytes.
    pub(crate) fn cut(&self, bytes: usize) -> Self {
        let cut = |text: &str| text[..text.len() - bytes.min(text.len())].to_owned();
        if self.method == Method::GET {
            return Self { path: cut(&self.path), ..self.clone() };
        }
        Self { body: cut(&self.body), ..self.clone() }
    }
}

fn webhook(provider: &str) -> String {
    format!("/api/payments/webhook/{provider}")
}

fn accounts() -> Accounts {
    let secret = |text: &str| text.parse().expect("a secret");
    Accounts {
        momo_partner_code: "SHOP".to_owned(),
        momo_access_key: secret("momo-access"),
        momo_secret_key: secret("momo-secret"),
        vnpay_tmn_code: "SHOP0001".to_owned(),
        vnpay_hash_secret: secret("vnpay-secret"),
        zalopay_app_id: 2553,
        zalopay_key1: secret("zalopay-key1"),
        zalopay_key2: secret("zalopay-key2"),
        card_webhook_secret: secret("whsec_card"),
    }
}

fn hmac256(secret: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key will do");
    mac.update(text.as_bytes());
    hex(&mac.finalize().into_bytes())
}

fn hmac512(secret: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha512>::new_from_slice(secret.as_bytes()).expect("any key will do");
    mac.update(text.as_bytes());
    hex(&mac.finalize().into_bytes())
}

fn hex(code: &[u8]) -> String {
    code.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Waits until it is so, within 20 seconds.
pub(crate) async fn eventually(is: impl AsyncFn() -> bool) {
    eventually_within(Duration::from_secs(20), is).await;
}

/// Waits until it is so, no longer than this.
pub(crate) async fn eventually_within(limit: Duration, is: impl AsyncFn() -> bool) {
    let waiting = async {
        while !is().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(limit, waiting).await.expect("it is so in the end");
}
