use seathold_adapters::gateways::{
    Callbacks, Doubt, Message, Verdict, Vnpay, VnpayAccount, Word, mac,
};
use seathold_core::{BookingId, Timestamp};
use seathold_service::model::{Outcome, PaymentMethod};
use seathold_service::ports::{Gateway, PaymentRequest};

use super::{by_post, env, event, payment, spoiled, told};

const SECRET: &str = "test_secret";

/// The signed part and the hash of the published vectors.
const PUBLISHED: [(&str, &str); 2] = [
    (
        "vnp_Amount=1000000&vnp_BankCode=NCB&vnp_BankTranNo=VNP14422574&vnp_CardType=ATM&vnp_OrderInfo=Thanh+toan+don+hang+2024-05-21T02%3A17%3A31.249Z&vnp_PayDate=20240521091806&vnp_ResponseCode=00&vnp_TmnCode=TEST_TMN_CODE&vnp_TransactionNo=14422574&vnp_TransactionStatus=00&vnp_TxnRef=1716257871703",
        "649982421beb422556a1374713c74e58e716ecbd05007c0c0e1f7effdfaf361dbf146889ca446139afe11b9954c4d5c486e99e3b86fcfab6957f29eb0be72895",
    ),
    (
        "vnp_Amount=1000000&vnp_BankCode=NCB&vnp_BankTranNo=VNP14422574&vnp_CardType=ATM&vnp_OrderInfo=Thanh+toan+don+hang+2024-05-21T02%3A17%3A31.249Z&vnp_PayDate=20240521091806&vnp_ResponseCode=99&vnp_TmnCode=TEST_TMN_CODE&vnp_TransactionNo=14422574&vnp_TransactionStatus=00&vnp_TxnRef=1716257871703",
        "503194f6d93b57b357b2d1d09742565e67e86d771352c5dca4fc8d39df3d392c6b3809add9405f97cfb9631f445e36c80656cfbf47eac67d97fa165865c13e1b",
    ),
];

fn vnpay() -> Vnpay {
    let account = VnpayAccount {
        tmn_code: "TEST_TMN_CODE".to_owned(),
        hash_secret: SECRET.to_owned(),
        pay_url: "https://vnpay.example/pay".to_owned(),
        api_url: "https://vnpay.example/api".to_owned(),
    };
    Vnpay::new(account, "https://seats.example", env()).expect("it can be made")
}

/// As this shop knows it.
pub(super) fn shop() -> Vnpay {
    vnpay()
}

/// A message that our payment is paid.
pub(super) fn paid() -> String {
    message("00", "00", "14422574")
}

fn by_get(vnpay: &Vnpay, query: &str) -> Result<Word, Doubt> {
    vnpay.read(&Message { query, body: b"" })
}

fn signed(query: &str) -> String {
    format!("{query}&vnp_SecureHash={}", mac::sha512(SECRET, &[query.as_bytes()]))
}

/// A message about our payment.
fn message(response: &str, status: &str, number: &str) -> String {
    signed(&format!(
        "vnp_Amount=10000000&vnp_BankCode=NCB&vnp_OrderInfo=Booking+BK-1\
         &vnp_PayDate=20240723144423&vnp_ResponseCode={response}&vnp_TmnCode=TEST_TMN_CODE\
         &vnp_TransactionNo={number}&vnp_TransactionStatus={status}&vnp_TxnRef={}",
        payment().uuid().simple()
    ))
}

#[test]
fn the_published_vectors_are_authentic_and_about_none_of_our_payments() {
    for (query, hash) in PUBLISHED {
        assert_eq!(mac::sha512(SECRET, &[query.as_bytes()]), hash);
        let message = format!("{query}&vnp_SecureHash={hash}");
        assert_eq!(by_get(&vnpay(), &message), Err(Doubt::NotOurs));
        let typed = format!("vnp_SecureHashType=HmacSHA512&{message}&utm=1");
        assert_eq!(by_get(&vnpay(), &typed), Err(Doubt::NotOurs), "only vnp_ counts");
        let altered = message.replace("1000000", "1000001");
        assert_eq!(by_get(&vnpay(), &altered), Err(Doubt::Signature));
    }
}

#[test]
fn paid_is_only_what_both_codes_say() {
    let ended = |outcome| Ok(Word::Event(event(PaymentMethod::Vnpay, "14422574", outcome)));
    let read = |response, status| by_get(&vnpay(), &message(response, status, "14422574"));
    assert_eq!(read("00", "00"), ended(Outcome::Success));
    for (response, status) in [("00", "02"), ("99", "00"), ("24", "02"), ("51", "02")] {
        assert_eq!(read(response, status), ended(Outcome::Failed), "{response} {status}");
    }
    assert_eq!(read("00", "01"), Ok(Word::Pending(payment())));
    for (response, status) in [("07", "00"), ("07", "07"), ("00", "07")] {
        assert_eq!(read(response, status), Ok(Word::Review(payment())), "{response} {status}");
    }
    assert_eq!(read("00", ""), Err(Doubt::Malformed));
}

