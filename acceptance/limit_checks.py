"""What the Python clients say when a limit is reached, against an emulator that has the documented ones."""

from __future__ import annotations

import smtplib
from collections.abc import Callable

from anymail.exceptions import AnymailRequestsAPIError
from mailersend.exceptions import MailerSendError

from anymail_checks import send
from emulator import Emulator
from sdk_checks import client, plain_message
from smtp_checks import logged_in, plain_mail

FLAGS = ["--limits", "documented", "--quota", "4", "--submission", "0"]
PER_DAY = 4

Check = Callable[[Emulator], None]


def checks() -> list[Check]:
    return [the_day_ends_for_everybody]


def the_day_ends_for_everybody(emulator: Emulator) -> None:
    """The quota is one, however the mails come."""
    with client(emulator) as sdk:
        for _ in range(PER_DAY - 2):
            assert sdk.emails.send(plain_message().build())["id"]
        send(emulator)
        with logged_in(emulator) as relay:
            relay.send_message(plain_mail())
        try:
            sdk.emails.send(plain_message().build())
        except MailerSendError as error:
            # Its HTTP library gives the answer up before the SDK can read it.
            assert "429" in str(error), error
        else:
            raise AssertionError("the SDK sent beyond the quota")
    try:
        send(emulator)
    except AnymailRequestsAPIError as error:
        assert error.status_code == 429 and "#MS42901" in error.response.text, error
    else:
        raise AssertionError("Anymail sent beyond the quota")
    with logged_in(emulator) as relay:
        try:
            relay.send_message(plain_mail())
        except smtplib.SMTPDataError as error:
            assert error.smtp_code == 450 and b"#MS42901" in error.smtp_error, error
        else:
            raise AssertionError("SMTP sent beyond the quota")
    assert len(emulator.emails()) == PER_DAY
