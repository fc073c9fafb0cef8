//! One key, one execution: for requests that do not go through a desk's batch.

use std::future::Future;
use std::sync::Arc;

use seathold_core::Refusal;

use crate::limits::{CLAIM_LEASE_MS, CLAIM_TTL_MS};
use crate::model::{Answer, Claim, ClaimStatus, Resource};
use crate::ports::ClaimEnd;
use crate::{Error, Keyed, Reply, Service};

impl Service {
    /// Runs `work` once for this key, whatever becomes of the caller, and
    /// remembers its answer. Work is told which try it is.
    pub(crate) async fn once<W, F>(
        self: &Arc<Self>,
        keyed: Keyed,
        resource: Resource,
        work: W,
    ) -> Result<Reply, Error>
    where
        W: FnOnce(Try) -> F + Send + 'static,
        F: Future<Output = Result<Answer, Error>> + Send,
    {
        let service = self.clone();
        let run = async move {
            match service.claim(keyed, resource).await? {
                Claimed::Before(reply) => Ok(reply),
                Claimed::Now(claim, resumed) => {
                    let outcome = work(Try { resource: claim.resource, resumed }).await;
                    service.finish(&claim, resumed, outcome).await
                }
            }
        };
        self.env.detached(run).await.unwrap_or(Err(Error::Unknown))
    }

    async fn claim(&self, keyed: Keyed, resource: Resource) -> Result<Claimed, Error> {
        let now = self.env.now();
        let mut claim = Claim {
            key: keyed.key,
            fingerprint: keyed.fingerprint,
            resource,
            owner: self.env.uuid(),
            lease_until: now.plus_millis(CLAIM_LEASE_MS),
            status: ClaimStatus::Processing,
            response: None,
            expires_at: now.plus_millis(CLAIM_TTL_MS),
        };
        let Some(earlier) = self.store.insert_claim(&claim).await? else {
            return Ok(Claimed::Now(claim, false));
        };
        if earlier.fingerprint != claim.fingerprint {
            return Err(Refusal::KeyReused.into());
        }
        match (earlier.status, &earlier.response) {
            (ClaimStatus::Completed, Some(answer)) => {
                let (answer, resource) = (answer.clone(), earlier.resource);
                return Ok(Claimed::Before(Reply { answer, resource, replayed: true }));
            }
            (ClaimStatus::Processing, _) if now < earlier.lease_until => {
                return Err(Refusal::RequestInProgress.into());
            }
            _ => {}
        }
        claim.resource = earlier.resource;
        if !self.store.take_over(&earlier, &claim, None).await? {
            return Err(Refusal::RequestInProgress.into());
        }
        Ok(Claimed::Now(claim, true))
    }

    async fn finish(
        &self,
        claim: &Claim,
        resumed: bool,
        outcome: Result<Answer, Error>,
    ) -> Result<Reply, Error> {
        let end = match &outcome {
            Ok(answer) => ClaimEnd::Completed(answer.clone()),
            // The first try may have left something: the key stays bound to it.
            Err(Error::Refused(_)) if !resumed => ClaimEnd::Discarded,
            Err(_) => ClaimEnd::Failed,
        };
        let ended = self.store.end_claim(claim, &end).await;
        let answer = outcome?;
        // Done, but not remembered: a repeat finds out.
        ended.map_err(|error| Error::from(error).after_commit())?;
        Ok(Reply { answer, resource: claim.resource, replayed: false })
    }
}

/// Which try of a request this is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Try {
    /// What to bring about: the same in every try.
    pub(crate) resource: Resource,
    /// Whether an earlier try may have got some way.
    pub(crate) resumed: bool,
}

enum Claimed {
    /// The key is ours now; whether somebody had it before us.
    Now(Claim, bool),
    /// The request was answered before.
    Before(Reply),
}