#[test]
fn a_form_says_the_same_as_an_address_in_any_order() {
    let good = message("00", "00", "1");
    let mut pairs: Vec<&str> = good.split('&').collect();
    pairs.reverse();
    let word = Ok(Word::Event(event(PaymentMethod::Vnpay, "1", Outcome::Success)));
    assert_eq!(by_get(&vnpay(), &pairs.join("&")), word);
    assert_eq!(by_post(&vnpay(), &good), word);
}

#[test]
fn attempts_without_a_number_go_by_our_own() {
    let ours = payment().to_string();
    let word = Word::Event(event(PaymentMethod::Vnpay, &ours, Outcome::Failed));
    assert_eq!(by_get(&vnpay(), &message("24", "02", "0")), Ok(word));
}

#[test]
fn a_message_that_is_altered_or_cut_short_is_not_believed() {
    let good = message("00", "00", "1");
    for query in spoiled(&good) {
        assert!(by_get(&vnpay(), &query).is_err(), "{query}");
    }
    let added = format!("{good}&vnp_Extra=1");
    assert_eq!(by_get(&vnpay(), &added), Err(Doubt::Signature));
}

#[test]
fn what_is_authentic_but_makes_no_sense_is_malformed() {
    let with = |old: &str, new: &str| {
        let (query, _) = PUBLISHED[0];
        let ours = query.replace("1716257871703", &payment().uuid().simple().to_string());
        by_get(&vnpay(), &signed(&ours.replace(old, new)))
    };
    assert!(with("none", "").is_ok());
    for amount in
        ["vnp_Amount=1", "vnp_Amount=-100", "vnp_Amount=", "vnp_Amount=100&vnp_Amount=200"]
    {
        assert_eq!(with("vnp_Amount=1000000", amount), Err(Doubt::Malformed), "{amount}");
    }
    assert_eq!(with("TEST_TMN_CODE", "OTHER"), Err(Doubt::NotOurs));
}

#[test]
fn vnpay_is_answered_in_its_own_words() {
    let say = |verdict| told(&vnpay(), verdict);
    let said = |code: &str, message: &str| {
        Some((200, serde_json::json!({ "RspCode": code, "Message": message }).to_string()))
    };
    assert_eq!(say(Verdict::Taken), said("00", "Confirm Success"));
    assert_eq!(say(Verdict::UnknownOrder), said("01", "Order not found"));
    assert_eq!(say(Verdict::Refused(Doubt::NotOurs)), said("01", "Order not found"));
    assert_eq!(say(Verdict::Repeated), said("02", "Order already confirmed"));
    assert_eq!(say(Verdict::WrongAmount), said("04", "Invalid amount"));
    assert_eq!(say(Verdict::Refused(Doubt::Signature)), said("97", "Fail checksum"));
    assert_eq!(say(Verdict::Refused(Doubt::Malformed)), said("99", "Unknown error"));
    assert_eq!(say(Verdict::Failed), said("99", "Unknown error"));
}

#[tokio::test]
async fn a_payment_is_a_signed_address_and_always_the_same() {
    let request = PaymentRequest {
        payment_id: payment(),
        booking_id: BookingId::from_bytes([2; 12]),
        description: "Booking BK-1".to_owned(),
        method: PaymentMethod::Vnpay,
        amount: 100_000,
        currency: "VND".parse().expect("a currency"),
        return_url: None,
        created_at: Timestamp::from_millis(1_716_224_400_000),
        expires_at: Timestamp::from_millis(1_716_225_000_000),
    };
    let session = vnpay().open(&request).await.expect("it is opened");
    assert_eq!(session, vnpay().open(&request).await.expect("it is opened"));
    assert_eq!(session.transaction_id, None);
    let signed_part = "vnp_Amount=10000000&vnp_Command=pay&vnp_CreateDate=20240521000000\
        &vnp_CurrCode=VND&vnp_ExpireDate=20240521001000&vnp_IpAddr=127.0.0.1&vnp_Locale=vn\
        &vnp_OrderInfo=Booking+BK-1&vnp_OrderType=other\
        &vnp_ReturnUrl=https%3A%2F%2Fseats.example&vnp_TmnCode=TEST_TMN_CODE\
        &vnp_TxnRef=550e8400e29b41d4a716446655440000&vnp_Version=2.1.0";
    assert_eq!(session.payment_url, format!("https://vnpay.example/pay?{}", signed(signed_part)));
    let dollars = PaymentRequest { currency: "USD".parse().expect("a currency"), ..request };
    assert!(vnpay().open(&dollars).await.is_err(), "it takes dong only");
}
