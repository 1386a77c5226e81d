//! Long lists, a page at a time, with totals and without (facts sheet 8.1).

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::query::query;
use super::{Service, invalid};
use crate::plan::{Allowance, Overrides};
use crate::reply::Reply;
use crate::request::Request;
use crate::rules::{Facts, PAGE, examine};
use crate::settings::AccountState;

/// Which page was asked for.
pub(super) struct Page {
    number: usize,
    size: usize,
    /// What stands in links before the page.
    kept: String,
}

#[derive(Serialize)]
struct Paged<'a, T> {
    data: &'a [T],
    links: Links,
    meta: Meta,
}

#[derive(Serialize)]
struct Links {
    first: String,
    last: Option<String>,
    prev: Option<String>,
    next: Option<String>,
}

/// `current_page_url` is in the newest recording only (2026-10).
#[derive(Serialize)]
struct Meta {
    current_page: usize,
    current_page_url: String,
    from: Option<usize>,
    path: String,
    per_page: usize,
    to: Option<usize>,
}

#[derive(Serialize)]
struct Counted<'a, T> {
    data: &'a [T],
    links: Links,
    meta: CountedMeta,
}

#[derive(Serialize)]
struct CountedMeta {
    current_page: usize,
    from: Option<usize>,
    last_page: usize,
    links: Vec<PageLink>,
    path: String,
    per_page: usize,
    to: Option<usize>,
    total: usize,
}

/// `page` has been there since 2026 (CASS-PY).
#[derive(Serialize)]
struct PageLink {
    url: Option<String>,
    label: String,
    page: Option<usize>,
    active: bool,
}

impl Service {
    /// The page that a question is about, and the question.
    pub(super) fn page(&self, request: &Request) -> Result<(Page, Value), Reply> {
        let query = query(request);
        let facts = Facts {
            settings: &self.settings,
            account: AccountState::Active,
            allowance: Allowance::new(None, &Overrides::default()),
            now: Timestamp::UNIX_EPOCH,
            rendering: None,
            files: &[],
            entries: &[],
            domains: &[],
            identities: &[],
        };
        let findings = examine(PAGE, &query, &facts);
        if !findings.is_empty() {
            return Err(invalid(&findings));
        }
        Ok((Page::of(&query), query))
    }

    /// One page of `items`. Links have the page only, neither filters nor the limit (recorded).
    pub(super) fn paged<T: Serialize>(&self, items: impl Iterator<Item = T>, page: &Page, path: &str) -> Reply {
        let Page { number, size, ref kept } = *page;
        let before = number.saturating_sub(1).saturating_mul(size);
        let mut data: Vec<T> = items.skip(before).take(size.saturating_add(1)).collect();
        let more = data.len() > size;
        data.truncate(size);
        let path = format!("{}{path}", self.url);
        let link = |number: usize| format!("{path}?{kept}page={number}");
        let any = !data.is_empty();
        let links = Links {
            first: link(1),
            last: None,
            prev: (number > 1).then(|| link(number.saturating_sub(1))),
            next: more.then(|| link(number.saturating_add(1))),
        };
        let meta = Meta {
            current_page: number,
            current_page_url: link(number),
            from: any.then(|| before.saturating_add(1)),
            per_page: size,
            to: any.then(|| before.saturating_add(data.len())),
            path,
        };
        Reply::json(200, &Paged { data: &data, links, meta })
    }

