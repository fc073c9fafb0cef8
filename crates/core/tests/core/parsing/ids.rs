use seathold_core::{IdempotencyKey, PaymentId, RefundId, UserId};

use super::assert_none_parses;

const V4: &str = "550e8400-e29b-41d4-a716-446655440000";

#[test]
fn a_user_id_has_1_to_64_characters_whatever_their_bytes() {
    let (latin, multi_byte) = ("x".repeat(64), "ữ".repeat(64));
    for text in ["u", "auth0|64a7", "Nguyễn Văn A", " ", "👩‍🚀", latin.as_str(), &multi_byte]
    {
        let id: UserId = text.parse().unwrap_or_else(|e| panic!("{text:?} {e}"));
        assert_eq!(id.as_str(), text);
        assert_eq!(id.to_string(), text);
    }
    assert_none_parses::<UserId>(&["", &"x".repeat(65), &"ữ".repeat(65)]);
}

#[test]
fn a_user_id_has_no_control_characters() {
    assert_none_parses::<UserId>(&[
        "\0",
        "a\nb",
        "a\rb",
        "\ta",
        "a\u{1b}[31m",
        "a\u{7f}",
        "a\u{85}",
        "a\u{9f}",
    ]);
}

#[test]
fn a_user_id_is_shown_for_debugging_with_its_quotes() {
    let id: UserId = "a\"b".parse().expect("a quote is no control character");
    assert_eq!(format!("{id:?}"), r#""a\"b""#);
}

#[test]
fn an_idempotency_key_is_a_hyphenated_uuid_version_4_of_either_case() {
    let key: IdempotencyKey = V4.parse().expect("a UUID version 4");
    assert_eq!(key.to_string(), V4);
    assert_eq!(V4.to_uppercase().parse(), Ok(key));
    assert_eq!(key.uuid().get_version_num(), 4);
}

#[test]
fn no_other_version_or_variant_is_an_idempotency_key() {
    assert_none_parses::<IdempotencyKey>(&[
        "550e8400-e29b-11d4-a716-446655440000",
        "550e8400-e29b-31d4-a716-446655440000",
        "550e8400-e29b-51d4-a716-446655440000",
        "01890a5d-ac96-774b-bcce-b302099a8057",
        "550e8400-e29b-41d4-0716-446655440000",
        "550e8400-e29b-41d4-c716-446655440000",
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
    ]);
}

#[test]
fn no_other_form_is_an_idempotency_key() {
    assert_none_parses::<IdempotencyKey>(&[
        "",
        "550e8400e29b41d4a716446655440000",
        "{550e8400-e29b-41d4-a716-446655440000}",
        "urn:uuid:550e8400-e29b-41d4-a716-446655440000",
        "\"550e8400-e29b-41d4-a716-446655440000\"",
        " 550e8400-e29b-41d4-a716-446655440000",
        "550e8400-e29b-41d4-a716-44665544000",
        "550e8400-e29b-41d4-a716-4466554400000",
        "550e8400-e29b-41d4-a716-44665544000g",
        "550e8400e-29b-41d4-a716-446655440000",
        "550e8400_e29b_41d4_a716_446655440000",
    ]);
}

#[test]
fn a_payment_id_is_its_prefix_and_a_hyphenated_uuid_of_any_version() {
    let text = format!("PAY_{V4}");
    let id: PaymentId = text.parse().expect("a prefix and a UUID");
    assert_eq!(id.to_string(), text);
    assert_eq!(format!("{id:?}"), text);
    assert_eq!(PaymentId::from_uuid(id.uuid()), id);
    assert_eq!(format!("PAY_{}", V4.to_uppercase()).parse(), Ok(id));
    assert!("PAY_01890a5d-ac96-774b-bcce-b302099a8057".parse::<PaymentId>().is_ok());
}

#[test]
fn nothing_else_is_a_payment_id() {
    assert_none_parses::<PaymentId>(&[
        "",
        "PAY_",
        V4,
        "pay_550e8400-e29b-41d4-a716-446655440000",
        "RFD_550e8400-e29b-41d4-a716-446655440000",
        "PAY_PAY_550e8400-e29b-41d4-a716-446655440000",
        "PAY_550e8400e29b41d4a716446655440000",
        "PAY_{550e8400-e29b-41d4-a716-446655440000}",
        "PAY_urn:uuid:550e8400-e29b-41d4-a716-446655440000",
        "PAY_550e8400-e29b-41d4-a716-446655440000 ",
    ]);
}

#[test]
fn a_payment_has_one_refund_for_good() {
    let payment: PaymentId = format!("PAY_{V4}").parse().expect("a prefix and a UUID");
    assert_eq!(payment.refund().to_string(), format!("RFD_{V4}"));
    assert_eq!(format!("RFD_{V4}").parse::<RefundId>(), Ok(payment.refund()));
    assert_none_parses::<RefundId>(&[&payment.to_string()]);
}
