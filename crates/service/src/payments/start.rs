use std::sync::Arc;

use seathold_core::{PaymentId, Refusal};

use crate::desk::Order;
use crate::limits::{CLAIM_LEASE_MS, FIRST_CHECK_MS, HOLD_EXTENDED_MAX_MS};
use crate::model::{Booking, BookingStatus, Payment, PaymentMethod, PaymentStatus, Resource};
use crate::ports::{Inserted, PaymentMove, PaymentRequest};
use crate::{Error, PayRequest, Reply, Service, Session, Viewer};

impl Service {
    /// Starts the payment of a booking, or finds the one that was started. A
    /// booking that costs nothing is confirmed at once.
    ///
    /// # Errors
    /// A refusal, busy, or a store or the gateway failed.
    pub async fn pay(self: &Arc<Self>, request: PayRequest) -> Result<Reply, Error> {
        let planned = Resource::Payment(PaymentId::from_uuid(self.env.uuid()));
        let service = self.clone();
        let (keyed, render) = (request.key.clone(), request.render);
        let started = self.once(keyed, planned, move |this| async move {
            let Resource::Payment(id) = this.resource else { return Err(Error::Unknown) };
            Ok(render(&service.session(request, id, this.resumed).await?))
        });
        let reply = started.await?;
        // What costs nothing is confirmed now.
        self.tell_soon();
        Ok(reply)
    }

    /// A payment as it is now, for its owner or an admin.
    ///
    /// # Errors
    /// There is none, it is somebody else's, or the store failed.
    pub async fn payment(&self, id: PaymentId, viewer: &Viewer) -> Result<Payment, Error> {
        let mut payment = self.store.payment(id).await?.ok_or(Refusal::PaymentNotFound)?;
        if payment.user_id != viewer.user && !viewer.admin {
            return Err(Refusal::BookingNotOwned.into());
        }
        if payment.status == PaymentStatus::Pending && payment.expires_at <= self.env.now() {
            payment.status = PaymentStatus::Expired;
        }
        Ok(payment)
    }

    async fn session(
        &self,
        request: PayRequest,
        id: PaymentId,
        resumed: bool,
    ) -> Result<Session, Error> {
        if !self.return_url_allowed(request.return_url.as_deref()) {
            return Err(Refusal::ReturnUrlNotAllowed.into());
        }
        let viewer = Viewer { user: request.key.key.user, admin: false };
        let booking = self.booking(request.booking, &viewer).await?;
        match booking.status {
            BookingStatus::Pending => {}
            BookingStatus::Confirmed if resumed && booking.final_amount == 0 => {
                // By the first try, the answer of which was lost.
                return Ok(Session { booking, payment: None });
            }
            BookingStatus::Expired => return Err(Refusal::HoldExpired.into()),
            BookingStatus::Confirmed | BookingStatus::Cancelled => {
                return Err(Refusal::BookingNotPending.into());
            }
        }
        if booking.final_amount == 0 {
            return self.give_away(booking).await;
        }
        if !self.gateway.takes(request.method, booking.currency) {
            return Err(Refusal::PaymentMethodUnavailable.into());
        }
        if let Some(payment) = self.opened_before(&booking, request.method).await? {
            return Ok(Session { booking, payment: Some(payment) });
        }
        let booking = self.extended(booking, request.method).await?;
        let payment = self.pending(&booking, id, request.method, request.return_url).await?;
        let payment = self.opened(&booking, payment).await?;
        Ok(Session { booking, payment: Some(payment) })
    }

    /// The session that this booking has for this method.
    async fn opened_before(
        &self,
        booking: &Booking,
        method: PaymentMethod,
    ) -> Result<Option<Payment>, Error> {
        let pending = self.store.pending_payment(booking.id).await?;
        let same = |it: &Payment| it.provider == method && it.payment_url.is_some();
        Ok(pending.filter(same))
    }

    /// Confirms a booking that costs nothing.
    async fn give_away(&self, booking: Booking) -> Result<Session, Error> {
        let sell = Order::Sell {
            booking: booking.id,
            user: booking.user_id.clone(),
            seats: booking.labels(),
            take_back: false,
            commit_by: self.env.now().plus_millis(CLAIM_LEASE_MS),
        };
        match self.desks.order(booking.showtime_id, sell).await {
            Err(Error::Refused(_)) => return Err(Refusal::HoldExpired.into()),
            other => other?,
        };
        let confirmed = self.store.confirm_booking(booking.id, None, self.env.now()).await;
        let confirmed = confirmed.map_err(|error| Error::from(error).after_commit())?;
        Ok(Session { booking: confirmed.ok_or(Error::Unknown)?, payment: None })
    }

