//! Histories as tables: one event a line, times first, so that a fault fits on a screen.
//!
//! ```text
//! start hold=500                            what is promised; tolerance 10, stale 0
//! 10 > 1 hold ann k1 A1 A2                  invoke, operation 1, of showtime s
//! 20 < 1 ok b1 until=510 amount=20 body=x
//! 20 < 1 refused SEAT_HELD_BY_ANOTHER A1
//! 20 ? 1                                    unknown
//! 30 > 2 confirm ann k2 b1                  < 2 ok p1, or ok without a payment
//! 30 > 3 pay p1
//! 30 > 4 cancel ann b1
//! 30 > 5 refund ann k5 b1
//! 30 > 6 cancel_showtime
//! 30 > 7 map                                < 7 ok version=3 total=10 A1=held A2=booked
//! 30 > 8 booking ann b1                     < 8 ok pending until=510 A1 A2
//! 40 charge p1 20                           40 refunded p1 20
//! 90 final map version=3 total=10 A1=booked
//! 90 final booking b1 ann confirmed amount=20 until=510 A1 A2
//! 90 final bookings_of ann
//! 90 final payment p1 b1 20 0
//! ```

use std::collections::BTreeMap;

use seathold_history::{
    Call, Event, FORMAT, Final, Line, Money, Promises, Seen, SeenBooking, SeenMap, SeenSeat, Status,
};

/// How far apart the clocks of these tables may be, in ms.
pub(crate) const TOLERANCE: i64 = 10;

/// The history that a table stands for; the lines have the numbers they have in it.
pub(crate) fn history(table: &str) -> Vec<Line> {
    let lines = table.lines().enumerate();
    let lines = lines.map(|(index, text)| (index + 1, text.split_whitespace().collect::<Vec<_>>()));
    let mut calls = BTreeMap::new();
    lines
        .filter(|(_, words)| !words.is_empty())
        .map(|(number, words)| Line { number, event: event(&words, &mut calls) })
        .collect()
}

fn event(words: &[&str], calls: &mut BTreeMap<u64, String>) -> Event {
    let at = || number(words[0]);
    match words {
        ["start", rest @ ..] => Event::Start(Promises {
            format: FORMAT,
            tolerance_ms: Some(value(rest, "tolerance").unwrap_or(TOLERANCE)),
            stale_ms: Some(value(rest, "stale").unwrap_or(0)),
            hold_ms: value(rest, "hold"),
            extended_ms: value(rest, "extended"),
            seats_per_user: value(rest, "limit").map(|limit| limit as u64),
        }),
        [_, ">", op, call @ ..] => {
            let op = number(op) as u64;
            calls.insert(op, call[0].to_owned());
            Event::Invoke { op, at: at(), call: self::call(call) }
        }
        [_, "<", op, "ok", rest @ ..] => {
            let op = number(op) as u64;
            let seen = seen(calls.get(&op).map_or("", String::as_str), rest);
            Event::Ok { op, at: at(), seen: Box::new(seen) }
        }
        [_, "<", op, "refused", code, seats @ ..] => Event::Refused {
            op: number(op) as u64,
            at: at(),
            code: (*code).to_owned(),
            seats: texts(seats),
            booking: None,
        },
        [_, "?", op] => Event::Unknown { op: number(op) as u64, at: at(), why: String::new() },
        [_, "charge", payment, amount] => Event::Charge(money(at(), payment, amount)),
        [_, "refunded", payment, amount] => Event::Refund(money(at(), payment, amount)),
        [_, "final", rest @ ..] => Event::Final { at: at(), what: last(rest) },
        other => panic!("no event: {other:?}"),
    }
}

fn call(words: &[&str]) -> Call {
    let text = |index: usize| words[index].to_owned();
    let showtime = || "s".to_owned();
    match words[0] {
        "hold" => Call::Hold {
            user: text(1),
            key: text(2),
            showtime: showtime(),
            seats: texts(&words[3..]),
        },
        "confirm" => Call::Confirm { user: text(1), key: text(2), booking: text(3) },
        "pay" => Call::Pay { payment: text(1) },
        "cancel" => Call::Cancel { user: text(1), booking: text(2) },
        "refund" => Call::Refund { user: text(1), key: text(2), booking: text(3) },
        "cancel_showtime" => Call::CancelShowtime { showtime: showtime() },
        "map" => Call::ReadMap { showtime: showtime() },
        "booking" => Call::ReadBooking { user: text(1), booking: text(2) },
        other => panic!("no call: {other}"),
    }
}

fn seen(call: &str, words: &[&str]) -> Seen {
    let first = words.first().filter(|word| !word.contains('=')).map(|word| (*word).to_owned());
    match call {
        "map" => Seen { map: Some(map(words)), ..Seen::default() },
        "booking" => Seen { read: Some(reading(words)), ..Seen::default() },
        "confirm" => Seen { payment: first, body: text(words, "body"), ..Seen::default() },
        _ => Seen {
            booking: first,
            until: value(words, "until"),
            amount: value(words, "amount"),
            body: text(words, "body"),
            ..Seen::default()
        },
    }
}

fn last(words: &[&str]) -> Final {
    let text = |index: usize| words[index].to_owned();
    match words[0] {
        "map" => Final::Map { showtime: "s".to_owned(), map: map(&words[1..]) },
        "booking" => Final::Booking {
            booking: text(1),
            user: text(2),
            showtime: "s".to_owned(),
            amount: value(words, "amount").unwrap_or(20),
            read: reading(&words[3..]),
        },
        "bookings_of" => Final::BookingsOf { user: text(1), showtime: "s".to_owned() },
        "payment" => Final::Payment {
            payment: text(1),
            booking: Some(text(2)).filter(|name| name != "-"),
            charged: number(words[3]),
            refunded: number(words[4]),
        },
        other => panic!("no end: {other}"),
    }
}

fn map(words: &[&str]) -> SeenMap {
    let seat = |word: &&str| match word.split_once('=')? {
        (label, "held") => Some((label.to_owned(), SeenSeat::Held)),
        (label, "booked") => Some((label.to_owned(), SeenSeat::Booked)),
        _ => None,
    };
    let taken: BTreeMap<_, _> = words.iter().filter_map(seat).collect();
    let total = value(words, "total").unwrap_or(10) as u64;
    let available = value(words, "available").map_or(total - taken.len() as u64, |n| n as u64);
    SeenMap { version: value(words, "version").unwrap_or(1) as u64, total, available, taken }
}

fn reading(words: &[&str]) -> SeenBooking {
    let status = match words[0] {
        "pending" => Status::Pending,
        "confirmed" => Status::Confirmed,
        "cancelled" => Status::Cancelled,
        "expired" => Status::Expired,
        other => panic!("no status: {other}"),
    };
    let seats: Vec<&str> = words[1..].iter().filter(|word| !word.contains('=')).copied().collect();
    SeenBooking { status, seats: texts(&seats), until: value(words, "until") }
}

fn money(at: i64, payment: &str, amount: &str) -> Money {
    Money { at, payment: payment.to_owned(), booking: None, amount: number(amount) }
}

fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn text(words: &[&str], name: &str) -> Option<String> {
    let mut pairs = words.iter().filter_map(|word| word.split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}

fn value(words: &[&str], name: &str) -> Option<i64> {
    text(words, name).map(|value| number(&value))
}

fn number(text: &str) -> i64 {
    text.parse().unwrap_or_else(|_| panic!("no number: {text}"))
}
