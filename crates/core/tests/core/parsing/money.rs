use seathold_core::{
    Currency, InvalidPrice, MAX_PRICE, MAX_SEATS_PER_SHOWTIME, PriceTable, SeatType,
};

use super::assert_none_parses;

#[test]
fn a_currency_is_three_capital_letters() {
    for text in ["VND", "USD", "EUR"] {
        let currency: Currency = text.parse().unwrap_or_else(|e| panic!("{text:?} {e}"));
        assert_eq!(currency.to_string(), text);
        assert_eq!(format!("{currency:?}"), text);
    }
    // The last two have three bytes, or three characters.
    assert_none_parses::<Currency>(&["", "VN", "VNDD", "vnd", "VNd", "V1D", "VN ", "元", "VNĐ"]);
}

#[test]
fn each_seat_type_has_its_own_price() {
    let table = PriceTable::new(0, 150_000, MAX_PRICE).expect("prices in range");
    assert_eq!(table.of(SeatType::Standard), 0);
    assert_eq!(table.of(SeatType::Vip), 150_000);
    assert_eq!(table.of(SeatType::Couple), MAX_PRICE);
}

#[test]
fn a_price_is_neither_below_nothing_nor_above_the_limit() {
    for out_of_range in [-1, i64::MIN, MAX_PRICE + 1, i64::MAX] {
        assert_eq!(PriceTable::new(out_of_range, 0, 0), Err(InvalidPrice));
        assert_eq!(PriceTable::new(0, out_of_range, 0), Err(InvalidPrice));
        assert_eq!(PriceTable::new(0, 0, out_of_range), Err(InvalidPrice));
    }
}

#[test]
fn the_dearest_seats_of_the_largest_showtime_can_be_added_up() {
    let seats = i64::try_from(MAX_SEATS_PER_SHOWTIME).expect("a small number");
    assert!(MAX_PRICE.checked_mul(seats).is_some());
}

#[test]
fn seat_types_have_the_names_of_the_contract() {
    let names = [SeatType::Standard, SeatType::Vip, SeatType::Couple].map(SeatType::as_str);
    assert_eq!(names, ["standard", "vip", "couple"]);
}
