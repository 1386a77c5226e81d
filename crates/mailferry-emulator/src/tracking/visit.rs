//! What readers reach from a delivered mail: the pixel, its links, and the way out.
//!
//! Nobody needs a token for it, as nobody does who clicks a link in a mail. Each works for an id that only the mail
//! tells, and leads only where the stored mail's own links lead.

use std::sync::Arc;

use super::dress::{Dressed, Outfit, dressed, target};
use super::page;
use super::reader::Reader;
use crate::inspection::Asked;
use crate::lifecycle::{Reaction, ReactionError};
use crate::reply::Reply;
use crate::service::{Service, StoredMessage};
use crate::suppression::{SuppressionList, reasons};

/// Below this everything here is reached.
pub(super) const PATH: &str = "/_emulator/t";

/// A transparent picture of one dot.
const PIXEL: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

/// The answer, when the request is one of a reader's.
pub(crate) fn answer(service: &Service, asked: &Asked<'_>, parts: &[&str]) -> Option<Reply> {
    let ["t", rest @ ..] = parts else { return None };
    let reader = Reader::new(asked.peer, asked.header("user-agent").unwrap_or_default());
    Some(match (asked.method, rest) {
        ("GET", ["open", file]) => open(service, file, reader),
        ("GET", ["click", id, number]) => click(service, id, number, reader),
        ("GET", ["unsubscribe", id]) => ask(service, id),
        ("POST", ["unsubscribe", id]) => unsubscribe(service, id, reader),
        (_, ["open" | "unsubscribe", _] | ["click", _, _]) => page::sorry(405, "This link is only to be opened."),
        _ => unknown(),
    })
}

fn open(service: &Service, file: &str, reader: Reader) -> Reply {
    let Some(id) = file.strip_suffix(".gif") else { return unknown() };
    match service.react_as(id, Reaction::Open, Some(Arc::new(reader))) {
        Err(ReactionError::Unknown) => unknown(),
        // A mail that never got there has nobody who opens it: the picture is shown, and nothing noted.
        Ok(()) | Err(ReactionError::NotSent | ReactionError::Rejected | ReactionError::Delivered) => {
            let headers = vec![("content-type", "image/gif".to_owned()), ("cache-control", "no-store".to_owned())];
            Reply { status: 200, headers, body: PIXEL.to_vec() }
        }
    }
}

fn click(service: &Service, id: &str, number: &str, reader: Reader) -> Reply {
    let html = {
        let state = service.state();
        let found = state.messages.email(id).map(|found| found.email);
        found.and_then(|email| email.rendered.html.clone())
    };
    let unsubscribe = service.at_home(&format!("{PATH}/unsubscribe/{id}"));
    let number = number.parse().ok();
    let Some(target) = html.zip(number).and_then(|(html, number)| target(&html, number, &unsubscribe)) else {
        return unknown();
    };
    match service.react_as(id, Reaction::Click(target.clone()), Some(Arc::new(reader))) {
        Ok(()) => {
            let headers = vec![
                ("location", target),
                ("cache-control", "no-store".to_owned()),
                ("referrer-policy", "no-referrer".to_owned()),
            ];
            Reply { status: 302, headers, body: Vec::new() }
        }
        Err(error) => refused(error),
    }
}

fn ask(service: &Service, id: &str) -> Reply {
    match standing(service, id) {
        Some((recipient, domain, false)) => page::ask(&recipient, &domain),
        Some((recipient, domain, true)) => page::done(&recipient, &domain),
        None => unknown(),
    }
}

/// By the page's button or with one click (RFC 8058). Whoever has unsubscribed already is told the same, and nobody else
/// hears of it again.
fn unsubscribe(service: &Service, id: &str, reader: Reader) -> Reply {
    match standing(service, id) {
        Some((recipient, domain, true)) => page::done(&recipient, &domain),
        Some((recipient, domain, false)) => match service.react_as(id, Reaction::Unsubscribe, Some(Arc::new(reader))) {
            Ok(()) => page::done(&recipient, &domain),
            Err(error) => refused(error),
        },
        None => unknown(),
    }
}

impl Service {
    /// The email `id` as it is delivered, with links below `base`.
    pub(crate) fn dressed(&self, id: &str, base: &str) -> Option<Dressed> {
        self.worn(id, base).map(|(_, dressed)| dressed)
    }

    /// The message of the email `id`, and the email as it is delivered, with links below `base`.
    pub(crate) fn worn(&self, id: &str, base: &str) -> Option<(StoredMessage, Dressed)> {
        // Others need not wait while it is read.
        let (place, stored) = self.state().messages.email(id).map(|found| (found.place, found.stored.clone()))?;
        let email = stored.emails.get(place.position)?;
        let outfit = Outfit::new(base, &email.letter, &stored.message);
        let worn = dressed(email.rendered.html.as_deref(), email.rendered.text.as_deref(), &outfit);
        Some((stored, worn))
    }
}

/// The recipient and the domain of the email `id`, and whether the one has unsubscribed from the other.
fn standing(service: &Service, id: &str) -> Option<(String, String, bool)> {
    let state = service.caught_up(service.clock.now());
    let email = state.messages.email(id)?.email;
    let (recipient, domain) = (email.letter.recipient.clone(), email.letter.sheet.domain.clone());
    let has = reasons(&state.entries, &recipient, &domain).contains(&SuppressionList::Unsubscribes.reason());
    Some((recipient, domain, has))
}

fn unknown() -> Reply {
    page::sorry(404, "The emulator remembers no mail with this link.")
}

fn refused(error: ReactionError) -> Reply {
    match error {
        ReactionError::Unknown => unknown(),
        ReactionError::NotSent => page::sorry(409, "This mail is not sent yet, so nobody can have clicked in it."),
        ReactionError::Rejected => page::sorry(409, "This mail was rejected, so nobody can have clicked in it."),
        ReactionError::Delivered => page::sorry(409, "This mail is delivered already."),
    }
}
