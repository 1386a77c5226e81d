//! The mailbox page: its files, and what a browser is told about them.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use mailferry_emulator::Emulator;

use crate::client::{Answer, raw, started};

const PANELS: [&str; 10] =
    ["mail", "compose", "inbound", "requests", "templates", "suppressions", "webhooks", "routes", "faults", "account"];

async fn ask(emulator: &Emulator, method: &str, path: &str, more: &str) -> Answer {
    let head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{more}\r\n");
    raw(emulator.address(), &head, b"").await.unwrap()
}

async fn get(emulator: &Emulator, path: &str) -> Answer {
    ask(emulator, "GET", path, "").await
}

fn is_script(address: &str) -> bool {
    address.rsplit('.').next() == Some("js")
}

/// The addresses of files in HTML, and of modules in a script.
fn files_of(page: &str) -> Vec<&str> {
    let quoted = page.split('"').skip(1).step_by(2);
    quoted.filter(|text| text.contains("/_emulator/assets/") || (text.starts_with("./") && is_script(text))).collect()
}

/// The page and every file that it leads to, by address.
async fn everything(emulator: &Emulator) -> Vec<(String, Answer)> {
    let page = get(emulator, "/").await;
    let mut waiting: Vec<String> = files_of(page.text()).into_iter().map(str::to_owned).collect();
    // These are named by what is shown.
    let folder = waiting[0].rsplit_once('/').unwrap().0.to_owned();
    waiting.extend(PANELS.iter().map(|panel| format!("{folder}/panels/{panel}.js")));
    let mut seen = BTreeSet::new();
    let mut all = vec![("/".to_owned(), page)];
    while let Some(address) = waiting.pop() {
        if !seen.insert(address.clone()) {
            continue;
        }
        let file = get(emulator, &address).await;
        if is_script(&address) {
            let folder = address.rsplit_once('/').unwrap().0;
            let modules = file.text().lines().filter(|line| line.contains("from \"") || line.contains("import(\""));
            for module in modules.flat_map(|line| line.split('"')).filter(|text| is_script(text)) {
                let module = match module.strip_prefix("../") {
                    Some(module) => format!("{}/{module}", folder.rsplit_once('/').unwrap().0),
                    None => format!("{folder}/{}", module.trim_start_matches("./")),
                };
                waiting.push(module);
            }
        }
        all.push((address, file));
    }
    all
}

#[tokio::test]
async fn the_page_and_its_files_are_served_under_a_strict_policy() {
    let emulator = started(|builder| builder).await;
    let all = everything(&emulator).await;
    assert!(all.len() > 10, "{}", all.len());
    for (address, file) in all {
        assert_eq!(file.status, 200, "{address}");
        let policy = file.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(file.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(file.header("referrer-policy"), Some("no-referrer"));
        let expected = match address.rsplit_once('.') {
            Some((_, "js")) => "text/javascript; charset=utf-8",
            Some((_, "css")) => "text/css; charset=utf-8",
            _ => "text/html; charset=utf-8",
        };
        assert_eq!(file.header("content-type"), Some(expected), "{address}");
    }
}

#[tokio::test]
async fn nothing_of_the_page_comes_from_elsewhere_or_goes_around_the_policy() {
    let emulator = started(|builder| builder).await;
    for (address, file) in everything(&emulator).await {
        let text = file.text();
        for forbidden in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "@import",
            " style=\"",
            "<style",
        ] {
            assert!(!text.contains(forbidden), "{address} has {forbidden}");
        }
        for (at, _) in text.match_indices("://") {
            let is_example = text[at..].starts_with("://www.w3.org/")
                || text[at..].starts_with("://127.0.0.1")
                || text[at..].starts_with("://localhost")
                || text[at..].starts_with("://host")
                || text[at..].starts_with("://example");
            assert!(is_example, "{address}: {}", &text[at.saturating_sub(10)..(at + 30).min(text.len())]);
        }
    }
}

#[tokio::test]
async fn files_are_kept_by_browsers_until_they_change() {
    let emulator = started(|builder| builder).await;
    let page = get(&emulator, "/").await;
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    let tag = page.header("etag").unwrap();
    let again = ask(&emulator, "GET", "/", &format!("if-none-match: \"other\", {tag}\r\n")).await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    let versioned = files_of(page.text()).into_iter().find(|path| path.ends_with("app.js")).unwrap();
    let file = get(&emulator, versioned).await;
    assert_eq!(file.header("cache-control"), Some("public, max-age=31536000, immutable"));
    for other in ["/_emulator/assets/app.js", "/_emulator/assets/v-0123/app.js"] {
        let other = get(&emulator, other).await;
        assert_eq!((other.status, other.header("cache-control")), (200, Some("no-cache")));
        assert_eq!(other.body, file.body);
    }
    assert_eq!(get(&emulator, "/favicon.svg").await.header("content-type"), Some("image/svg+xml"));
}

#[tokio::test]
async fn what_is_no_file_of_the_page_is_not_found() {
    let emulator = started(|builder| builder).await;
    for path in ["/_emulator/assets/", "/_emulator/assets", "/_emulator/assets/../mod.rs", "/_emulator/assets/none.js"]
    {
        assert_eq!(get(&emulator, path).await.status, 404, "{path}");
    }
    let posted = ask(&emulator, "POST", "/", "content-length: 0\r\n").await;
    assert_eq!((posted.status, posted.header("allow")), (405, Some("GET, HEAD")));
}

#[tokio::test]
async fn the_page_is_no_request_to_the_api_and_meets_no_fault() {
    let emulator = started(|builder| builder).await;
    emulator.fail_next(mailferry_emulator::Fault::Status(500));
    assert_eq!(get(&emulator, "/").await.status, 200);
    assert!(emulator.requests().is_empty());
}

#[tokio::test]
async fn a_name_of_the_internet_gets_no_page() {
    let emulator = started(|builder| builder).await;
    let head = "GET / HTTP/1.1\r\nhost: rebound.example.com\r\nconnection: close\r\n\r\n";
    assert_eq!(raw(emulator.address(), head, b"").await.unwrap().status, 403);
}

#[tokio::test]
async fn the_page_is_there_to_ask_for_the_token_and_shows_nothing_without() {
    let everywhere = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
    let emulator = started(|builder| builder.listen(everywhere)).await;
    let at = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), emulator.address().port());
    for (path, status) in
        [("/", 200), ("/favicon.svg", 200), ("/_emulator/assets/app.js", 200), ("/_emulator/emails", 401)]
    {
        let head = format!("GET {path} HTTP/1.1\r\nhost: mail.example.com\r\nconnection: close\r\n\r\n");
        assert_eq!(raw(at, &head, b"").await.unwrap().status, status, "{path}");
    }
}

#[tokio::test]
async fn every_file_of_the_page_says_what_it_is_for_and_is_short() {
    let emulator = started(|builder| builder).await;
    for (address, file) in everything(&emulator).await.into_iter().skip(1) {
        let text = file.text();
        assert!(text.starts_with("//! ") || text.starts_with("/*! "), "{address}");
        assert!(text.lines().count() < 700, "{address}");
    }
}
