use seathold_adapters::gateways::{Doubt, Momo, MomoAccount, Verdict, Word, mac};
use seathold_service::model::{Outcome, PaymentMethod};
use serde_json::{Value, json};

use super::{by_post, env, event, payment, spoiled, told};

const SECRET: &str = "K951B6PE1waDMi640xX08PD3vg6EkVlz";

fn momo(partner_code: &str) -> Momo {
    let account = MomoAccount {
        partner_code: partner_code.to_owned(),
        access_key: "F8BBA842ECF85".to_owned(),
        secret_key: SECRET.to_owned(),
        url: "https://momo.example".to_owned(),
    };
    Momo::new(account, "https://seats.example", env()).expect("it can be made")
}

/// As this shop knows it.
pub(super) fn shop() -> Momo {
    momo("SHOP")
}

/// A message that our payment is paid.
pub(super) fn paid() -> String {
    message(0, 4_088_878_653).to_string()
}

/// The message of the published vector.
fn published() -> Value {
    json!({
        "partnerCode": "MOMOT5BZ20231213_TEST",
        "orderId": "Partner_Transaction_ID_1721720620078",
        "requestId": "Request_ID_1721720620078",
        "amount": 1000,
        "orderInfo": "Thank you for your purchase at MoMo_test",
        "orderType": "momo_wallet",
        "transId": 4_088_878_653_i64,
        "resultCode": 0,
        "message": "Successful.",
        "payType": "qr",
        "responseTime": 1_721_720_663_942_i64,
        "extraData": "eyJza3VzIjoiIn0=",
        "signature": "a64d27ebbf51ba9e5d1483f0a99199f16b6b9d4eb1a2a6c9348e2174d5155d05",
    })
}

/// A message about our payment with this result.
fn message(code: i64, transaction: i64) -> Value {
    let mut message = json!({
        "partnerCode": "SHOP", "orderId": payment().to_string(),
        "requestId": payment().to_string(), "amount": 100_000, "orderInfo": "Booking BK-1",
        "orderType": "momo_wallet", "transId": transaction, "resultCode": code,
        "message": "Giao dịch thành công.", "payType": "qr",
        "responseTime": 1_721_720_663_000_i64, "extraData": "",
    });
    sign(&mut message);
    message
}

fn sign(message: &mut Value) {
    let text = |name: &str| match &message[name] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let names = [
        "amount",
        "extraData",
        "message",
        "orderId",
        "orderInfo",
        "orderType",
        "partnerCode",
        "payType",
        "requestId",
        "responseTime",
        "resultCode",
        "transId",
    ];
    let pairs: String = names.iter().map(|name| format!("&{name}={}", text(name))).collect();
    let signed = format!("accessKey=F8BBA842ECF85{pairs}");
    message["signature"] = mac::sha256(SECRET, &[signed.as_bytes()]).into();
}

#[test]
fn the_published_vector_is_authentic_and_about_none_of_our_payments() {
    let momo = momo("MOMOT5BZ20231213_TEST");
    assert_eq!(by_post(&momo, &published().to_string()), Err(Doubt::NotOurs));
    let mut altered = published();
    altered["amount"] = 1001.into();
    assert_eq!(by_post(&momo, &altered.to_string()), Err(Doubt::Signature));
}

#[test]
fn results_are_paid_undecided_or_failed() {
    let momo = momo("SHOP");
    let read = |code| by_post(&momo, &message(code, 4_088_878_653).to_string());
    let ended = |outcome| Ok(Word::Event(event(PaymentMethod::Momo, "4088878653", outcome)));
    assert_eq!(read(0), ended(Outcome::Success));
    for code in [1000, 7000, 7002, 9000] {
        assert_eq!(read(code), Ok(Word::Pending(payment())), "{code}");
    }
    for code in [1006, 1005, 99, 10, -1] {
        assert_eq!(read(code), ended(Outcome::Failed), "{code}");
    }
}

#[test]
fn an_attempt_without_a_number_goes_by_our_own() {
    let word = by_post(&momo("SHOP"), &message(1006, 0).to_string());
    let ours = payment().to_string();
    assert_eq!(word, Ok(Word::Event(event(PaymentMethod::Momo, &ours, Outcome::Failed))));
}

#[test]
fn a_message_that_is_altered_or_cut_short_is_not_believed() {
    let (momo, good) = (momo("SHOP"), message(0, 1));
    assert!(by_post(&momo, &good.to_string()).is_ok());
    for name in good.as_object().expect("an object").keys() {
        let mut altered = good.clone();
        altered[name] = "2".into();
        assert_eq!(by_post(&momo, &altered.to_string()), Err(Doubt::Signature), "{name}");
        altered.as_object_mut().expect("an object").remove(name);
        let doubt = by_post(&momo, &altered.to_string());
        // What is empty anyway may be left out.
        assert_eq!(doubt.is_ok(), name == "extraData", "{name}");
    }
    let mut good = good;
    good["extraData"] = "e30=".into();
    sign(&mut good);
    for body in spoiled(&good.to_string()) {
        assert!(by_post(&momo, &body).is_err(), "{body}");
    }
}

#[test]
fn the_order_of_fields_of_the_first_version_is_not_accepted() {
    let mut old = message(0, 1);
    let signed = format!(
        "partnerCode=SHOP&accessKey=F8BBA842ECF85&requestId={0}&amount=100000&orderId={0}\
         &orderInfo=Booking BK-1&orderType=momo_wallet&transId=1&message=Giao dịch thành công.\
         &localMessage=&responseTime=1721720663000&errorCode=0&payType=qr&extraData=",
        payment()
    );
    old["signature"] = mac::sha256(SECRET, &[signed.as_bytes()]).into();
    assert_eq!(by_post(&momo("SHOP"), &old.to_string()), Err(Doubt::Signature));
}

#[test]
fn a_message_for_another_merchant_is_not_ours() {
    assert_eq!(by_post(&momo("OTHER"), &message(0, 1).to_string()), Err(Doubt::NotOurs));
}

#[test]
fn momo_is_answered_204_or_like_anybody() {
    let momo = momo("SHOP");
    assert_eq!(told(&momo, Verdict::Taken), Some((204, String::new())));
    assert_eq!(told(&momo, Verdict::Repeated), Some((204, String::new())));
    for verdict in [
        Verdict::UnknownOrder,
        Verdict::WrongAmount,
        Verdict::Failed,
        Verdict::Refused(Doubt::Signature),
    ] {
        assert_eq!(told(&momo, verdict), None);
    }
}
