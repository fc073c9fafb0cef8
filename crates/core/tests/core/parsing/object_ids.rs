use seathold_core::{BookingId, InvalidId, ShowtimeId};

use super::assert_none_parses;

const HEX: &str = "64a7b2c3d4e5f60718293a4b";

#[test]
fn an_object_id_is_24_hex_digits_of_either_case_and_shown_in_lower_case() {
    let id: ShowtimeId = HEX.parse().expect("24 hex digits");
    assert_eq!(id.to_string(), HEX);
    assert_eq!(format!("{id:?}"), HEX);
    assert_eq!(id.bytes()[..3], [0x64, 0xa7, 0xb2]);
    assert_eq!(HEX.to_uppercase().parse(), Ok(id));
    assert_eq!(ShowtimeId::from_bytes(id.bytes()), id);
}

#[test]
fn nothing_else_is_an_object_id() {
    assert_none_parses::<BookingId>(&[
        "",
        "64a7b2c3d4e5f60718293a4",
        "64a7b2c3d4e5f60718293a4b0",
        "64a7b2c3d4e5f60718293a4g",
        "+4a7b2c3d4e5f60718293a4b",
        " 64a7b2c3d4e5f60718293a4",
        "0x64a7b2c3d4e5f60718293a",
        // 24 bytes, 24 characters: neither makes up for what is no digit.
        "64a7b2c3d4e5f60718293aé",
        "６４a7b2c3d4e5f60718293a4b",
    ]);
    assert_eq!("x".parse::<BookingId>(), Err(InvalidId("must be 24 hex digits")));
}

#[test]
fn object_ids_rise_with_time() {
    let earlier = BookingId::from_parts(0x0102_0304, [0xff; 8]);
    let later = BookingId::from_parts(0x0102_0305, [0; 8]);
    assert_eq!(earlier.to_string(), "01020304ffffffffffffffff");
    assert!(earlier < later);
    assert!(earlier.to_string() < later.to_string());
}
