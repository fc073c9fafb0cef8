//! Lists of showtimes, without their seats. Each order has an index that has the
//! fields of all filters: only the documents of the page are read.

use bson::{Bson, Document, RawBsonRef, RawDocument, RawDocumentBuf, Regex, doc};
use mongodb::action::Find;
use mongodb::options::Hint;
use seathold_core::{ShowtimeId, Timestamp};
use seathold_service::model::{ShowtimeStatus, ShowtimeSummary};
use seathold_service::ports::{Page, ShowtimeFilter, ShowtimeSort, StoreError};

use super::collections::{Collections, date, oid, some, some_of};
use super::{failures, seats};

pub(super) async fn showtimes(
    db: Collections,
    filter: ShowtimeFilter,
) -> Result<Page<ShowtimeSummary>, StoreError> {
    let (sort_field, index) = order(&filter);
    let index = Hint::Name(index.to_owned());
    // The server filters by an index only if its first field is asked for.
    let sorted = doc! {sort_field: {"$gte": Bson::MinKey}};
    let wanted = doc! {"$and": [sorted, wanted(&filter)?]};
    let count = db.showtimes.count_documents(wanted.clone()).hint(index.clone());
    let total = count.await.map_err(failures::read)?;
    if filter.page.skip >= total {
        return Ok(Page { data: Vec::new(), total });
    }
    let direction = if filter.descending { -1 } else { 1 };
    let find = db
        .showtimes
        .find(wanted)
        .projection(doc! {seats::SEATS: 0})
        .sort(doc! {sort_field: direction, "_id": direction})
        .hint(index)
        .skip(filter.page.skip);
    Ok(Page { data: some(find, filter.page.limit).await?, total })
}

/// The field to sort by, and the index that is sorted so.
const fn order(filter: &ShowtimeFilter) -> (&'static str, &'static str) {
    match filter.sort {
        ShowtimeSort::StartTime if filter.movie_id.is_some() => ("start_time", "by_movie"),
        ShowtimeSort::StartTime => ("start_time", "by_start"),
        ShowtimeSort::Price => ("price.standard", "by_price"),
        ShowtimeSort::Title => ("title", "by_title"),
    }
}

fn wanted(filter: &ShowtimeFilter) -> Result<Document, StoreError> {
    let mut wanted = Document::new();
    if let Some(movie) = &filter.movie_id {
        wanted.insert("movie_id", movie);
    }
    let mut start = Document::new();
    if let Some(from) = filter.from {
        start.insert("$gte", date(from));
    }
    if let Some(to) = filter.to {
        start.insert("$lte", date(to));
    }
    if !start.is_empty() {
        wanted.insert("start_time", start);
    }
    if let Some(text) = &filter.search {
        let pattern = literal(text).try_into().map_err(failures::document)?;
        let options = "i".try_into().map_err(failures::document)?;
        wanted.insert("title", Regex { pattern, options });
    }
    Ok(wanted)
}

/// The pattern that finds this very text.
fn literal(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\0' => pattern.push_str("\\x00"),
            letter if letter.is_ascii_punctuation() => pattern.extend(['\\', letter]),
            letter => pattern.push(letter),
        }
    }
    pattern
}

pub(super) async fn expiring(
    db: Collections,
    before: Timestamp,
    limit: u32,
) -> Result<Vec<ShowtimeId>, StoreError> {
    let due = db.showtimes.find(doc! {"next_expiry": {"$lte": date(before)}});
    ids_of(due.sort(doc! {"next_expiry": 1, "_id": 1}), limit).await
}

/// Answered by an index that has both counters: no document is read.
pub(super) async fn cancelled_with_sales(
    db: Collections,
    after: Option<ShowtimeId>,
    limit: u32,
) -> Result<Vec<ShowtimeId>, StoreError> {
    let (mut found, mut after) = (Vec::new(), after);
    loop {
        let mut wanted = doc! {"status": ShowtimeStatus::Cancelled.as_str()};
        if let Some(id) = after {
            wanted.insert("_id", doc! {"$gt": oid(id.bytes())});
        }
        let find = db.showtimes.find(wanted).sort(doc! {"_id": 1});
        let find = find.hint(Hint::Name("cancelled".to_owned()));
        let counters = doc! {"_id": 1, "available_seats": 1, "total_seats": 1};
        let page = some_of(find.projection(counters), limit, counted).await?;
        let Some((last, _)) = page.last() else { return Ok(found) };
        after = Some(*last);
        found.extend(page.into_iter().filter(|(_, sells)| *sells).map(|(id, _)| id));
        if found.len() >= limit as usize {
            found.truncate(limit as usize);
            return Ok(found);
        }
    }
}

/// A showtime's id, and whether not all of its seats are available.
fn counted(document: &RawDocument) -> Result<(ShowtimeId, bool), StoreError> {
    let id = document.get_object_id("_id").map_err(failures::document)?;
    let number = |field| match document.get(field).map_err(failures::document)? {
        Some(RawBsonRef::Int32(n)) => Ok(i64::from(n)),
        Some(RawBsonRef::Int64(n)) => Ok(n),
        _ => Err(failures::document(format!("{field} is no number"))),
    };
    let sells = number("available_seats")? < number("total_seats")?;
    Ok((ShowtimeId::from_bytes(id.bytes()), sells))
}

pub(super) async fn ids(
    db: Collections,
    after: Option<ShowtimeId>,
    limit: u32,
) -> Result<Vec<ShowtimeId>, StoreError> {
    let filter = after.map_or_else(Document::new, |id| doc! {"_id": {"$gt": oid(id.bytes())}});
    let by_id = doc! {"_id": 1};
    let find = db.showtimes.find(filter).sort(by_id.clone()).hint(Hint::Keys(by_id));
    ids_of(find, limit).await
}

async fn ids_of(find: Find<'_, RawDocumentBuf>, limit: u32) -> Result<Vec<ShowtimeId>, StoreError> {
    some_of(find.projection(doc! {"_id": 1}), limit, |document| {
        let id = document.get_object_id("_id").map_err(failures::document)?;
        Ok(ShowtimeId::from_bytes(id.bytes()))
    })
    .await
}
