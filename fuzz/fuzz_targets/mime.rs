//! Mails as they come over the wire: everything that can be asked of one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mailferry::InboundMessage;
use mailferry::inbound::{OnError, strip_quotes};

fuzz_target!(|raw: &[u8]| {
    let message = InboundMessage::from_bytes(raw.to_vec());
    assert_eq!(message.raw(), raw, "the bytes are kept as they came");
    let text = message.text();
    let _ = (message.html(), message.subject(), message.date(), message.thread_id(), message.hints());
    let reply = message.reply_text();
    assert!(reply.as_deref().unwrap_or_default().len() <= text.as_deref().unwrap_or_default().len());
    if let Some(text) = &text {
        assert!(strip_quotes(text).len() <= text.len());
    }
    for part in message.parts().take(100) {
        let _ = (part.bytes(), part.text(), part.decode(Some("utf-7"), OnError::Ignore));
        let name = part.safe_file_name();
        assert!(!name.is_empty() && name.len() <= 255 && !name.contains(['/', '\\', '\0']), "{name:?}");
    }
    for attached in message.attached_messages().take(10) {
        let _ = attached.text();
    }
    assert!(message.attachments().count() + message.inlines().count() <= message.parts().count());
    let _ = message.to_json().to_string();
});
