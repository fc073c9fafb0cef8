use seathold_adapters::gateways::{Doubt, Verdict, Word, Zalopay, ZalopayAccount, mac};
use seathold_service::model::{Outcome, PaymentMethod};
use serde_json::{Value, json};

use super::{by_post, env, event, payment, spoiled, told};

const KEY2: &str = "kLtgPl8HHhfvMuDHPwKfgfsY4Ydm9eIz";

/// The published body, byte for byte.
const PUBLISHED: &str = r#"{"data":"{\"app_id\":2553,\"app_trans_id\":\"200904_2553_1598435687208\",\"app_time\":1599189392817,\"app_user\":\"demo\",\"amount\":10000,\"embed_data\":\"{\\\"merchantinfo\\\":\\\"embeddata123\\\",\\\"promotioninfo\\\":\\\"\\\"}\",\"item\":\"[{\\\"itemid\\\":\\\"knb\\\",\\\"itemname\\\":\\\"kim nguyen bao\\\",\\\"itemprice\\\":198400,\\\"itemquantity\\\":1}]\",\"zp_trans_id\":200904000000389,\"server_time\":1599189413498,\"channel\":38,\"merchant_user_id\":\"7ZMSl3nEg5sOUJzOLSoUFT8xKNQVaLOLXHB--8Eytqc\",\"user_fee_amount\":0,\"discount_amount\":0}","mac":"d8d33baf449b31d7f9b94fa50d7c942c08cd4d83f28fa185557da21acb104f67","type":1}"#;

fn zalopay() -> Zalopay {
    let account = ZalopayAccount {
        app_id: 2553,
        key1: "key1".to_owned(),
        key2: KEY2.to_owned(),
        url: "https://zalopay.example".to_owned(),
    };
    Zalopay::new(account, "https://seats.example", env()).expect("it can be made")
}

/// As this shop knows it.
pub(super) fn shop() -> Zalopay {
    zalopay()
}

/// A message that our payment is paid.
pub(super) fn paid() -> String {
    enveloped(&data().to_string()).to_string()
}

fn enveloped(data: &str) -> Value {
    json!({ "data": data, "mac": mac::sha256(KEY2, &[data.as_bytes()]), "type": 1 })
}

fn data() -> Value {
    json!({
        "app_id": 2553, "app_trans_id": format!("240723_{}", payment().uuid().simple()),
        "app_time": 1_721_720_600_000_i64, "app_user": "ann", "amount": 100_000,
        "embed_data": "{}", "item": "[]", "zp_trans_id": 240_723_000_000_389_i64,
        "server_time": 1_721_720_663_000_i64, "channel": 38, "merchant_user_id": "m",
        "user_fee_amount": 0, "discount_amount": 0,
    })
}

#[test]
fn the_published_vector_is_authentic_and_about_none_of_our_payments() {
    assert_eq!(by_post(&zalopay(), PUBLISHED), Err(Doubt::NotOurs));
    let altered = PUBLISHED.replace(r#"\"amount\":10000"#, r#"\"amount\":10001"#);
    assert_eq!(by_post(&zalopay(), &altered), Err(Doubt::Signature));
    let spaced = PUBLISHED.replace(r#"\"channel\":38"#, r#"\"channel\": 38"#);
    assert_eq!(by_post(&zalopay(), &spaced), Err(Doubt::Signature), "the bytes count");
}

#[test]
fn a_message_is_always_of_a_payment_that_was_made() {
    let word = Word::Event(event(PaymentMethod::Zalopay, "240723000000389", Outcome::Success));
    assert_eq!(by_post(&zalopay(), &enveloped(&data().to_string()).to_string()), Ok(word));
}

#[test]
fn a_message_that_is_altered_or_cut_short_is_not_believed() {
    let good = enveloped(&data().to_string());
    for body in spoiled(&good.to_string()) {
        assert!(by_post(&zalopay(), &body).is_err(), "{body}");
    }
    for (name, value) in [("type", json!(2)), ("type", Value::Null), ("mac", Value::Null)] {
        let mut altered = good.clone();
        altered[name] = value;
        assert!(by_post(&zalopay(), &altered.to_string()).is_err(), "{altered}");
    }
}

#[test]
fn what_is_authentic_but_not_ours_or_makes_no_sense_is_refused() {
    let with = |name: &str, value: Value| {
        let mut data = data();
        data[name] = value;
        by_post(&zalopay(), &enveloped(&data.to_string()).to_string())
    };
    assert_eq!(with("app_id", json!(2554)), Err(Doubt::NotOurs));
    assert_eq!(with("app_trans_id", json!("240723_1")), Err(Doubt::NotOurs));
    assert_eq!(with("amount", json!("much")), Err(Doubt::Malformed));
    assert_eq!(by_post(&zalopay(), &enveloped("{").to_string()), Err(Doubt::Malformed));
}

#[test]
fn zalopay_is_answered_in_its_own_words() {
    let say = |verdict| told(&zalopay(), verdict);
    let said = |code: i64, message: &str| {
        Some((200, json!({ "return_code": code, "return_message": message }).to_string()))
    };
    assert_eq!(say(Verdict::Taken), said(1, "success"));
    assert_eq!(say(Verdict::Repeated), said(2, "duplicate"));
    assert_eq!(say(Verdict::UnknownOrder), said(0, "order not found, try again"));
    assert_eq!(say(Verdict::Failed), said(0, "try again"));
    assert_eq!(say(Verdict::WrongAmount), said(-1, "amount not equal"));
    assert_eq!(say(Verdict::Refused(Doubt::Signature)), said(-1, "mac not equal"));
}
