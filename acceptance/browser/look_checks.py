"""Who sees little, hears the page, or holds it in one hand."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from browser.chromium import Window
from browser.mails import ANN, complete, message, of, only
from emulator import Emulator

PANELS = ["", "inbound", "templates", "webhooks", "routes", "suppressions", "requests", "faults", "account", "compose"]
CONTROLS = {"button", "link", "textbox", "searchbox", "combobox", "checkbox", "radio", "tab", "spinbutton", "slider", "switch", "Iframe", "dialog"}

#: Letters and what they stand on, by the names of the theme, with the contrast that WCAG 2.2 AA wants.
PAIRS = [
    *[(ink, ground, 4.5) for ink in ("--ink", "--soft") for ground in ("--page", "--surface", "--sunken", "--raised", "--hover")],
    *[("--accent", ground, 4.5) for ground in ("--page", "--surface", "--raised", "--accent-soft")],
    *[(f"--{tone}", ground, 4.5) for tone in ("good", "warn", "bad", "info") for ground in (f"--{tone}-soft", "--surface", "--page")],
    ("--on-accent", "--accent", 4.5),
    ("--on-accent", "--accent-strong", 4.5),
    ("--on-danger", "--danger", 4.5),
    ("--ink", "--accent-soft", 4.5),
    ("--soft", "--accent-soft", 4.5),
    ("--line-strong", "--surface", 3.0),
    ("--line-strong", "--page", 3.0),
]


def each_panel_opens_without_errors(window: Window, emulator: Emulator) -> None:
    emulator.send(complete())
    for panel in PANELS:
        page = window.open(panel)
        expect(page.get_by_role("heading", name="This panel could not be shown")).to_have_count(0)
        if panel:
            expect(page.locator("h1"), panel).to_be_visible()
    assert not window.foreign(), window.foreign()


def every_control_has_a_name(window: Window, emulator: Emulator) -> None:
    emulator.send(complete())
    mail = of(emulator, ANN["email"])
    places = [*PANELS, *(f"mail/{mail}?tab={tab}" for tab in ["html", "timeline", "recipients", "files", "request"])]
    for place in places:
        page = window.open(place)
        for node in accessible(page):
            assert node["name"], f"#/{place}: a {node['role']} has no name"


def colours_can_be_read(window: Window, emulator: Emulator) -> None:
    page = window.open()
    for theme in ("light", "dark"):
        page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
        for ink, ground, least in PAIRS:
            reached = contrast(page, ink, ground)
            assert reached >= least, f"{theme}: {ink} on {ground} has {reached:.2f}, not {least}"


def the_focus_is_seen(window: Window, emulator: Emulator) -> None:
    emulator.send(complete())
    page = window.open(f"mail/{of(emulator, ANN['email'])}?tab=text")
    expect(page.get_by_role("tabpanel")).to_contain_text("Thank you")
    seen = set()
    for _ in range(45):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            """() => {
                const node = document.activeElement;
                if (!node || node === document.body) return null;
                const style = getComputedStyle(node);
                const box = node.getBoundingClientRect();
                return { what: node.outerHTML.slice(0, 120), ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2, box: box.width > 0 && box.height > 0 };
            }"""
        )
        if focused is None:
            continue
        seen.add(focused["what"])
        assert focused["ring"] and focused["box"], focused["what"]
    assert len(seen) > 20, "the focus went through few controls"


def colours_are_chosen_and_kept(window: Window, emulator: Emulator) -> None:
    page = window.open()
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name=re.compile("Colours as the system's")).click()
    page.get_by_role("button", name=re.compile("Light colours")).click()
    expect(page.get_by_role("button", name=re.compile("Dark colours"))).to_be_visible()
    dark = page.evaluate(ground)
    assert light != dark
    page.reload()
    expect(page.locator("#nav a").first).to_be_visible()
    assert page.evaluate(ground) == dark


def a_phone_is_wide_enough(window: Window, emulator: Emulator) -> None:
    page = window.page
    emulator.send(complete())
    emulator.send(message(subject="W" * 300, to=[{"email": f"{'w' * 60}@{'w' * 60}.example", "name": "N" * 120}], text="w" * 3000))
    mails = [of(emulator, ANN["email"]), emulator.emails()[-1]["id"]]
    for width in (360, 390):
        page.set_viewport_size({"width": width, "height": 780})
        for panel in PANELS:
            window.open(panel)
            fits(page, panel)
        for mail in mails:
            window.open(f"mail/{mail}")
            for tab in page.get_by_role("tab").all():
                tab.click()
                expect(page.get_by_role("tabpanel")).not_to_be_empty()
                fits(page, f"{mail} {tab.inner_text()}")


def a_phone_shows_one_thing_at_a_time(window: Window, emulator: Emulator) -> None:
    page = window.page
    page.set_viewport_size({"width": 390, "height": 844})
    emulator.send(message(subject="In one hand"))
    window.open()
    row = page.locator(".mail-row a")
    row.click()
    expect(page.get_by_role("heading", name="In one hand")).to_be_visible()
    expect(row).not_to_be_visible()
    page.get_by_role("button", name="Back to the list").click()
    expect(row).to_be_visible()
    expect(page.get_by_role("heading", name="In one hand")).not_to_be_visible()
    expect(page.get_by_role("link", name="Requests")).not_to_be_visible()
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Requests").click()
    expect(page.get_by_role("heading", name="Requests")).to_be_visible()
    expect(page.get_by_role("link", name="Requests")).not_to_be_visible()


def new_mail_is_said(window: Window, emulator: Emulator) -> None:
    page = window.open()
    expect(page.locator("#link")).to_have_text("Live")
    emulator.send(message())
    expect(page.locator("#announcer")).to_have_text("1 new mail")
    assert page.locator("#announcer").get_attribute("aria-live") == "polite"
    assert only(emulator)


def fits(page: Page, what: str) -> None:
    wide = page.evaluate(
        """() => {
            const main = document.getElementById("main");
            const most = document.documentElement.clientWidth;
            if (main.scrollWidth <= main.clientWidth && document.documentElement.scrollWidth <= most) return null;
            const node = [...main.querySelectorAll("*")].find((node) => node.getBoundingClientRect().right > most + 1 && !node.closest(".table-box, .tabs, .codebox, .reactions-part"));
            return node ? node.outerHTML.slice(0, 200) : "something";
        }"""
    )
    assert wide is None, f"#/{what} is wider than the screen: {wide}"


def accessible(page: Page) -> list[dict[str, str]]:
    """The controls as a screen reader hears them."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    shown = [node for node in nodes if not node.get("ignored") and node.get("role", {}).get("value") in CONTROLS]
    return [{"role": node["role"]["value"], "name": node.get("name", {}).get("value", "").strip()} for node in shown]


def contrast(page: Page, ink: str, ground: str) -> float:
    """The contrast of two of the theme's colours; what can be seen through stands on the surface."""
    colours = page.evaluate(
        """names => names.map((name) => {
            const node = document.createElement("i");
            node.style.color = `var(${name})`;
            document.body.append(node);
            const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d");
            canvas.fillStyle = getComputedStyle(node).color;
            canvas.fillRect(0, 0, 1, 1);
            node.remove();
            return [...canvas.getImageData(0, 0, 1, 1).data];
        })""",
        [ink, ground, "--surface"],
    )
    letters, below, surface = colours
    share = below[3] / 255
    below = [a * share + b * (1 - share) for a, b in zip(below[:3], surface[:3], strict=True)]
    lighter, darker = sorted((luminance(letters[:3]), luminance(below)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: list[float]) -> float:
    def linear(part: float) -> float:
        part /= 255
        return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4

    red, green, blue = map(linear, colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


CHECKS = [
    each_panel_opens_without_errors,
    every_control_has_a_name,
    colours_can_be_read,
    the_focus_is_seen,
    colours_are_chosen_and_kept,
    a_phone_is_wide_enough,
    a_phone_shows_one_thing_at_a_time,
    new_mail_is_said,
]
