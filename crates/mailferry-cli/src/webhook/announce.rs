//! What `mailferry webhook listen` says before the first event.

use std::net::SocketAddr;
use std::path::Path;

use mailferry_store::EntryId;

use crate::output::{FAINT, HEADING, Output};

/// An endpoint, for people.
pub(super) struct Endpoint {
    /// What MailerSend calls what posts to it.
    pub(super) what: &'static str,
    pub(super) path: String,
    /// Where the secrets of its signatures are.
    pub(super) setting: &'static str,
    pub(super) is_active: bool,
}

/// All of it.
pub(super) struct Announcement<'a> {
    pub(super) address: SocketAddr,
    pub(super) endpoints: &'a [Endpoint],
    /// The inbox, and the last entry that is in it already.
    pub(super) inbox: Option<(&'a Path, Option<EntryId>)>,
    /// To whom events are handed.
    pub(super) receivers: &'a [String],
}

impl Announcement<'_> {
    /// On standard error, since standard output has events.
    pub(super) fn print(&self, output: &mut Output) {
        let base = format!("http://{}", self.address);
        output.say(format_args!("{HEADING}Listening for webhooks.{HEADING:#} Ctrl-C ends it."));
        output.say("");
        for Endpoint { what, path, setting, is_active } in self.endpoints {
            if *is_active {
                output.say(format_args!("  {what:<9} {base}{path}"));
            } else {
                output.say(format_args!("  {what:<9} {FAINT}off: set {setting}{FAINT:#}"));
            }
        }
        match self.inbox {
            Some((path, None)) => output.say(format_args!("  {:<9} {}", "inbox", path.display())),
            Some((path, Some(latest))) => {
                output.say(format_args!("  {:<9} {}, continued after entry {latest}", "inbox", path.display()));
            }
            None => output.say(format_args!("  {:<9} none: an event is shown, and only then acknowledged", "inbox")),
        }
        for receiver in self.receivers {
            output.say(format_args!("  {:<9} {receiver}", "handed to"));
        }
        if let Some(endpoint) = self.endpoints.first().filter(|endpoint| endpoint.is_active && !output.json) {
            self.example(&base, endpoint, output);
        }
        output.say("");
    }

    fn example(&self, base: &str, endpoint: &Endpoint, output: &mut Output) {
        output.say("");
        output.say("Try it in another terminal, with the same settings:");
        output.say("  TIME=$(date -u +%FT%TZ)");
        output.say("  DATA='{\"id\":\"'$TIME'\",\"recipient\":\"ann@example.com\"}'");
        output.say("  BODY='{\"type\":\"activity.delivered\",\"created_at\":\"'$TIME'\",\"data\":'$DATA'}'");
        output.say("  curl -i -H \"Signature: $(printf %s \"$BODY\" | mailferry webhook sign)\" \\");
        output.say(format_args!("    --data-binary \"$BODY\" {base}{}", endpoint.path));
        if self.address.ip().is_loopback() {
            output.say("");
            output.say("MailerSend reaches it through a tunnel or a proxy in front of it, with https.");
        }
    }
}
