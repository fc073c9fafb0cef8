//! What gateways do that are asked: each provider, against the sandbox over HTTP.

use std::sync::Arc;
use std::time::Duration;

use seathold_adapters::GenericGateway;
use seathold_adapters::gateways::{
    Momo, MomoAccount, Vnpay, VnpayAccount, Zalopay, ZalopayAccount,
};
use seathold_core::{BookingId, PaymentId, Timestamp};
use seathold_server::system_env;
use seathold_service::model::{Outcome, PaymentMethod};
use seathold_service::ports::{
    Env, Gateway, PaymentRequest, RefundRequest, Refunded, Standing, StatusRequest,
};
use serde_json::json;

use crate::support::{MINUTE, Street};

/// The gateways that the street's shop would use.
fn gateways(street: &Street) -> Vec<(PaymentMethod, Arc<dyn Gateway>)> {
    let accounts = street.accounts.clone();
    let env = || Env { clock: Arc::new(street.app.clock.clone()), ..system_env() };
    let shop = &street.app.base;
    let momo = MomoAccount {
        partner_code: accounts.momo_partner_code,
        access_key: accounts.momo_access_key.expose().to_owned(),
        secret_key: accounts.momo_secret_key.expose().to_owned(),
        url: format!("{}/momo", street.url),
    };
    let vnpay = VnpayAccount {
        tmn_code: accounts.vnpay_tmn_code,
        hash_secret: accounts.vnpay_hash_secret.expose().to_owned(),
        pay_url: format!("{}/vnpay/pay", street.url),
        api_url: format!("{}/vnpay/api", street.url),
    };
    let zalopay = ZalopayAccount {
        app_id: accounts.zalopay_app_id,
        key1: accounts.zalopay_key1.expose().to_owned(),
        key2: accounts.zalopay_key2.expose().to_owned(),
        url: format!("{}/zalopay", street.url),
    };
    vec![
        (PaymentMethod::Momo, Arc::new(Momo::new(momo, shop, env()).expect("a gateway"))),
        (PaymentMethod::Vnpay, Arc::new(Vnpay::new(vnpay, shop, env()).expect("a gateway"))),
        (PaymentMethod::Zalopay, Arc::new(Zalopay::new(zalopay, shop, env()).expect("a gateway"))),
        (PaymentMethod::Card, Arc::new(GenericGateway::new(&street.url, shop).expect("a gateway"))),
    ]
}

/// A payment of 100,000 that nobody else has.
fn request(street: &Street, method: PaymentMethod) -> PaymentRequest {
    let now = street.app.now();
    PaymentRequest {
        payment_id: PaymentId::from_uuid(system_env().uuid()),
        booking_id: BookingId::from_bytes([1; 12]),
        description: "Booking BK-1".to_owned(),
        method,
        amount: 100_000,
        currency: "VND".parse().expect("a currency"),
        return_url: Some("https://shop.example/paid?a=1&b=2".to_owned()),
        created_at: Timestamp::from_millis(now),
        expires_at: Timestamp::from_millis(now + 10 * MINUTE),
    }
}

fn status_of(request: &PaymentRequest) -> StatusRequest {
    StatusRequest {
        payment_id: request.payment_id,
        method: request.method,
        transaction_id: None,
        amount: request.amount,
        currency: request.currency,
        created_at: request.created_at,
    }
}

fn refund_of(request: &PaymentRequest, transaction_id: &str) -> RefundRequest {
    RefundRequest {
        refund_id: request.payment_id.refund(),
        payment_id: request.payment_id,
        method: request.method,
        transaction_id: Some(transaction_id.to_owned()),
        amount: request.amount,
        currency: request.currency,
        created_at: request.created_at,
        requested_at: request.created_at,
        reason: "Refund of a booking".to_owned(),
    }
}

/// Opens a payment, as far as its provider hears of it before the buyer does.
async fn open(gateway: &dyn Gateway, request: &PaymentRequest) -> String {
    let session = gateway.open(request).await.expect("it is opened");
    let page = reqwest::get(&session.payment_url).await.expect("a page");
    assert_eq!(page.status(), 200);
    assert!(page.text().await.expect("a text").contains("100,000 VND"));
    session.payment_url
}

async fn press(url: &str, action: &str) {
    let call = reqwest::Client::new().post(url).form(&[("action", action)]);
    call.send().await.expect("a page").error_for_status().expect("a good one");
}

