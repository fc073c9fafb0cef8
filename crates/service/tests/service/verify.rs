//! What counts as a violation, and what only looks like one.

use seathold_service::model::{Booking, Claim, ClaimKey, Resource};
use seathold_service::ports::{Preparation, Prepared};
use seathold_service::verify::{Invariant, Report};

use crate::support::Stage;

/// Adds a row like that of a booking of this key, with another claim.
async fn add_another(stage: &Stage, key: &ClaimKey, change: impl FnOnce(&mut Booking)) {
    let claims = stage.world.store.find_claims(std::slice::from_ref(key)).await.expect("a store");
    let [claim] = &claims[..] else { panic!("one claim: {claims:?}") };
    let Resource::Booking(first) = claim.resource else { panic!("no booking: {claim:?}") };
    let row = stage.world.store.booking(first).await.expect("a store");
    let mut row = Booking { id: stage.world.env().booking_id(), ..row.expect("a booking") };
    change(&mut row);
    let (key, resource) = (stage.world.key("ann"), Resource::Booking(row.id));
    let claim = Claim { key, resource, ..claim.clone() };
    let holds = Preparation { holds: vec![(claim, row)], ..Preparation::default() };
    let prepared = stage.world.store.prepare(&holds).await.expect("a store");
    assert_eq!(prepared, [Prepared::Opened]);
}

async fn keys_shared(stage: &Stage) -> usize {
    let Report { checks, .. } = stage.service.verify().await.expect("a report");
    let check = checks.iter().find(|check| check.invariant == Invariant::Keys);
    check.expect("each is checked").violations.len()
}

#[tokio::test]
async fn of_the_rows_of_one_key_only_those_that_took_effect_count() {
    let stage = Stage::new().await;
    let key = stage.world.key("ann");
    stage.hold(&["A1"], &key).await.expect("a hold");
    // As a crash leaves it, after which a repeat has made the real one.
    add_another(&stage, &key, |_| {}).await;
    stage.audit().await;
    add_another(&stage, &key, |row| row.was_held = true).await;
    assert_eq!(keys_shared(&stage).await, 1);
}
