//! The inbox of what gateways say.

use seathold_core::Timestamp;
use seathold_service::model::{GatewayEvent, ReceivedEvent};
use seathold_service::ports::EventKey;

use super::tables::{EVENTS, NOTHING, Snapshot, Tables, UNFINISHED_EVENTS, put, record};
use super::{Broken, keys};

/// Keeps an event, unless it is there; gives the row as it stands then.
pub(super) fn receive(
    tables: &mut Tables<'_>,
    event: &ReceivedEvent,
) -> Result<ReceivedEvent, Broken> {
    let key = keys::event(&EventKey::from(&event.event));
    if let Some(first) = record(&*tables.events, &key)? {
        return Ok(first);
    }
    put(&mut tables.events, &key, event)?;
    if !event.done {
        tables.unfinished_events.insert(&key, NOTHING)?;
    }
    Ok(event.clone())
}

/// Removes an event that is not done, if it is kept just as it is here.
pub(super) fn forget(tables: &mut Tables<'_>, event: &GatewayEvent) -> Result<(), Broken> {
    let key = keys::event(&EventKey::from(event));
    let kept = record::<ReceivedEvent>(&*tables.events, &key)?;
    if kept.is_some_and(|kept| !kept.done && kept.event == *event) {
        tables.events.remove(&key)?;
        tables.unfinished_events.remove(&key)?;
    }
    Ok(())
}

pub(super) fn postpone(
    tables: &mut Tables<'_>,
    key: &[u8],
    next_try: Timestamp,
) -> Result<(), Broken> {
    if let Some(event) = record::<ReceivedEvent>(&*tables.events, key)?
        && !event.done
    {
        let (tries, next_try) = (event.tries.saturating_add(1), Some(next_try));
        put(&mut tables.events, key, &ReceivedEvent { tries, next_try, ..event })?;
    }
    Ok(())
}

pub(super) fn finish(tables: &mut Tables<'_>, key: &[u8]) -> Result<(), Broken> {
    if let Some(event) = record::<ReceivedEvent>(&*tables.events, key)? {
        put(&mut tables.events, key, &ReceivedEvent { done: true, ..event })?;
        tables.unfinished_events.remove(key)?;
    }
    Ok(())
}

pub(super) fn unfinished(
    snapshot: &Snapshot,
    after: Option<&[u8]>,
    limit: u32,
) -> Result<Vec<ReceivedEvent>, Broken> {
    let (index, events) = (snapshot.open(UNFINISHED_EVENTS)?, snapshot.open(EVENTS)?);
    let missing = || Broken("an index names an event that is not there".to_owned());
    let open = index.range::<&[u8]>(keys::after(after))?.take(limit as usize);
    open.map(|entry| record(&events, entry?.0.value())?.ok_or_else(missing)).collect()
}