#[tokio::test]
async fn each_provider_says_how_a_payment_stands() {
    let street = Street::start().await;
    for (method, gateway) in gateways(&street) {
        let request = request(&street, method);
        let status = status_of(&request);
        let standing = async || gateway.status(&status).await.expect("an answer");
        assert_eq!(standing().await, Standing::Unknown, "{method:?}");
        let url = open(&*gateway, &request).await;
        assert_eq!(standing().await, Standing::Pending, "{method:?}");
        press(&url, "pay").await;
        let Standing::Ended(event) = standing().await else { panic!("{method:?} is paid") };
        assert_eq!((event.outcome, event.amount), (Outcome::Success, 100_000), "{method:?}");
        assert_eq!((event.provider, event.payment_id), (method, Some(request.payment_id)));
        assert_eq!(event.paid_at, Some(request.created_at), "{method:?}");
        assert_eq!(Standing::Ended(event), standing().await, "{method:?}: always the same");
    }
    street.finish().await;
}

#[tokio::test]
async fn what_was_declined_has_failed_where_the_provider_ends_it_then() {
    let street = Street::start().await;
    for (method, gateway) in gateways(&street) {
        let request = request(&street, method);
        let url = open(&*gateway, &request).await;
        press(&url, "decline").await;
        let standing = gateway.status(&status_of(&request)).await.expect("an answer");
        match standing {
            Standing::Pending => assert_eq!(method, PaymentMethod::Zalopay),
            Standing::Ended(event) => assert_eq!(event.outcome, Outcome::Failed, "{method:?}"),
            Standing::Unknown => panic!("{method:?} knows it"),
        }
    }
    street.finish().await;
}

#[tokio::test]
async fn each_provider_gives_back_once_however_often_it_is_asked() {
    for slow in [0.0, 1.0] {
        let street = Street::start().await;
        street.set("/faults", &json!({ "slow_refund": slow })).await;
        for ((method, gateway), so_far) in gateways(&street).into_iter().zip([1, 2, 3, 4]) {
            let request = request(&street, method);
            let url = open(&*gateway, &request).await;
            let early = refund_of(&request, "1");
            // Of what is not paid, or not known, nothing is given back twice.
            press(&url, "pay").await;
            let status = gateway.status(&status_of(&request)).await;
            let Ok(Standing::Ended(event)) = status else { panic!("{method:?} is paid") };
            let refund = RefundRequest { transaction_id: Some(event.transaction_id), ..early };
            let first = gateway.refund(&refund).await.expect("it is accepted");
            let expected = if slow > 0.0 { Refunded::Pending } else { Refunded::Done };
            assert_eq!(first, expected, "{method:?}");
            for _ in 0..2 {
                assert_eq!(gateway.refund(&refund).await.ok(), Some(Refunded::Done), "{method:?}");
            }
            assert_eq!(street.sums().await, (so_far * 100_000, so_far * 100_000), "{method:?}");
        }
        street.finish().await;
    }
}

#[tokio::test]
async fn a_call_whose_answer_is_lost_is_repeated_without_harm() {
    let street = Street::start().await;
    for (method, gateway) in gateways(&street) {
        let request = request(&street, method);
        let url = open(&*gateway, &request).await;
        press(&url, "pay").await;
        let Ok(Standing::Ended(event)) = gateway.status(&status_of(&request)).await else {
            panic!("{method:?} is paid")
        };
        let refund = refund_of(&request, &event.transaction_id);
        street.set("/faults", &json!({ "error": 1.0 })).await;
        for _ in 0..6 {
            gateway.refund(&refund).await.expect_err("nobody hears the answer");
        }
        street.set("/faults", &json!({})).await;
        assert_eq!(gateway.refund(&refund).await.ok(), Some(Refunded::Done), "{method:?}");
        let (charged, refunded) = street.sums().await;
        assert_eq!(charged, refunded, "{method:?}");
    }
    street.finish().await;
}

#[tokio::test]
async fn the_hold_is_to_cover_what_the_provider_gives_a_buyer() {
    let street = Street::start().await;
    let windows: Vec<_> = gateways(&street).iter().map(|(method, it)| it.window(*method)).collect();
    assert_eq!(windows, [60, 0, 300, 0].map(Duration::from_secs));
    let (method, zalopay) = &gateways(&street)[2];
    let request = request(&street, *method);
    open(&**zalopay, &request).await;
    let wire = street.ask(&format!("/payments/{}/messages", request.payment_id)).await;
    assert_eq!(wire[0]["request"]["expire_duration_seconds"], 600);
    street.finish().await;
}
