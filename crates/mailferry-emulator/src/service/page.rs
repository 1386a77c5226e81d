//! Long lists, a page at a time, without totals (facts sheet 8.1).

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::query::query;
use super::{Service, invalid};
use crate::reply::Reply;
use crate::request::Request;
use crate::rules::{Facts, PAGE, examine};
use crate::settings::AccountState;

/// Which page was asked for.
pub(super) struct Page {
    number: usize,
    size: usize,
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

impl Service {
    /// The page that a question is about, and the question.
    pub(super) fn page(&self, request: &Request) -> Result<(Page, Value), Reply> {
        let query = query(request);
        let facts = Facts {
            settings: &self.settings,
            account: AccountState::Active,
            now: Timestamp::UNIX_EPOCH,
            rendering: None,
            entries: &[],
            domains: &[],
        };
        let findings = examine(PAGE, &query, &facts);
        if !findings.is_empty() {
            return Err(invalid(&findings));
        }
        let number = |name: &str| query.get(name).and_then(Value::as_str).and_then(|text| text.parse().ok());
        let page = Page { number: number("page").unwrap_or(1), size: number("limit").unwrap_or(25) };
        Ok((page, query))
    }

    /// One page of `items`. Links have the page only, neither filters nor the limit (recorded).
    pub(super) fn paged<T: Serialize>(&self, items: impl Iterator<Item = T>, page: &Page, path: &str) -> Reply {
        let Page { number, size } = *page;
        let before = number.saturating_sub(1).saturating_mul(size);
        let mut data: Vec<T> = items.skip(before).take(size.saturating_add(1)).collect();
        let more = data.len() > size;
        data.truncate(size);
        let path = format!("{}{path}", self.url);
        let link = |number: usize| format!("{path}?page={number}");
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
}
