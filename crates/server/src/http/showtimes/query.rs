#![allow(non_snake_case, reason = "errors name the fields as the query does")]

use std::str::FromStr;

use seathold_core::Timestamp;
use seathold_service::ports::{PageRequest, ShowtimeFilter, ShowtimeSort};
use serde::Deserialize;
use utoipa::IntoParams;
use validator::Validate;

use crate::http::extract::{PageNumber, PageSize, Text, Time, given};

/// Which showtimes to list.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
pub(crate) struct ShowtimeQuery {
    /// Which page; the first is 1.
    #[validate(nested)]
    #[param(value_type = Option<u32>, minimum = 1, default = 1)]
    page: Option<Text<PageNumber>>,
    /// Entries on a page.
    #[validate(nested)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 20)]
    limit: Option<Text<PageSize>>,
    /// Part of the title, whatever its case.
    #[validate(length(max = 200, message = "must have 200 characters at the most"))]
    #[param(max_length = 200)]
    search: Option<String>,
    /// This movie only.
    movie_id: Option<String>,
    /// Starting at this moment or later.
    #[validate(nested)]
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Text<Time>>,
    /// Starting at this moment or earlier.
    #[validate(nested)]
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Text<Time>>,
    /// By what to sort: `start_time` (default), `price` (of a standard seat) or `title`.
    #[validate(nested)]
    #[param(value_type = Option<String>, pattern = "^(start_time|price|title)$")]
    sortBy: Option<Text<Sort>>,
    /// `asc` (default) or `desc`.
    #[validate(nested)]
    #[param(value_type = Option<String>, pattern = "^(asc|desc)$")]
    sortOrder: Option<Text<Order>>,
}

impl ShowtimeQuery {
    pub(super) fn page(&self) -> (PageNumber, PageSize) {
        (given(&self.page).unwrap_or_default(), given(&self.limit).unwrap_or_default())
    }

    pub(super) fn filter(self, page: PageRequest) -> ShowtimeFilter {
        let moment =
            |time: &Option<Text<Time>>| -> Option<Timestamp> { given(time).map(|Time(at)| at) };
        ShowtimeFilter {
            from: moment(&self.from),
            to: moment(&self.to),
            sort: given(&self.sortBy).map_or(ShowtimeSort::StartTime, |Sort(by)| by),
            descending: given(&self.sortOrder).is_some_and(|Order { descending }| descending),
            search: self.search,
            movie_id: self.movie_id,
            page,
        }
    }
}

#[derive(Clone, Copy)]
struct Sort(ShowtimeSort);

impl FromStr for Sort {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text {
            "start_time" => Ok(Self(ShowtimeSort::StartTime)),
            "price" => Ok(Self(ShowtimeSort::Price)),
            "title" => Ok(Self(ShowtimeSort::Title)),
            _ => Err("must be start_time, price or title"),
        }
    }
}

#[derive(Clone, Copy)]
struct Order {
    descending: bool,
}

impl FromStr for Order {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text {
            "asc" => Ok(Self { descending: false }),
            "desc" => Ok(Self { descending: true }),
            _ => Err("must be asc or desc"),
        }
    }
}
