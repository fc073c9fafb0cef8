use std::collections::BTreeMap;

use seathold_history::{
    Call, Event, Final, Line, Money, Promises, ReadError, Seen, SeenBooking, SeenMap, SeenSeat,
    Status, read, write,
};

fn map() -> SeenMap {
    let taken = BTreeMap::from([("A1".into(), SeenSeat::Held), ("A2".into(), SeenSeat::Booked)]);
    SeenMap { version: 7, total: 10, available: 8, taken }
}

fn read_booking(status: Status) -> SeenBooking {
    SeenBooking { status, seats: vec!["A1".into()], until: Some(600) }
}

/// One of each kind, and how it is written.
fn examples() -> Vec<(Event, &'static str)> {
    let invoke = |call| Event::Invoke { op: 1, at: 5, call };
    let ok = |seen| Event::Ok { op: 1, at: 6, seen: Box::new(seen) };
    let last = |what| Event::Final { at: 9, what };
    let money = || Money { at: 9, payment: "p".into(), booking: None, amount: 5 };
    vec![
        (
            Event::Start(Promises { tolerance_ms: Some(1000), ..Promises::default() }),
            r#"{"event":"start","format":1,"tolerance_ms":1000}"#,
        ),
        (
            invoke(Call::Hold {
                user: "ann".into(),
                key: "k".into(),
                showtime: "s".into(),
                seats: vec!["A1".into()],
            }),
            r#"{"event":"invoke","op":1,"at":5,"call":"hold","user":"ann","key":"k","showtime":"s","seats":["A1"]}"#,
        ),
        (
            ok(Seen {
                booking: Some("b".into()),
                until: Some(600),
                amount: Some(5),
                body: Some("c0ffee".into()),
                ..Seen::default()
            }),
            r#"{"event":"ok","op":1,"at":6,"booking":"b","until":600,"amount":5,"body":"c0ffee"}"#,
        ),
        (
            Event::Refused {
                op: 1,
                at: 6,
                code: "SEAT_HELD_BY_YOU".into(),
                seats: vec!["A1".into()],
                booking: Some("b".into()),
            },
            r#"{"event":"refused","op":1,"at":6,"code":"SEAT_HELD_BY_YOU","seats":["A1"],"booking":"b"}"#,
        ),
        (
            Event::Unknown { op: 1, at: 6, why: "cut off".into() },
            r#"{"event":"unknown","op":1,"at":6,"why":"cut off"}"#,
        ),
        (
            invoke(Call::CancelShowtime { showtime: "s".into() }),
            r#"{"event":"invoke","op":1,"at":5,"call":"cancel_showtime","showtime":"s"}"#,
        ),
        (
            ok(Seen { map: Some(map()), ..Seen::default() }),
            r#"{"event":"ok","op":1,"at":6,"map":{"version":7,"total":10,"available":8,"taken":{"A1":"held","A2":"booked"}}}"#,
        ),
        (
            ok(Seen { read: Some(read_booking(Status::Pending)), ..Seen::default() }),
            r#"{"event":"ok","op":1,"at":6,"read":{"status":"pending","seats":["A1"],"until":600}}"#,
        ),
        (Event::Charge(money()), r#"{"event":"charge","at":9,"payment":"p","amount":5}"#),
        (Event::Refund(money()), r#"{"event":"refund","at":9,"payment":"p","amount":5}"#),
        (
            last(Final::Map { showtime: "s".into(), map: map() }),
            r#"{"event":"final","at":9,"of":"map","showtime":"s","version":7,"total":10,"available":8,"taken":{"A1":"held","A2":"booked"}}"#,
        ),
        (
            last(Final::Booking {
                booking: "b".into(),
                user: "ann".into(),
                showtime: "s".into(),
                amount: 5,
                read: read_booking(Status::Confirmed),
            }),
            r#"{"event":"final","at":9,"of":"booking","booking":"b","user":"ann","showtime":"s","amount":5,"status":"confirmed","seats":["A1"],"until":600}"#,
        ),
        (
            last(Final::BookingsOf { user: "ann".into(), showtime: "s".into() }),
            r#"{"event":"final","at":9,"of":"bookings_of","user":"ann","showtime":"s"}"#,
        ),
        (
            last(Final::Payment {
                payment: "p".into(),
                booking: Some("b".into()),
                charged: 5,
                refunded: 0,
            }),
            r#"{"event":"final","at":9,"of":"payment","payment":"p","booking":"b","charged":5,"refunded":0}"#,
        ),
    ]
}

#[test]
fn each_kind_of_event_is_written_as_described_and_read_back() {
    for (event, text) in examples() {
        let mut out = Vec::new();
        write(&mut out, &event).expect("memory takes it");
        assert_eq!(String::from_utf8(out).expect("UTF-8"), format!("{text}\n"));
        assert_eq!(read(text.as_bytes()).expect("an event"), [Line { number: 1, event }]);
    }
}

#[test]
fn empty_lines_are_left_out_and_lines_keep_their_numbers() {
    let lines = read(&b"\n{\"event\":\"unknown\",\"op\":1,\"at\":6}\n\n"[..]).expect("a history");
    assert_eq!(lines.iter().map(|line| line.number).collect::<Vec<_>>(), [2]);
}

#[test]
fn a_last_line_that_was_cut_off_is_left_out() {
    let text = "{\"event\":\"unknown\",\"op\":1,\"at\":6}\n{\"event\":\"unkno";
    assert_eq!(read(text.as_bytes()).expect("a history").len(), 1);
}

#[test]
fn a_line_that_is_no_event_is_named() {
    for text in ["{\"event\":\"unkno\n", "\n{\"event\":\"maybe\"}", "\n{\"event\":\"unknown\"}"] {
        let number = if text.starts_with('\n') { 2 } else { 1 };
        match read(text.as_bytes()) {
            Err(ReadError::Malformed { number: found, .. }) => assert_eq!(found, number),
            other => panic!("{text:?}: {other:?}"),
        }
    }
}
