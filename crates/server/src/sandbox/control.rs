//! The switches, and the books.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use seathold_core::{PaymentId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use validator::Validate;

use super::Sandbox;
use super::buyer::Action;
use super::delivery::Told;
use super::faults::Faults;
use super::ledger::{Format, Status};
use crate::http::{Body, Problem, Shape, Time, kind};

/// Switches to be set; those not named are as by default.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct FaultsBody(Faults);

/// A buyer's decision.
#[derive(Deserialize, Validate)]
pub(super) struct DecisionBody {
    action: Action,
}

impl Validate for FaultsBody {
    fn validate(&self) -> Result<(), validator::ValidationErrors> {
        Ok(())
    }
}

impl Shape for FaultsBody {}
impl Shape for DecisionBody {}

/// One payment in the books.
#[derive(Serialize)]
struct Row {
    payment_id: String,
    provider: Format,
    method: String,
    transaction_id: String,
    status: Status,
    currency: String,
    charged: i64,
    refunded: i64,
    callbacks: u64,
    expires_at: Option<Time>,
    paid_at: Option<Time>,
    told_at: Option<Time>,
}

/// The switches for all payments.
pub(super) async fn faults(State(sandbox): State<Arc<Sandbox>>) -> Json<Faults> {
    Json(sandbox.books().faults)
}

/// Sets the switches for all payments without their own.
pub(super) async fn set_faults(
    State(sandbox): State<Arc<Sandbox>>,
    Body { value, .. }: Body<FaultsBody>,
) -> Result<Json<Faults>, Problem> {
    let faults = value.checked()?;
    sandbox.books().faults = faults;
    Ok(Json(faults))
}

/// Sets the switches of one payment.
pub(super) async fn set_faults_of(
    State(sandbox): State<Arc<Sandbox>>,
    Path(id): Path<String>,
    Body { value, .. }: Body<FaultsBody>,
) -> Result<Json<Faults>, Problem> {
    let faults = value.checked()?;
    let mut books = sandbox.books();
    let payment = books.ledger.payment(&id).ok_or(Problem::new(&kind::NOT_FOUND))?;
    payment.faults = Some(faults);
    Ok(Json(faults))
}

/// Decides for the buyer, as the page does.
pub(super) async fn decide(
    State(sandbox): State<Arc<Sandbox>>,
    Path(id): Path<String>,
    Body { value, .. }: Body<DecisionBody>,
) -> Result<Json<Value>, Problem> {
    let decided = sandbox.decided(&id, value.action).await;
    let (payment, told) = decided.ok_or(Problem::new(&kind::NOT_FOUND))?;
    let told = match told {
        Told::Yes => "yes",
        Told::No => "no",
        Told::Later => "later",
    };
    Ok(Json(json!({ "status": payment.status, "told": told })))
}

/// What went over the wire about one payment, oldest first.
pub(super) async fn messages(
    State(sandbox): State<Arc<Sandbox>>,
    Path(id): Path<String>,
) -> Result<Json<Vec<Value>>, Problem> {
    let mut books = sandbox.books();
    let payment = books.ledger.payment(&id).ok_or(Problem::new(&kind::NOT_FOUND))?;
    Ok(Json(payment.wire.iter().cloned().collect()))
}

/// Everything that was taken and given back.
pub(super) async fn ledger(State(sandbox): State<Arc<Sandbox>>) -> Json<Value> {
    let books = sandbox.books();
    let rows: Vec<Row> = books
        .ledger
        .payments()
        .map(|(name, payment)| Row {
            payment_id: uuid::Uuid::try_parse(name)
                .map_or_else(|_| name.clone(), |id| PaymentId::from_uuid(id).to_string()),
            provider: payment.format,
            method: payment.method.clone(),
            transaction_id: payment.transaction_id.clone(),
            status: payment.status,
            currency: payment.currency.clone(),
            charged: payment.charged(),
            refunded: payment.refunded(),
            callbacks: payment.callbacks,
            expires_at: payment.ends_at.map(time),
            paid_at: payment.paid_at.map(time),
            told_at: payment.told_at.map(time),
        })
        .collect();
    let strays: Vec<i64> = books.ledger.strays().collect();
    let sum = |part: fn(&Row) -> i64| {
        let amounts = rows.iter().map(part).filter(|amount| *amount > 0);
        let (count, amount) = amounts.fold((0, 0), |(count, sum), one| (count + 1, sum + one));
        json!({ "count": count, "amount": amount })
    };
    Json(json!({
        "charges": sum(|row| row.charged),
        "refunds": sum(|row| row.refunded),
        "refunds_of_forgotten": { "count": strays.len(), "amount": strays.iter().sum::<i64>() },
        "callbacks": books.tally,
        "payments": rows,
    }))
}

fn time(millis: i64) -> Time {
    Time(Timestamp::from_millis(millis))
}

impl FaultsBody {
    fn checked(self) -> Result<Faults, Problem> {
        let Self(faults) = self;
        let wrong = || Problem::invalid("faults", "must be shares from 0 to 1");
        faults.are_shares().then_some(faults).ok_or_else(wrong)
    }
}
