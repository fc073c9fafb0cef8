use seathold_core::{MAX_LABEL_CHARS, SeatLabel};

use super::assert_none_parses;
use crate::given::label;

#[test]
fn a_seat_label_has_1_to_16_letters_digits_underscores_or_hyphens() {
    for text in ["A", "1", "A1", "zZ09_-", "-", "_", "ABCDEFGHIJKLMNOP"] {
        let label: SeatLabel = text.parse().unwrap_or_else(|e| panic!("{text:?} {e}"));
        assert_eq!(label.as_str(), text);
        assert_eq!(label.to_string(), text);
    }
    assert_eq!(MAX_LABEL_CHARS, 16);
    assert_none_parses::<SeatLabel>(&["", "ABCDEFGHIJKLMNOPQ"]);
}

#[test]
fn a_seat_label_has_nothing_a_store_or_a_shell_could_take_for_its_own() {
    assert_none_parses::<SeatLabel>(&[
        "$A1", "A$", "A.1", ".", "A 1", " A1", "A1 ", "A/1", "A:1", "A*", "A\0", "A\n", "{A}",
        "\"A1\"", "À1", "Đ1", "１", "👑",
    ]);
}

#[test]
fn seat_labels_differ_by_case_and_sort_as_text() {
    assert_ne!(label("a1"), label("A1"));
    let mut labels = ["B1", "A10", "A-1", "A", "A2", "A1", "a1"].map(label);
    labels.sort();
    assert_eq!(labels.map(|l| l.to_string()), ["A", "A-1", "A1", "A10", "A2", "B1", "a1"]);
}

#[test]
fn the_row_is_what_stands_before_the_first_digit() {
    let rows = [
        ("A1", "A"),
        ("AA12", "AA"),
        ("B2C3", "B"),
        ("VIP-7", "VIP-"),
        ("Box_12", "Box_"),
        ("BALCONY", "BALCONY"),
        ("7", ""),
        ("12A", ""),
    ];
    for (text, row) in rows {
        assert_eq!(label(text).row(), row, "{text}");
    }
}
