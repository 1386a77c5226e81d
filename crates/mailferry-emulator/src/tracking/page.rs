//! The small pages that a reader sees who follows an unsubscribe link.

use crate::reply::Reply;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto;padding:0 1rem;color:#1c2430;background:#fff}\
button{font:inherit;padding:.6rem 1.2rem;border:0;border-radius:.4rem;color:#fff;background:#1f5fbf}\
button:focus-visible{outline:3px solid #8ab4f8;outline-offset:2px}\
@media(prefers-color-scheme:dark){body{color:#e6e9ee;background:#14181d}button{color:#10141a;background:#8ab4f8}}";

/// Asks whether `recipient` wants no more mail.
pub(super) fn ask(recipient: &str, domain: &str) -> Reply {
    let (recipient, domain) = (escaped(recipient), escaped(domain));
    let body = format!(
        "<h1>Unsubscribe</h1><p>No more mail from <strong>{domain}</strong> to <strong>{recipient}</strong>?</p>\
         <form method=\"post\"><input type=\"hidden\" name=\"List-Unsubscribe\" value=\"One-Click\">\
         <button>Unsubscribe</button></form>"
    );
    page(200, "Unsubscribe", &body)
}

/// Tells that nothing more comes.
pub(super) fn done(recipient: &str, domain: &str) -> Reply {
    let (recipient, domain) = (escaped(recipient), escaped(domain));
    let body = format!(
        "<h1>Unsubscribed</h1><p><strong>{recipient}</strong> gets no more mail from <strong>{domain}</strong>.</p>"
    );
    page(200, "Unsubscribed", &body)
}

/// Tells that a link does not work.
pub(super) fn sorry(status: u16, sentence: &str) -> Reply {
    page(status, "Mailferry", &format!("<p>{sentence}</p>"))
}

fn page(status: u16, title: &str, body: &str) -> Reply {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>{title}</title>\
         <style>{STYLE}</style></head><body><main>{body}</main></body></html>"
    );
    let policy =
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    let headers = vec![
        ("content-type", "text/html; charset=utf-8".to_owned()),
        ("content-security-policy", policy.to_owned()),
        ("cache-control", "no-store".to_owned()),
        ("referrer-policy", "no-referrer".to_owned()),
        ("x-content-type-options", "nosniff".to_owned()),
    ];
    Reply { status, headers, body: html.into_bytes() }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
