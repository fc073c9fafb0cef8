use seathold_service::ports::Page;
use serde::Serialize;
use utoipa::ToSchema;

use super::extract::{PageNumber, PageSize};

/// One page of a longer list.
#[derive(Serialize, ToSchema)]
pub(super) struct PageOf<T> {
    /// The entries.
    data: Vec<T>,
    /// The number of this page; the first is 1.
    #[schema(example = 1)]
    page: u32,
    /// Entries on a page at the most.
    #[schema(example = 20)]
    limit: u32,
    /// Entries on all pages together.
    #[schema(example = 3)]
    total: u64,
}

impl<T> PageOf<T> {
    /// A page of the service, each entry shown by `view`.
    pub(super) fn new<R>(
        page: &Page<R>,
        PageNumber(number): PageNumber,
        PageSize(limit): PageSize,
        view: impl Fn(&R) -> T,
    ) -> Self {
        Self { data: page.data.iter().map(view).collect(), page: number, limit, total: page.total }
    }
}
