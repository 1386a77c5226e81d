//! The mailbox page: files of this crate, served as they are.

mod assets;

use ring::digest::{Context, SHA256};

use crate::id;
use crate::reply::Reply;
use assets::{ASSETS, Asset, ICON, INDEX};

/// What the page may do: nothing but run its own files, talk to this origin, and frame documents of it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; frame-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// Where the page's files are below the inspection's path.
const FOLDER: &str = "assets";
/// What stands in the page for the version of its files.
const VERSION: &str = "@VERSION@";
/// For files whose path names their content.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const ASK_AGAIN: &str = "no-cache";

/// Whether `path` is a path of the page outside the inspection's.
pub(crate) fn is_its(path: &str) -> bool {
    matches!(path, "/" | "/favicon.svg")
}

/// The answer, when `path` is one of the page's. `known` is the `If-None-Match` that it was asked with.
pub(crate) fn answer(method: &str, path: &str, known: Option<&str>) -> Option<Reply> {
    let name = path.strip_prefix("/_emulator/").and_then(|rest| rest.strip_prefix(FOLDER)?.strip_prefix('/'));
    if name.is_none() && !is_its(path) {
        return None;
    }
    if !matches!(method, "GET" | "HEAD") {
        return Some(Reply::sentence(405, "The page can only be read.").with("allow", "GET, HEAD"));
    }
    Some(match (path, name) {
        ("/", _) => index(known),
        (_, Some(name)) => asset(name, known),
        _ => served("image/svg+xml", ICON.to_vec(), ASK_AGAIN, known),
    })
}

fn index(known: Option<&str>) -> Reply {
    let page = INDEX.replace(VERSION, &version());
    served("text/html; charset=utf-8", page.into_bytes(), ASK_AGAIN, known)
}

/// A file by its path, with or without a version before it. One of another version is a page that was opened before the
/// emulator was replaced: it gets what there is now, and asks again.
fn asset(name: &str, known: Option<&str>) -> Reply {
    let (of, name) = match name.split_once('/') {
        Some((of, rest)) if of.starts_with("v-") => (Some(of), rest),
        _ => (None, name),
    };
    let Some(Asset { content_type, bytes, .. }) = ASSETS.iter().find(|asset| asset.name == name) else {
        return Reply::sentence(404, "The page has no such file.");
    };
    let cached = if of.is_some_and(|of| of == version()) { FOR_EVER } else { ASK_AGAIN };
    served(content_type, bytes.to_vec(), cached, known)
}

fn served(content_type: &str, body: Vec<u8>, cached: &str, known: Option<&str>) -> Reply {
    let tag = format!("\"{}\"", hex(&[&body]));
    let headers = vec![
        ("cache-control", cached.to_owned()),
        ("content-security-policy", POLICY.to_owned()),
        ("content-type", content_type.to_owned()),
        ("etag", tag.clone()),
        ("referrer-policy", "no-referrer".to_owned()),
        ("x-content-type-options", "nosniff".to_owned()),
        ("x-frame-options", "DENY".to_owned()),
    ];
    if known.is_some_and(|known| known.split(',').any(|known| known.trim().trim_start_matches("W/") == tag)) {
        return Reply { status: 304, headers, body: Vec::new() };
    }
    Reply { status: 200, headers, body }
}

/// Changes with any file: modules name each other by relative paths, so that one version in the path of the first is
/// that of all.
fn version() -> String {
    let all: Vec<&[u8]> = ASSETS.iter().map(|asset| asset.bytes).collect();
    format!("v-{}", hex(&all))
}

/// The first half of SHA-256 of `parts`, as hexadecimal digits.
fn hex(parts: &[&[u8]]) -> String {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    context.finish().as_ref().get(..16).map(id::hex).unwrap_or_default()
}
