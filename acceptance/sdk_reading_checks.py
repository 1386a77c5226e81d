"""MailerSend's official Python SDK, unmodified, asking the emulator for everything that it was sent or told."""

from __future__ import annotations

import time
from typing import Any

from mailersend import (
    ActivityBuilder,
    DomainsBuilder,
    InboundBuilder,
    MailerSendClient,
    RecipientsBuilder,
    SchedulesBuilder,
    SingleActivityBuilder,
    SmtpUsersBuilder,
    TemplatesBuilder,
    WebhooksBuilder,
)
from mailersend.exceptions import BadRequestError, ResourceNotFoundError

from emulator import Emulator
from receiver import Receiver
from sdk_checks import HOUR, Check, plain_message

LIMIT_SECONDS = 20


def checks() -> list[Check]:
    return [activities, schedules, domains, recipients, suppressions, templates, webhooks, inbound_routes, smtp_users]


def activities(sdk: MailerSendClient, emulator: Emulator) -> None:
    sent = sdk.emails.send(plain_message("open@one.example").build())["id"]
    domain_id = _domain_id(sdk, "mail.example")

    def asked(*kinds: str) -> list[dict[str, Any]]:
        now = int(time.time())
        asking = ActivityBuilder().domain_id(domain_id).date_from(now - HOUR).date_to(now).limit(10)
        return sdk.activities.get(asking.events(list(kinds)).build_list_request())["data"]

    [delivered] = _eventually(lambda: asked("delivered"))
    assert delivered["email"]["recipient"]["email"] == "open@one.example", delivered
    [opened] = _eventually(lambda: asked("opened"))
    one = sdk.activities.get_single(SingleActivityBuilder().activity_id(opened["id"]).build_get_request())["data"]
    assert one["type"] == "opened" and one["email"]["subject"] == "Objednávka", one
    kinds = [activity["type"] for activity in asked("sent", "delivered", "opened")]
    assert sorted(kinds) == ["delivered", "opened", "sent"] and sent, kinds


def schedules(sdk: MailerSendClient, emulator: Emulator) -> None:
    due = int(time.time()) + HOUR
    scheduled = sdk.emails.send(plain_message().send_at(due).build())["id"]
    listed = sdk.schedules.list_schedules(SchedulesBuilder().scheduled_only().build_list_request())["data"]
    assert [(one["message_id"], one["status"]) for one in listed] == [(scheduled, "scheduled")], listed
    one = SchedulesBuilder().message_id(scheduled)
    assert sdk.schedules.get_schedule(one.build_get_request())["data"]["subject"] == "Objednávka"
    assert sdk.schedules.delete_schedule(one.build_delete_request()).status_code == 204
    assert sdk.schedules.list_schedules(SchedulesBuilder().build_list_request())["data"] == []


def domains(sdk: MailerSendClient, emulator: Emulator) -> None:
    created = sdk.domains.create_domain(DomainsBuilder().domain_name("new.example").build_create_request())
    assert created.status_code == 201, created
    one = DomainsBuilder().domain_id(created["data"]["id"])
    listed = sdk.domains.list_domains(DomainsBuilder().limit(100).build_list_request())["data"]
    assert "new.example" in [domain["name"] for domain in listed], listed
    assert sdk.domains.get_domain(one.build_get_request())["data"]["name"] == "new.example"
    settings = DomainsBuilder().domain_id(created["data"]["id"]).send_paused(True).build_update_settings_request()
    assert sdk.domains.update_domain_settings(settings)["data"]["domain_settings"]["send_paused"] is True
    dns = sdk.domains.get_domain_dns_records(one.build_dns_records_request())["data"]
    assert dns["spf"]["hostname"] == "new.example", dns
    assert sdk.domains.get_domain_verification_status(one.build_verification_request()).status_code == 200
    assert sdk.domains.delete_domain(one.build_delete_request()).status_code == 204
    try:
        sdk.domains.get_domain(one.build_get_request())
    except ResourceNotFoundError:
        return
    raise AssertionError("a deleted domain was found")


def recipients(sdk: MailerSendClient, emulator: Emulator) -> None:
    address = "reader@one.example"
    sdk.emails.send(plain_message(address).build())
    domain_id = _domain_id(sdk, "mail.example")
    listed = sdk.recipients.list_recipients(
        RecipientsBuilder().domain_id(domain_id).limit(100).build_recipients_list_request()
    )["data"]
    [known] = [one for one in listed if one["email"] == address]
    one = RecipientsBuilder().recipient_id(known["id"])
    read = sdk.recipients.get_recipient(one.build_recipient_get_request())["data"]
    assert read["email"] == address and read["emails"][-1]["subject"] == "Objednávka", read
    of_domain = sdk.domains.get_domain_recipients(
        DomainsBuilder().domain_id(domain_id).limit(100).build_recipients_request()
    )["data"]
    assert address in [one["email"] for one in of_domain], of_domain
    assert sdk.recipients.delete_recipient(one.build_recipient_delete_request()).status_code == 204


