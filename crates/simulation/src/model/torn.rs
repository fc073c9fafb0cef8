//! Calls that change several records, as a store does it in which each record is
//! a document of its own: others may come in between, and a part may be lost.

use std::sync::Arc;

use seathold_core::{BookingId, Timestamp};
use seathold_service::model::{Booking, Claim};
use seathold_service::ports::{Preparation, Prepared, StoreError};

use super::claims::prepared;
use super::{Access, Done, State, StoreOf};

impl<A: Access> StoreOf<A> {
    /// Claims, rows and marks at the same time; then the rows that were written in
    /// vain are removed.
    pub(super) async fn prepare_in_parts(&self, whole: Arc<Preparation>) -> Done<Vec<Prepared>> {
        let holds = !whole.holds.is_empty();
        let marks = !whole.cancels.is_empty() || !whole.displaced.is_empty();
        let (earlier, rows, marked) = tokio::join!(
            self.part("open_claims", holds, whole.clone(), |state, it| {
                state.open_claims(&it.holds)
            }),
            self.part("open_rows", holds, whole.clone(), |state, it| state.open_rows(it)),
            self.part("mark", marks, whole.clone(), |state, it| state.mark(it)),
        );
        let errors: Vec<_> = [earlier.as_ref().err(), rows.as_ref().err(), marked.as_ref().err()]
            .into_iter()
            .flatten()
            .cloned()
            .collect();
        if !errors.is_empty() {
            return Err(failure(&errors, 2 * usize::from(holds) + usize::from(marks)));
        }
        let earlier = earlier?.unwrap_or_default();
        if earlier.iter().any(Option::is_some) {
            let found = earlier.clone();
            let close = move |state: &mut State, it: &Preparation| {
                state.close_rows(&it.holds, &found);
            };
            self.part("close_rows", true, whole, close).await.map_err(halfway)?;
        }
        Ok(prepared(earlier))
    }

    async fn part<T: Send + 'static>(
        &self,
        name: &'static str,
        wanted: bool,
        whole: Arc<Preparation>,
        part: impl Fn(&mut State, &Preparation) -> T + Send + Sync + 'static,
    ) -> Done<Option<T>> {
        if !wanted {
            return Ok(None);
        }
        self.0.write(name, move |state, _| Ok(Some(part(state, &whole)))).await
    }

    /// First the claims; what they named then tells which rows go.
    pub(super) async fn unprepare_in_parts(
        &self,
        holds: Vec<(Claim, BookingId)>,
        cancels: Vec<(BookingId, Timestamp)>,
    ) -> Done<()> {
        let holds = Arc::new(holds);
        let theirs = holds.clone();
        let remove = move |state: &mut State, _| {
            state.remove_claims(&theirs);
            Ok(())
        };
        self.0.write("remove_claims", remove).await?;
        let rows = self.0.write("remove_rows", move |state, _| {
            state.remove_rows(&holds);
            Ok(())
        });
        let marks = self.0.write("unmark", move |state, _| {
            state.unmark(&cancels);
            Ok(())
        });
        let (rows, marks) = tokio::join!(rows, marks);
        rows.and(marks).map_err(halfway)
    }

    /// First the claim, which tells who may write the row.
    pub(super) async fn take_over_in_parts(
        &self,
        old: Claim,
        new: Claim,
        row: Option<Booking>,
    ) -> Done<bool> {
        let take = move |state: &mut State, _| Ok(state.take_claim(&old, &new));
        match (self.0.write("take_claim", take).await?, row) {
            (true, Some(row)) => {
                let replace = move |state: &mut State, _| Ok(state.replace_row(&row));
                self.0.write("replace_row", replace).await.map_err(halfway)
            }
            (taken, _) => Ok(taken),
        }
    }
}

/// Nothing was written only if none of the parts was.
fn failure(errors: &[StoreError], parts: usize) -> StoreError {
    let refused = errors.iter().all(|error| matches!(error, StoreError::Unavailable(_)));
    let reason = errors.iter().map(StoreError::reason).collect::<Vec<_>>().join("; ");
    if refused && errors.len() == parts {
        StoreError::Unavailable(reason)
    } else {
        StoreError::Unknown(reason)
    }
}

/// A part was written before.
fn halfway(error: StoreError) -> StoreError {
    let (StoreError::Unavailable(reason) | StoreError::Unknown(reason)) = error;
    StoreError::Unknown(reason)
}
