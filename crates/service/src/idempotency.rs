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
    /// remembers its answer. Work is given the resource to bring about: the
    /// one of the first try, if that try crashed.
    pub(crate) async fn once<W, F>(
        self: &Arc<Self>,
        keyed: Keyed,
        resource: Resource,
        work: W,
    ) -> Result<Reply, Error>
    where
        W: FnOnce(Resource) -> F + Send + 'static,
        F: Future<Output = Result<Answer, Error>> + Send,
    {
        let service = self.clone();
        let run = async move {
            match service.claim(keyed, resource).await? {
                Claimed::Before(reply) => Ok(reply),
                Claimed::Now(claim) => {
                    let outcome = work(claim.resource).await;
                    service.finish(&claim, outcome).await
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
            return Ok(Claimed::Now(claim));
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
        Ok(Claimed::Now(claim))
    }

    async fn finish(&self, claim: &Claim, outcome: Result<Answer, Error>) -> Result<Reply, Error> {
        let end = match &outcome {
            Ok(answer) => ClaimEnd::Completed(answer.clone()),
            Err(Error::Refused(_)) => ClaimEnd::Discarded,
            Err(_) => ClaimEnd::Failed,
        };
        let ended = self.store.end_claim(claim, &end).await;
        let answer = outcome?;
        // Done, but not remembered: a repeat finds out.
        ended.map_err(|error| Error::from(error).after_commit())?;
        Ok(Reply { answer, resource: claim.resource, replayed: false })
    }
}

enum Claimed {
    /// The key is ours now.
    Now(Claim),
    /// The request was answered before.
    Before(Reply),
}
