"""Hands webhooks to the real, unmodified views of Django Anymail, and writes down what its receivers get."""

from __future__ import annotations

import hashlib
from typing import Any

from anymail.inbound import AnymailInboundMessage
from anymail.signals import AnymailInboundEvent, AnymailTrackingEvent, inbound, tracking
from anymail.webhooks.mailersend import MailerSendInboundWebhookView, MailerSendTrackingWebhookView
from django.test import RequestFactory

from receiver import Post

Json = dict[str, Any]


class Views:
    """Both views, with their secrets."""

    def __init__(self, signing_secret: str, inbound_secret: str) -> None:
        self._views = {
            "tracking": MailerSendTrackingWebhookView.as_view(signing_secret=signing_secret),
            "inbound": MailerSendInboundWebhookView.as_view(inbound_secret=inbound_secret),
        }
        self._events: list[Json] = []
        tracking.connect(self._on_tracking, weak=False)
        inbound.connect(self._on_inbound, weak=False)

    def read(self, endpoint: str, post: Post) -> Json:
        """The one event that a webhook becomes."""
        self._events.clear()
        request = RequestFactory().post(
            post.path, data=post.body, content_type="application/json", headers={"Signature": post.signature}
        )
        status = self._views[endpoint](request).status_code
        assert (status, len(self._events)) == (200, 1), (status, self._events)
        return self._events[0]

    def _on_tracking(self, event: AnymailTrackingEvent, **_: object) -> None:
        self._events.append(tracking_summary(event))

    def _on_inbound(self, event: AnymailInboundEvent, **_: object) -> None:
        self._events.append(inbound_summary(event))


def tracking_summary(event: AnymailTrackingEvent) -> Json:
    return {
        "event_type": event.event_type,
        "timestamp": event.timestamp and event.timestamp.isoformat(),
        "event_id": event.event_id,
        "message_id": event.message_id,
        "recipient": event.recipient,
        "reject_reason": event.reject_reason,
        "description": event.description,
        "mta_response": event.mta_response,
        "tags": event.tags or [],
        "metadata": event.metadata,
        "click_url": event.click_url,
        "user_agent": event.user_agent,
        "esp_event": event.esp_event,
    }


def inbound_summary(event: AnymailInboundEvent) -> Json:
    message = event.message
    return {
        "event_type": event.event_type,
        "timestamp": event.timestamp and event.timestamp.isoformat(),
        "event_id": event.event_id,
        "message": {
            "envelope_sender": message.envelope_sender,
            "envelope_recipient": message.envelope_recipient,
            "from": _address(message.from_email),
            "to": [_address(address) for address in message.to],
            "cc": [_address(address) for address in message.cc],
            "subject": message.subject,
            "date": message.date and message.date.isoformat(),
            "text": message.text,
            "html": message.html,
            "attachments": [_part(part) for part in message.attachments + message.inlines],
            "headers": [[name, str(value)] for name, value in message.items()],
        },
    }


def _address(address: Any) -> Json | None:
    """One mailbox; of several senders the first."""
    if isinstance(address, list):
        address = address[0]
    return address and {"email": address.addr_spec, "name": address.display_name or None}


def _part(part: AnymailInboundMessage) -> Json:
    content = part.get_content_bytes()
    return {
        "filename": part.get_filename(),
        "content_type": part.get_content_type(),
        "content_id": (part["Content-ID"] or "").strip("<> ") or None,
        "inline": part.is_inline(),
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
