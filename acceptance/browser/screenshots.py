"""Pictures of the main views, as wide as a desktop and as a phone."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser

from browser.chromium import DESKTOP, PHONE, window
from browser.mails import ANN, complete, message, of
from emulator import Emulator

TABS = ["html", "text", "timeline", "recipients", "files", "warnings", "headers", "source", "request"]
PANELS = ["inbound", "compose", "templates", "webhooks", "routes", "suppressions", "requests", "faults", "account"]


def furnish(emulator: Emulator) -> None:
    """A mailbox as it is on a usual day."""
    clara = {"email": "clara@three.example", "name": "Clara Coast"}
    emulator.send(message(subject="Newsletter: what is new in spring", to=[clara], tags=["newsletter"], text="New boats, new tides, new opening times."))
    emulator.send(message(subject="Reset your password", to=[{"email": "dora@four.example", "name": "Dora"}], text="Follow the link within an hour."))
    emulator.send(message(subject="Invoice for March", to=[{"email": "bob@two.example", "name": "Bob Boatman"}], tags=["billing"], text="Please find the invoice attached."))
    emulator.tell("POST", f"/emails/{of(emulator, 'bob@two.example')}/bounce")
    emulator.send(message(subject="Welcome aboard", to=[{"email": "olga@five.example", "name": "Olga"}], text="It is good to have you with us."))
    emulator.tell("POST", f"/emails/{of(emulator, 'olga@five.example')}/open")
    emulator.send(complete())
    mail = of(emulator, ANN["email"])
    for reaction in ["deliver", "open", "click?url=https://shop.example/track"]:
        emulator.tell("POST", f"/emails/{mail}/{reaction}")


def take(browser: Browser, emulator: Emulator, folder: Path) -> int:
    """Writes the pictures, and gives how many."""
    folder.mkdir(parents=True, exist_ok=True)
    mail = of(emulator, ANN["email"])
    taken = 0
    for name, size in [("desktop", DESKTOP), ("phone", PHONE)]:
        for scheme in ["light", "dark"]:
            with window(browser, emulator.root, size, scheme) as opened:
                page = opened.page
                places = {"list": "", **{f"mail-{tab}": f"mail/{mail}?tab={tab}" for tab in TABS}, **{panel: panel for panel in PANELS}}
                for place, path in places.items():
                    opened.open(path)
                    page.wait_for_load_state("load")
                    # Pictures and frames come after the panel.
                    page.evaluate("new Promise(done => setTimeout(done, 250))")
                    page.screenshot(path=folder / f"{place}-{name}-{scheme}.png")
                    taken += 1
    return taken
