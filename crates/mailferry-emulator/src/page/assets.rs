//! The files of the page, by the name under which they are served.

pub(super) struct Asset {
    pub(super) name: &'static str,
    pub(super) content_type: &'static str,
    pub(super) bytes: &'static [u8],
}

pub(super) const INDEX: &str = include_str!("assets/index.html");
pub(super) const ICON: &[u8] = include_bytes!("assets/favicon.svg");

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

macro_rules! assets {
    ($($kind:ident $name:literal,)*) => {
        &[$(Asset { name: $name, content_type: $kind, bytes: include_bytes!(concat!("assets/", $name)) },)*]
    };
}

/// Everything but the page itself and its icon.
pub(super) const ASSETS: &[Asset] = assets![
    STYLE "style.css",
    STYLE "controls.css",
    STYLE "mail.css",
    STYLE "panels.css",
    SCRIPT "theme.js",
    SCRIPT "app.js",
    SCRIPT "api.js",
    SCRIPT "dom.js",
    SCRIPT "icons.js",
    SCRIPT "keys.js",
    SCRIPT "live.js",
    SCRIPT "ui.js",
    SCRIPT "login.js",
    SCRIPT "offline.js",
    SCRIPT "faults-banner.js",
    SCRIPT "mail/store.js",
    SCRIPT "mail/list.js",
    SCRIPT "mail/first.js",
    SCRIPT "mail/view.js",
    SCRIPT "mail/actions.js",
    SCRIPT "mail/content.js",
    SCRIPT "mail/files.js",
    SCRIPT "mail/html.js",
    SCRIPT "mail/picture.js",
    SCRIPT "mail/recipients.js",
    SCRIPT "mail/request.js",
    SCRIPT "mail/timeline.js",
    SCRIPT "panels/mail.js",
    SCRIPT "panels/compose.js",
    SCRIPT "panels/inbound.js",
    SCRIPT "panels/requests.js",
    SCRIPT "panels/templates.js",
    SCRIPT "panels/suppressions.js",
    SCRIPT "panels/webhooks.js",
    SCRIPT "panels/routes.js",
    SCRIPT "panels/faults.js",
    SCRIPT "panels/account.js",
];
