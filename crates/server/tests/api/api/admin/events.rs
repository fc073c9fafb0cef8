//! Events of bookings: what receivers are told, `GET /api/admin/events/dead`, and
//! `GET /api/admin/bookings/{id}/history`.

use serde_json::Value;

use crate::support::{HOUR, MINUTE, NOBODYS_ID, Receiver, TestApp, eventually};

/// A server that tells these.
async fn telling(receivers: &[&Receiver]) -> TestApp {
    let urls = receivers.iter().map(|receiver| receiver.url.parse().expect("a URL")).collect();
    TestApp::with(|config| {
        config.events_urls = urls;
        config.events_secret = vec![Receiver::secret().parse().expect("a secret")];
    })
    .await
}

/// One round of the clock, after every rest of a receiver.
async fn round(app: &TestApp) {
    app.clock.advance(9 * HOUR);
    app.service().tell_events().await.expect("a store");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_hears_of_a_booking_in_moments_and_in_order() {
    let receiver = Receiver::start().await;
    let app = telling(&[&receiver]).await;
    let showtime = app.showtime().await;
    let booking = app.bought("ann", &showtime, ["A1"]).await;
    eventually(async || receiver.taken().len() == 2).await;
    assert_eq!(receiver.taken_of(&booking), ["booking.held", "booking.confirmed"]);
    let heard = receiver.taken();
    assert_eq!(heard[1].id, format!("evt_{booking}_confirmed"));
    assert_eq!(heard[1].seconds, app.seconds());
    let shown = app.booking("ann", &booking).await.granted(200);
    assert_eq!(heard[1].body["data"], shown.body);
    assert_eq!(heard[1].body["timestamp"], shown.body["confirmed_at"]);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_taken_is_told_again_under_the_same_id_and_to_others_at_once() {
    let (lazy, good) = (Receiver::start().await, Receiver::start().await);
    lazy.answers(500);
    let app = telling(&[&lazy, &good]).await;
    let showtime = app.showtime().await;
    let booking = app.held("ann", &showtime, ["A1"]).await;
    eventually(async || good.taken().len() == 1 && lazy.all().len() == 1).await;
    app.cancel("ann", &booking).await.granted(200);
    eventually(async || good.taken().len() == 2).await;
    lazy.answers(204);
    // A nudge may be at the booking just then.
    while lazy.taken().len() < 2 {
        round(&app).await;
    }
    let expected = ["booking.held", "booking.cancelled"];
    assert_eq!(lazy.taken_of(&booking), expected);
    assert_eq!(good.taken_of(&booking), expected);
    assert_eq!(lazy.all()[0].id, lazy.taken()[0].id);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_given_up_is_listed_and_told_again_when_asked() {
    let receiver = Receiver::start().await;
    receiver.answers(503);
    let app = telling(&[&receiver]).await;
    let showtime = app.showtime().await;
    let booking = app.held("ann", &showtime, ["A1"]).await;
    let dead = async || {
        let answer = app.get("/api/admin/events/dead").by_admin().send().await.granted(200);
        answer.body["data"].as_array().expect("a list").clone()
    };
    eventually(async || receiver.all().len() == 1).await;
    let mut rounds = 0;
    while dead().await.is_empty() {
        round(&app).await;
        rounds += 1;
        assert!(rounds < 50, "it is given up");
    }
    let letter = dead().await.remove(0);
    let id = format!("evt_{booking}_held");
    assert_eq!(
        (&letter["id"], &letter["type"]),
        (&Value::from(id.as_str()), &"booking.held".into())
    );
    assert_eq!((&letter["tries"], &letter["url"]), (&24.into(), &receiver.url.as_str().into()));
    assert_eq!(letter["error"], "it answered 503 Service Unavailable");
    receiver.answers(200);
    app.sweep().await;
    round(&app).await;
    assert_eq!(receiver.taken_of(&booking), ["booking.expired"]);

    let retry = |id: &str| app.post(&format!("/api/admin/events/dead/{id}/retry"));
    let revived = retry(&id).by_admin().send().await.granted(200);
    assert_eq!((revived.text("id"), &revived.body["receivers"]), (id.as_str(), &1.into()));
    round(&app).await;
    assert_eq!(receiver.taken_of(&booking), ["booking.expired", "booking.held"]);
    assert!(dead().await.is_empty());
    retry(&id).by_admin().send().await.refused(404, "EVENT_NOT_FOUND");
    let nobodys = format!("evt_{NOBODYS_ID}_held");
    retry(&nobodys).by_admin().send().await.refused(404, "EVENT_NOT_FOUND");
    retry("evt_1_sold").by_admin().send().await.invalid("id");
    retry(&id).by("ann").send().await.refused(403, "FORBIDDEN");
    app.get("/api/admin/events/dead").by("ann").send().await.refused(403, "FORBIDDEN");
    app.get("/api/admin/events/dead?after=1").by_admin().send().await.invalid("after");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_history_of_a_booking_is_for_admins() {
    let receiver = Receiver::start().await;
    let app = telling(&[&receiver]).await;
    let showtime = app.showtime().await;
    let booking = app.held("ann", &showtime, ["A1"]).await;
    eventually(async || receiver.taken().len() == 1).await;
    app.clock.advance(MINUTE);
    let session = app.session("ann", &booking).await;
    app.clock.advance(MINUTE);
    app.pay(&session).await;
    eventually(async || receiver.taken().len() == 2).await;
    app.clock.advance(MINUTE);
    let path = format!("/api/admin/bookings/{booking}/history");
    let told = async || {
        let answer = app.get(&path).by_admin().send().await.granted(200);
        assert_eq!(answer.text("booking_id"), booking);
        let events = answer.body["events"].as_array().expect("a list").clone();
        let times: Vec<_> = events.iter().map(|event| event["at"].to_string()).collect();
        assert!(times.is_sorted(), "{events:?}");
        let mut names: Vec<_> =
            events.iter().map(|event| event["what"].as_str().expect("a name").to_owned()).collect();
        names.sort_unstable();
        names
    };
    app.service().tell_events().await.expect("a store");
    while told().await.iter().filter(|name| *name == "event.told").count() < 2 {
        tokio::task::yield_now().await;
    }
    let expected = [
        "booking.confirmed",
        "booking.held",
        "event.told",
        "event.told",
        "payment.paid",
        "payment.started",
    ];
    assert_eq!(told().await, expected);
    app.get(&path).by("ann").send().await.refused(403, "FORBIDDEN");
    let nobodys = format!("/api/admin/bookings/{NOBODYS_ID}/history");
    app.get(&nobodys).by_admin().send().await.refused(404, "BOOKING_NOT_FOUND");
    app.finish().await;
}
