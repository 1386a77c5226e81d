//! Recipients and what is known of them, for people.

use std::io;

use mailferry::Address;
use mailferry::transport::{RecipientStatus, SendStatus};

use crate::output::{FAINT, HEADING, Output, printable, status_style};

/// One row for each recipient: rows are printed as they come, so what may be of any width stands last.
pub(crate) fn print(status: &SendStatus, headed: &mut bool, output: &mut Output) -> io::Result<()> {
    if !*headed && !status.is_empty() {
        *headed = true;
        output.line(format_args!("{HEADING}{:8}  {:29}  {}{HEADING:#}", "STATUS", "MESSAGE ID", "RECIPIENT"))?;
    }
    for (address, recipient) in status.recipients() {
        row(address, recipient, output)?;
    }
    Ok(())
}

/// The row of one recipient.
pub(crate) fn row(address: &Address, recipient: &RecipientStatus, output: &mut Output) -> io::Result<()> {
    let (style, word) = (status_style(recipient.status), recipient.status);
    let id = printable(recipient.message_id.as_deref().unwrap_or("-"));
    output.line(format_args!("{style}{word:8}{style:#}  {FAINT}{id:29}{FAINT:#}  {address}"))
}
