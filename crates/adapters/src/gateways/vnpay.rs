//! VNPay 2.1.0.

use std::time::Duration;

use async_trait::async_trait;
use form_urlencoded::{Serializer, parse};
use reqwest::Client;
use seathold_core::{Currency, PaymentId};
use seathold_service::model::{GatewayEvent, Outcome, PaymentMethod};
use seathold_service::ports::{
    Env, Gateway, GatewayError, GatewaySession, PaymentRequest, RefundRequest, Refunded, Standing,
    StatusRequest,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::callback::{
    Acknowledgement, Callbacks, Doubt, Message, Verdict, Word, text, transaction,
};
use super::{dong, http, is_dong, local_time, mac};

const VERSION: &str = "2.1.0";

/// Amounts are written with two decimals that dong do not have.
const HUNDREDTHS: i64 = 100;

/// VNPay wants the buyer's address; who pays is known to VNPay alone.
const ADDRESS: &str = "127.0.0.1";

/// What the answer to a query is signed over, in this order.
const QUERY_ANSWER: [&str; 15] = [
    "vnp_ResponseId",
    "vnp_Command",
    "vnp_ResponseCode",
    "vnp_Message",
    "vnp_TmnCode",
    "vnp_TxnRef",
    "vnp_Amount",
    "vnp_BankCode",
    "vnp_PayDate",
    "vnp_TransactionNo",
    "vnp_TransactionType",
    "vnp_TransactionStatus",
    "vnp_OrderInfo",
    "vnp_PromotionCode",
    "vnp_PromotionAmount",
];

/// How many of them the answer to a refund is signed over.
const REFUND_ANSWER: usize = 13;

/// What VNPay knows this shop by.
#[derive(Clone)]
pub struct VnpayAccount {
    /// The merchant.
    pub tmn_code: String,
    /// What is signed with.
    pub hash_secret: String,
    /// The page on which buyers pay.
    pub pay_url: String,
    /// Where its API is.
    pub api_url: String,
}

/// VNPay.
pub struct Vnpay {
    account: VnpayAccount,
    public_url: String,
    client: Client,
    env: Env,
}

impl Vnpay {
    /// VNPay for this merchant. Where it calls back is agreed with VNPay.
    ///
    /// # Errors
    /// The system has no certificates to check VNPay's against.
    pub fn new(account: VnpayAccount, public_url: &str, env: Env) -> Result<Self, GatewayError> {
        Ok(Self { account, public_url: http::base(public_url), client: http::client()?, env })
    }

    fn hash(&self, text: &str) -> String {
        mac::sha512(&self.account.hash_secret, &[text.as_bytes()])
    }

    /// Sends a command, signed over all of its fields in this order, and
    /// checks the answer's signature over the first `answer` of its fields.
    /// Gives what VNPay says when it did it or has done it (00), or its code.
    async fn command(
        &self,
        fields: &[(&'static str, String)],
        answer: usize,
    ) -> Result<Result<Value, String>, GatewayError> {
        let values: Vec<&str> = fields.iter().map(|(_, value)| value.as_str()).collect();
        let mut body: Value =
            fields.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        body["vnp_SecureHash"] = self.hash(&values.join("|")).into();
        let call = self.client.post(&self.account.api_url).json(&body);
        let said: Value = http::send(call).await?.good()?.json()?;
        let code = text(&said, "vnp_ResponseCode");
        if code != "00" {
            return Ok(Err(code));
        }
        let signed: Vec<String> =
            QUERY_ANSWER.iter().take(answer).map(|name| text(&said, name)).collect();
        let (signed, hash) = (signed.join("|"), text(&said, "vnp_SecureHash"));
        if !mac::is_sha512(&self.account.hash_secret, &[signed.as_bytes()], &hash) {
            return Err(GatewayError("VNPay's answer is not signed by VNPay".to_owned()));
        }
        Ok(Ok(said))
    }

    async fn query(
        &self,
        payment: PaymentId,
        transaction_date: String,
    ) -> Result<Result<Value, String>, GatewayError> {
        let reference = reference(payment);
        let fields = [
            ("vnp_RequestId", self.env.uuid().simple().to_string()),
            ("vnp_Version", VERSION.to_owned()),
            ("vnp_Command", "querydr".to_owned()),
            ("vnp_TmnCode", self.account.tmn_code.clone()),
            ("vnp_TxnRef", reference.clone()),
            ("vnp_TransactionDate", transaction_date),
            ("vnp_CreateDate", local_time::second(self.env.now())?),
            ("vnp_IpAddr", ADDRESS.to_owned()),
            ("vnp_OrderInfo", format!("Query {reference}")),
        ];
        let said = self.command(&fields, QUERY_ANSWER.len()).await?;
        match &said {
            Ok(said) if text(said, "vnp_TxnRef") != reference => {
                Err(GatewayError("the answer is about another payment".to_owned()))
            }
            _ => Ok(said),
        }
    }

    async fn refund_standing(&self, request: &RefundRequest) -> Result<Refunded, GatewayError> {
        let date = local_time::second(request.created_at)?;
        let said = self.query(request.payment_id, date).await?.map_err(|code| refusal(&code))?;
        match text(&said, "vnp_TransactionType").as_str() {
            "02" | "03" => refunded(&said),
            // The payment itself: the refund is not to be seen yet.
            _ => Ok(Refunded::Pending),
        }
    }

    /// The parameters that are signed, as they came, and their signature.
    fn signed<'a>(&self, query: &'a str) -> Result<Vec<&'a str>, Doubt> {
        let (mut pairs, mut hash) = (Vec::new(), None);
        for pair in query.split('&') {
            match pair.split_once('=').unwrap_or((pair, "")) {
                ("vnp_SecureHash", value) => hash = Some(value),
                ("vnp_SecureHashType", _) => {}
                (name, _) if name.starts_with("vnp_") => pairs.push(pair),
                _ => {}
            }
        }
        let name = |pair: &&'a str| pair.split_once('=').map_or(*pair, |(name, _)| name);
        pairs.sort_by_key(name);
        let signed = pairs.join("&");
        let hash = hash.ok_or(Doubt::Signature)?;
        if !mac::is_sha512(&self.account.hash_secret, &[signed.as_bytes()], hash) {
            return Err(Doubt::Signature);
        }
        if pairs.windows(2).any(|two| name(&two[0]) == name(&two[1])) {
            return Err(Doubt::Malformed);
        }
        Ok(pairs)
    }
}

#[async_trait]
impl Gateway for Vnpay {
    fn offers(&self, _: PaymentMethod) -> bool {
        true
    }

    fn takes(&self, _: PaymentMethod, currency: Currency) -> bool {
        is_dong(currency)
    }

    fn window(&self, _: PaymentMethod) -> Duration {
        Duration::ZERO
    }

    /// The signed address of a page: VNPay learns of the payment from the buyer.
    async fn open(&self, request: &PaymentRequest) -> Result<GatewaySession, GatewayError> {
        let back = request.return_url.clone().unwrap_or_else(|| self.public_url.clone());
        let query = Serializer::new(String::new())
            .append_pair("vnp_Amount", &hundredths(dong(request.amount, request.currency)?)?)
            .append_pair("vnp_Command", "pay")
            .append_pair("vnp_CreateDate", &local_time::second(request.created_at)?)
            .append_pair("vnp_CurrCode", super::VND)
            .append_pair("vnp_ExpireDate", &local_time::second(request.expires_at)?)
            .append_pair("vnp_IpAddr", ADDRESS)
            .append_pair("vnp_Locale", "vn")
            .append_pair("vnp_OrderInfo", &request.description)
            .append_pair("vnp_OrderType", "other")
            .append_pair("vnp_ReturnUrl", &back)
            .append_pair("vnp_TmnCode", &self.account.tmn_code)
            .append_pair("vnp_TxnRef", &reference(request.payment_id))
            .append_pair("vnp_Version", VERSION)
            .finish();
        let url = format!("{}?{query}&vnp_SecureHash={}", self.account.pay_url, self.hash(&query));
        Ok(GatewaySession { transaction_id: None, payment_url: http::web_address(url)? })
    }

    async fn status(&self, request: &StatusRequest) -> Result<Standing, GatewayError> {
        let date = local_time::second(request.created_at)?;
        let said = match self.query(request.payment_id, date).await? {
            Ok(said) => said,
            Err(code) if code == "91" => return Ok(Standing::Unknown),
            Err(code) => return Err(refusal(&code)),
        };
        let field = |name: &str| text(&said, name);
        let (outcome, amount) = match field("vnp_TransactionStatus").as_str() {
            // Paid; or paid, and a refund is on its way or was refused.
            "00" | "05" | "06" | "09" => (Outcome::Success, units(&field("vnp_Amount"))),
            // Not finished, or held for review.
            "01" | "07" => return Ok(Standing::Pending),
            _ => (Outcome::Failed, Some(request.amount)),
        };
        let amount = amount.ok_or_else(http::malformed)?;
        Ok(Standing::Ended(event(field, request.payment_id, outcome, amount)))
    }

    async fn refund(&self, request: &RefundRequest) -> Result<Refunded, GatewayError> {
        let transaction = request.transaction_id.clone().ok_or_else(http::no_transaction)?;
        let fields = [
            ("vnp_RequestId", request.refund_id.uuid().simple().to_string()),
            ("vnp_Version", VERSION.to_owned()),
            ("vnp_Command", "refund".to_owned()),
            ("vnp_TmnCode", self.account.tmn_code.clone()),
            ("vnp_TransactionType", "02".to_owned()),
            ("vnp_TxnRef", reference(request.payment_id)),
            ("vnp_Amount", hundredths(dong(request.amount, request.currency)?)?),
            ("vnp_TransactionNo", transaction),
            ("vnp_TransactionDate", local_time::second(request.created_at)?),
            ("vnp_CreateBy", "seathold".to_owned()),
            ("vnp_CreateDate", local_time::second(self.env.now())?),
            ("vnp_IpAddr", ADDRESS.to_owned()),
            ("vnp_OrderInfo", request.reason.clone()),
        ];
        match self.command(&fields, REFUND_ANSWER).await? {
            Ok(said) => refunded(&said),
            // There is a refund already.
            Err(code) if code == "94" => self.refund_standing(request).await,
            Err(code) => Err(refusal(&code)),
        }
    }
}

impl Callbacks for Vnpay {
    fn read(&self, message: &Message<'_>) -> Result<Word, Doubt> {
        // By GET in the address; a form is the same by POST.
        let query = match message.body {
            [] => message.query,
            body => std::str::from_utf8(body).map_err(|_| Doubt::Malformed)?,
        };
        let pairs = self.signed(query)?;
        let field = |name: &str| {
            let mut fields = pairs.iter().flat_map(|pair| parse(pair.as_bytes()));
            fields.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        let field = |name: &str| field(name).unwrap_or_default();
        if field("vnp_TmnCode") != self.account.tmn_code {
            return Err(Doubt::NotOurs);
        }
        let payment = payment(&field("vnp_TxnRef")).ok_or(Doubt::NotOurs)?;
        let amount = units(&field("vnp_Amount")).ok_or(Doubt::Malformed)?;
        let states = (field("vnp_ResponseCode"), field("vnp_TransactionStatus"));
        let outcome = match (states.0.as_str(), states.1.as_str()) {
            ("00", "00") => Outcome::Success,
            ("07", _) | (_, "07") => return Ok(Word::Review(payment)),
            (_, "01") => return Ok(Word::Pending(payment)),
            ("", _) | (_, "") => return Err(Doubt::Malformed),
            _ => Outcome::Failed,
        };
        Ok(Word::Event(event(field, payment, outcome, amount)))
    }

    fn acknowledge(&self, verdict: Verdict) -> Option<Acknowledgement> {
        let (code, message) = match verdict {
            Verdict::Taken => ("00", "Confirm Success"),
            Verdict::UnknownOrder | Verdict::Refused(Doubt::NotOurs) => ("01", "Order not found"),
            Verdict::Repeated => ("02", "Order already confirmed"),
            Verdict::WrongAmount => ("04", "Invalid amount"),
            Verdict::Refused(Doubt::Signature) => ("97", "Fail checksum"),
            Verdict::Refused(Doubt::Malformed) | Verdict::Failed => ("99", "Unknown error"),
        };
        let body = json!({ "RspCode": code, "Message": message });
        Some(Acknowledgement { status: 200, body: Some(body) })
    }
}

/// Our reference: at most a hundred letters and digits.
fn reference(payment: PaymentId) -> String {
    payment.uuid().simple().to_string()
}

fn payment(reference: &str) -> Option<PaymentId> {
    let uuid = (reference.len() == 32).then(|| Uuid::try_parse(reference).ok())??;
    Some(PaymentId::from_uuid(uuid))
}

fn hundredths(units: i64) -> Result<String, GatewayError> {
    let amount = units.checked_mul(HUNDREDTHS);
    amount.map(|amount| amount.to_string()).ok_or_else(|| GatewayError("too much".to_owned()))
}

fn units(hundredths: &str) -> Option<i64> {
    let amount: i64 = hundredths.parse().ok()?;
    (amount >= 0 && amount % HUNDREDTHS == 0).then_some(amount / HUNDREDTHS)
}

fn event(
    field: impl Fn(&str) -> String,
    payment: PaymentId,
    outcome: Outcome,
    amount: i64,
) -> GatewayEvent {
    let paid_at = local_time::parse_second(&field("vnp_PayDate"));
    GatewayEvent {
        provider: PaymentMethod::Vnpay,
        transaction_id: transaction(&field("vnp_TransactionNo"), &payment.to_string()),
        payment_id: Some(payment),
        outcome,
        amount,
        currency: super::VND.parse().ok(),
        paid_at: paid_at.filter(|_| outcome == Outcome::Success),
    }
}

fn refunded(said: &Value) -> Result<Refunded, GatewayError> {
    match text(said, "vnp_TransactionStatus").as_str() {
        "00" => Ok(Refunded::Done),
        "05" | "06" => Ok(Refunded::Pending),
        status => Err(GatewayError(format!("VNPay's refund has status {status}"))),
    }
}

fn refusal(code: &str) -> GatewayError {
    GatewayError(format!("VNPay's response code is {code}"))
}