    /// One page of `items` with totals and a link to each page, as newer lists have them.
    pub(super) fn counted<T: Serialize>(
        &self,
        items: impl ExactSizeIterator<Item = T>,
        page: &Page,
        path: &str,
    ) -> Reply {
        let Page { number, size, ref kept } = *page;
        let total = items.len();
        let before = number.saturating_sub(1).saturating_mul(size);
        let data: Vec<T> = items.skip(before).take(size).collect();
        let last_page = total.div_ceil(size.max(1)).max(1);
        let path = format!("{}{path}", self.url);
        let link = |number: usize| format!("{path}?{kept}page={number}");
        let previous = (number > 1).then(|| link(number.saturating_sub(1)));
        let next = (number < last_page).then(|| link(number.saturating_add(1)));
        let any = !data.is_empty();
        let shown = window(number, last_page).into_iter().map(|shown| match shown {
            Some(page) => {
                PageLink { url: Some(link(page)), label: page.to_string(), page: Some(page), active: page == number }
            }
            None => PageLink { url: None, label: "...".to_owned(), page: None, active: false },
        });
        let at = |url: &Option<String>, page: Option<usize>, label: &str| {
            let page = page.filter(|_| url.is_some());
            PageLink { url: url.clone(), label: label.to_owned(), page, active: false }
        };
        let links = std::iter::once(at(&previous, number.checked_sub(1), "&laquo; Previous"));
        let links = links.chain(shown);
        let links = links.chain(std::iter::once(at(&next, number.checked_add(1), "Next &raquo;"))).collect();
        let meta = CountedMeta {
            current_page: number,
            from: any.then(|| before.saturating_add(1)),
            last_page,
            links,
            per_page: size,
            to: any.then(|| before.saturating_add(data.len())),
            total,
            path: path.clone(),
        };
        let links = Links { first: link(1), last: Some(link(last_page)), prev: previous, next };
        Reply::json(200, &Counted { data: &data, links, meta })
    }
}

impl Page {
    /// The page that a valid `query` asks for.
    pub(super) fn of(query: &Value) -> Self {
        let number = |name: &str| query.get(name).and_then(Value::as_str).and_then(|text| text.parse().ok());
        Self { number: number("page").unwrap_or(1), size: number("limit").unwrap_or(25), kept: String::new() }
    }

    /// The same, with the limit in its links if it was asked for (of tokens only: recorded).
    pub(super) fn with_limit(self, query: &Value) -> Self {
        let asked = query.get("limit").is_some();
        Self { kept: if asked { format!("limit={}&", self.size) } else { String::new() }, ..self }
    }
}

/// The pages that are linked to, `None` for those left out: all up to 13, else the ends and three on each side (its
/// framework's choice).
fn window(current: usize, last: usize) -> Vec<Option<usize>> {
    const SIDE: usize = 3;
    const NEAR: usize = SIDE + 4;
    let range = |from: usize, to: usize| (from..=to).map(Some);
    let ends = range(last.saturating_sub(1), last);
    if last < 2 * SIDE + 8 {
        range(1, last).collect()
    } else if current <= NEAR {
        range(1, NEAR + SIDE).chain([None]).chain(ends).collect()
    } else if current > last.saturating_sub(NEAR) {
        range(1, 2).chain([None]).chain(range(last.saturating_sub(NEAR + SIDE - 1), last)).collect()
    } else {
        let around = range(current.saturating_sub(SIDE), current.saturating_add(SIDE));
        range(1, 2).chain([None]).chain(around).chain([None]).chain(ends).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_pages_are_linked_to_in_part() {
        let check = |current, last, expected: &str| {
            let shown =
                window(current, last).into_iter().map(|page| page.map_or("…".to_owned(), |page| page.to_string()));
            assert_eq!(shown.collect::<Vec<_>>().join(" "), expected, "{current} of {last}");
        };
        check(1, 1, "1");
        check(9, 1, "1");
        check(1, 13, "1 2 3 4 5 6 7 8 9 10 11 12 13");
        check(7, 14, "1 2 3 4 5 6 7 8 9 10 … 13 14");
        check(8, 20, "1 2 … 5 6 7 8 9 10 11 … 19 20");
        check(14, 20, "1 2 … 11 12 13 14 15 16 17 18 19 20");
        check(99, 20, "1 2 … 11 12 13 14 15 16 17 18 19 20");
    }
}
