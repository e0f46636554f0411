"""Provides a real browser, driven by WebDriver (W3C), where Chromium and its driver are installed."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

START_SECONDS = 120
_PAUSE = 0.02
#: The key of an element's id in answers, by the standard.
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
_DRIVER = shutil.which("chromedriver")
_BROWSERS = [path for name in ("chromium", "google-chrome", "chrome") if (path := shutil.which(name))]
#: Says what the driver answers, beside the standard's error, when the page is replaced while it looks at an element.
_REPLACED = "Node with given id does not belong to the document"
#: Says why there is no browser; empty when there is one.
MISSING = "" if _DRIVER and _BROWSERS else "Chromium and chromedriver are not installed"
_OPTIONS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=800,900"),
    *("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"),
    # Nothing but this machine is reached.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


class Stale(Exception):
    """The element belongs to a page that is no longer shown."""


@dataclass(frozen=True, slots=True)
class Browser:
    port: int
    session: str

    def open(self, url: str) -> None:
        self._ask("POST", "url", {"url": url})

    def text(self, selector: str) -> str:
        """Returns what a person reads in the first element of that CSS selector."""
        return str(self._ask("GET", f"element/{self._find(selector)}/text"))

    def click(self, selector: str) -> None:
        self._ask("POST", f"element/{self._find(selector)}/click", {})

    def follow(self, selector: str) -> None:
        """Clicks, and waits until another page has taken the place of this one."""
        page = self._find("html")
        self.click(selector)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                self._ask("GET", f"element/{page}/name")
            except Stale:
                return
            time.sleep(_PAUSE)
        raise TimeoutError(f"no other page after a click on {selector}")

    def is_ticked(self, selector: str) -> bool:
        return bool(self._ask("GET", f"element/{self._find(selector)}/selected"))

    def style(self, selector: str, name: str) -> str:
        return str(self._ask("GET", f"element/{self._find(selector)}/css/{name}"))

    def complaints(self) -> list[str]:
        """Returns what the browser has written into its console, such as breaches of the page's policy."""
        return [str(entry["message"]) for entry in self._ask("POST", "se/log", {"type": "browser"})]

    def _find(self, selector: str) -> str:
        found = self._ask("POST", "element", {"using": "css selector", "value": selector})
        return str(found[_ELEMENT])

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        return _ask(self.port, method, f"/session/{self.session}/{path}", body)


@contextmanager
def running_browser(folder: Path, *, scripts: bool) -> Iterator[Browser]:
    """Runs a browser with a new profile in the folder. `scripts`: whether pages may run any."""
    assert _DRIVER is not None
    process = subprocess.Popen([_DRIVER, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        port = _port_of(process)
        session = _ask(port, "POST", "/session", {"capabilities": {"alwaysMatch": _capabilities(folder, scripts)}})
        yield Browser(port, session["sessionId"])
        _ask(port, "DELETE", f"/session/{session['sessionId']}")
    finally:
        process.terminate()
        process.communicate(timeout=START_SECONDS)


def _capabilities(folder: Path, scripts: bool) -> dict[str, object]:
    settings = {"profile.managed_default_content_settings.javascript": 1 if scripts else 2}
    options = {"binary": _BROWSERS[0], "args": [*_OPTIONS, f"--user-data-dir={folder}/browser"], "prefs": settings}
    return {
        "browserName": "chrome",
        "goog:chromeOptions": options,
        "goog:loggingPrefs": {"browser": "ALL"},
        "timeouts": {"implicit": 1_000 * START_SECONDS // 2},
    }


def _port_of(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"started successfully on port (\d+)", line):
            return int(found[1])
    raise RuntimeError("chromedriver ended at its start")


def _ask(port: int, method: str, path: str, body: object = None) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)
    try:
        content = None if body is None else json.dumps(body)
        connection.request(method, path, content, {"content-type": "application/json"})
        answer = json.loads(connection.getresponse().read())["value"]
    finally:
        connection.close()
    if isinstance(answer, dict) and "error" in answer:
        is_stale = answer["error"] == "stale element reference" or _REPLACED in answer["message"]
        raise (Stale if is_stale else AssertionError)(answer["message"])
    return answer
