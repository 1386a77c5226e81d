//! Mails as they come over the wire: everything that can be asked of one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mailferry::InboundMessage;

fuzz_target!(|raw: &[u8]| {
    let message = InboundMessage::from_bytes(raw.to_vec());
    assert_eq!(message.raw(), raw, "the bytes are kept as they came");
});
