//! From requests to types. Checked in this order: the token, the idempotency
//! key, the path, the body; so handlers name their arguments in this order.

mod body;
mod caller;
mod key;
mod params;
mod text;

pub(crate) use body::{BODY_MAX_BYTES, Body, Shape, read};
pub(crate) use caller::{Admin, Caller, Identity};
pub(crate) use key::{Key, KeyHeader, OptionalKey, keyed};
pub(crate) use params::{Id, PageNumber, PageSize, Query};
pub(crate) use text::{Text, Time, given, invalid, invalid_at, printable};