    /// Lets the hold last as long as the gateway gives a buyer, but not for ever:
    /// a method that needs longer than is left is not to be had any more.
    async fn extended(&self, booking: Booking, method: PaymentMethod) -> Result<Booking, Error> {
        let window = i64::try_from(self.gateway.window(method).as_millis()).unwrap_or(i64::MAX);
        let needed = self.env.now().plus_millis(window);
        if needed <= booking.hold_expires_at {
            return Ok(booking);
        }
        if needed > booking.held_at.plus_millis(HOLD_EXTENDED_MAX_MS) {
            return Err(Refusal::PaymentMethodUnavailable.into());
        }
        let extend = Order::Extend { booking: booking.id, until: needed };
        match self.desks.order(booking.showtime_id, extend).await {
            // The row follows.
            Ok(_) => match self.current(booking.id).await.map_err(Error::after_commit)? {
                booking if booking.status == BookingStatus::Pending => Ok(booking),
                _ => Err(Refusal::BookingNotPending.into()),
            },
            Err(Error::Refused(Refusal::HoldExpired)) => Err(Refusal::HoldExpired.into()),
            Err(Error::Refused(_)) => Err(Refusal::BookingNotPending.into()),
            Err(error) => Err(error),
        }
    }

    /// The one pending payment of a booking: the one that is there, else a new
    /// one. Another method supersedes the first; money on that still counts.
    async fn pending(
        &self,
        booking: &Booking,
        id: PaymentId,
        method: PaymentMethod,
        return_url: Option<String>,
    ) -> Result<Payment, Error> {
        match self.store.payment(id).await? {
            // An earlier try with this key got as far as this.
            Some(own) if own.status == PaymentStatus::Pending => return Ok(own),
            // That payment has ended since. One key has one payment.
            Some(_) => return Err(Refusal::KeyReused.into()),
            None => {}
        }
        let now = self.env.now();
        let payment = Payment {
            id,
            booking_id: booking.id,
            user_id: booking.user_id.clone(),
            provider: method,
            transaction_id: None,
            amount: booking.final_amount,
            currency: booking.currency,
            status: PaymentStatus::Pending,
            payment_url: None,
            return_url,
            expires_at: booking.hold_expires_at,
            paid_at: None,
            refund_reason: None,
            again_of: None,
            next_check: Some(now.plus_millis(FIRST_CHECK_MS)),
            checks: 0,
            lease_until: None,
            created_at: now,
            updated_at: now,
        };
        loop {
            match self.store.insert_payment(&payment).await? {
                Inserted::Yes => return Ok(payment),
                Inserted::Pending(other) if other.provider == method => return Ok(*other),
                Inserted::Pending(other) => {
                    let step = PaymentMove {
                        keep_checking: true,
                        ..PaymentMove::new(
                            other.id,
                            &[PaymentStatus::Pending],
                            PaymentStatus::Failed,
                            now,
                        )
                    };
                    self.store.move_payment(&step).await?;
                }
            }
        }
    }

    /// Opens the payment at the gateway, unless that was done.
    async fn opened(&self, booking: &Booking, mut payment: Payment) -> Result<Payment, Error> {
        if payment.payment_url.is_some() {
            return Ok(payment);
        }
        // Later than when the payment was made, if that was by an earlier try.
        payment.expires_at = booking.hold_expires_at;
        let request = PaymentRequest {
            payment_id: payment.id,
            booking_id: booking.id,
            description: format!("Booking {}", booking.code),
            method: payment.provider,
            amount: payment.amount,
            currency: payment.currency,
            return_url: payment.return_url.clone(),
            created_at: payment.created_at,
            expires_at: payment.expires_at,
        };
        let session = self.gateway.open(&request).await.map_err(|error| {
            tracing::warn!(payment_id = %payment.id, %error, "payment not opened");
            Error::Gateway
        })?;
        let (transaction, url) = (session.transaction_id, session.payment_url);
        let now = self.env.now();
        let stored = self
            .store
            .open_session(payment.id, transaction.as_deref(), &url, payment.expires_at, now)
            .await;
        if !stored.map_err(|error| Error::from(error).after_commit())? {
            tracing::error!(payment_id = %payment.id, "gateway used a transaction id twice");
            return Err(Error::Gateway);
        }
        if let Some(transaction) = transaction {
            self.settle_events_of(payment.provider, &transaction).await;
            payment.transaction_id = Some(transaction);
        }
        payment.payment_url = Some(url);
        Ok(payment)
    }

    fn return_url_allowed(&self, url: Option<&str>) -> bool {
        let origins = &self.rules.return_url_origins;
        let Some(url) = url.filter(|_| !origins.is_empty()) else { return true };
        origins.iter().any(|origin| {
            url.strip_prefix(origin.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
        })
    }
}
