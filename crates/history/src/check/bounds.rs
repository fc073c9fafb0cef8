use super::Misrecorded;
use crate::{Event, FORMAT, Line, Promises};

/// How far the clocks may be apart where nobody says so, in ms: twice what an instance
/// that corrects its clock twice a minute is ever off by, and then some.
pub const TOLERANCE_MS: i64 = 1000;

/// How old a map may be where nobody says so, in ms: what the API promises.
pub const STALE_MS: i64 = 250;

/// What is promised, settled: by whoever calls, else by the history, else as usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    /// How far the clocks may be apart, in ms.
    pub(super) tolerance: i64,
    /// How old a map may be when its reader asks for it, in ms.
    pub(super) stale: i64,
    /// How long a hold lasts, in ms.
    pub(super) hold: Option<i64>,
    /// How long it may last once its payment was begun, in ms.
    pub(super) extended: Option<i64>,
    /// Live seats of one showtime that one user may own.
    pub(super) seats_per_user: Option<u64>,
}

impl Bounds {
    /// From what the caller insists on, and what the history says.
    pub(super) fn of(lines: &[Line], insisted: &Promises) -> Result<Self, Misrecorded> {
        let mut said = Promises::default();
        for (index, Line { number, event }) in lines.iter().enumerate() {
            match event {
                Event::Start(start) if start.format != FORMAT => {
                    return Err(Misrecorded::Format(*number, start.format));
                }
                Event::Start(_) if index > 0 => return Err(Misrecorded::LateStart(*number)),
                Event::Start(start) => said = start.clone(),
                _ => {}
            }
        }
        Ok(Self {
            tolerance: insisted.tolerance_ms.or(said.tolerance_ms).unwrap_or(TOLERANCE_MS),
            stale: insisted.stale_ms.or(said.stale_ms).unwrap_or(STALE_MS),
            hold: insisted.hold_ms.or(said.hold_ms),
            extended: insisted.extended_ms.or(said.extended_ms),
            seats_per_user: insisted.seats_per_user.or(said.seats_per_user),
        })
    }
}