def suppressions(sdk: MailerSendClient, emulator: Emulator) -> None:
    sdk.emails.send(plain_message().build())
    domain_id = _domain_id(sdk, "mail.example")
    api = sdk.recipients
    lists = [
        (api.add_to_blocklist, api.list_blocklist, api.delete_from_blocklist),
        (api.add_hard_bounces, api.list_hard_bounces, api.delete_hard_bounces),
        (api.add_spam_complaints, api.list_spam_complaints, api.delete_spam_complaints),
        (api.add_unsubscribes, api.list_unsubscribes, api.delete_unsubscribes),
    ]
    for add, listed, delete in lists:
        asking = RecipientsBuilder().domain_id(domain_id)
        gone = RecipientsBuilder().domain_id(domain_id).recipients(["gone@one.example"])
        added = add(gone.build_suppression_add_request())
        assert added.status_code == 201, added
        [entry] = listed(asking.build_suppression_list_request())["data"]
        answer = sdk.emails.send(plain_message("gone@one.example").build())
        assert answer["id"] is None, answer
        gone = RecipientsBuilder().domain_id(domain_id).ids([entry["id"]]).build_suppression_delete_request()
        assert delete(gone).status_code == 200
        assert listed(asking.build_suppression_list_request())["data"] == []
    assert api.list_on_hold(RecipientsBuilder().build_suppression_list_request())["data"] == []


def templates(sdk: MailerSendClient, emulator: Emulator) -> None:
    listed = sdk.templates.list_templates(TemplatesBuilder().build_templates_list_request())
    assert isinstance(listed["data"], list) and listed["meta"]["current_page"] == 1, listed
    try:
        sdk.templates.get_template(TemplatesBuilder().template_id("0r83ql3vxvgzw1jm").build_template_get_request())
    except ResourceNotFoundError:
        return
    raise AssertionError("a template that nobody made was found")


def webhooks(sdk: MailerSendClient, emulator: Emulator) -> None:
    sdk.emails.send(plain_message().build())
    domain_id = _domain_id(sdk, "mail.example")
    with Receiver() as receiver:
        asking = WebhooksBuilder().domain_id(domain_id).url(receiver.url("/told")).name("Told")
        created = sdk.webhooks.create_webhook(asking.events(["activity.delivered"]).build_webhook_create_request())
        assert created.status_code == 201 and created["data"]["secret"], created
        one = WebhooksBuilder().webhook_id(created["data"]["id"])
        all_hooks = WebhooksBuilder().domain_id(domain_id).build_webhooks_list_request()
        listed = sdk.webhooks.list_webhooks(all_hooks)["data"]
        assert [hook["name"] for hook in listed] == ["Told"], listed
        assert sdk.webhooks.get_webhook(one.build_webhook_get_request())["data"]["url"] == receiver.url("/told")
        sdk.emails.send(plain_message("zoe@one.example").build())
        posts = receiver.wait(lambda posts: any(b"zoe@one.example" in post.body for post in posts), LIMIT_SECONDS)
        assert all(post.signature for post in posts), posts
        changed = WebhooksBuilder().webhook_id(created["data"]["id"]).name("Renamed").enabled(False)
        renamed = sdk.webhooks.update_webhook(changed.build_webhook_update_request())["data"]
        assert (renamed["name"], renamed["enabled"]) == ("Renamed", False), renamed
        assert sdk.webhooks.delete_webhook(one.build_webhook_delete_request()).status_code == 204


def inbound_routes(sdk: MailerSendClient, emulator: Emulator) -> None:
    sdk.emails.send(plain_message().build())
    domain_id = _domain_id(sdk, "mail.example")
    route = InboundBuilder().domain_id(domain_id).name("Help").disable_domain().catch_all().match_all()
    created = sdk.inbound.create(route.add_webhook_forward("http://127.0.0.1:9/in", "").build_create_request())
    assert created.status_code == 201, created
    one = InboundBuilder().inbound_id(created["data"]["id"])
    assert sdk.inbound.get(one.build_get_request())["data"]["name"] == "Help"
    listed = sdk.inbound.list(InboundBuilder().domain_id(domain_id).build_list_request())["data"]
    assert "Help" in [known["name"] for known in listed], listed
    assert sdk.inbound.delete(one.build_delete_request()).status_code == 204


def smtp_users(sdk: MailerSendClient, emulator: Emulator) -> None:
    sdk.emails.send(plain_message().build())
    domain_id = _domain_id(sdk, "mail.example")
    asking = SmtpUsersBuilder().domain_id(domain_id)
    new = SmtpUsersBuilder().domain_id(domain_id).name("Shop").build_smtp_user_create()
    created = sdk.smtp_users.create_smtp_user(new)
    user = created["data"]
    assert created.status_code == 201 and user["username"].startswith("MS_"), created
    one = SmtpUsersBuilder().domain_id(domain_id).smtp_user_id(user["id"])
    assert sdk.smtp_users.get_smtp_user(one.build_smtp_user_get())["data"]["password"] == user["password"]
    listed = sdk.smtp_users.list_smtp_users(asking.build_smtp_users_list())["data"]
    assert [known["name"] for known in listed] == ["Shop"], listed
    changed = SmtpUsersBuilder().domain_id(domain_id).smtp_user_id(user["id"]).name("Shop").enabled(False)
    assert sdk.smtp_users.update_smtp_user(changed.build_smtp_user_update())["data"]["enabled"] is False
    assert sdk.smtp_users.delete_smtp_user(one.build_smtp_user_delete()).status_code == 204
    try:
        sdk.smtp_users.create_smtp_user(asking.name(" ").build_smtp_user_create())
    except (BadRequestError, ValueError):
        return
    raise AssertionError("a user without a name was made")


def _domain_id(sdk: MailerSendClient, name: str) -> str:
    listed = sdk.domains.list_domains(DomainsBuilder().limit(100).build_list_request())["data"]
    return next(domain["id"] for domain in listed if domain["name"] == name)


def _eventually(asked: Any) -> list[dict[str, Any]]:
    deadline = time.monotonic() + LIMIT_SECONDS
    while not (found := asked()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)
    return found
