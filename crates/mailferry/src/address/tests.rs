//! The behaviour of addresses, statement by statement.

use super::*;

/// ADR-01
#[test]
fn a_plain_address_has_no_name() {
    let mailbox: Mailbox = "a@x.com".parse().unwrap();
    assert_eq!((mailbox.name(), mailbox.address().as_str()), (None, "a@x.com"));
}
