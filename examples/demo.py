"""Shows the main job, from nothing to received mails and webhooks: `make demo`.

Starts the service, an SMTP server and a webhook receiver on this machine, applies the campaigns of
`examples/campaigns`, triggers them for the orders of `examples/data/orders.jsonl`, and shows what became of every
message. Everything it writes is in `build/demo`.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from clarion_client import Accepted, Channel, Client, MessageState
from rich.console import Console
from rich.panel import Panel
from rich.progress import Progress
from rich.text import Text

from examples.mailbox_server import MailboxServer
from examples.webhook_receiver import WebhookReceiver

EXAMPLES = Path(__file__).parent
FOLDER = EXAMPLES.parent / "build" / "demo"
ORDERS = EXAMPLES / "data" / "orders.jsonl"
CAMPAIGNS = ("order-confirmed", "password-reset", "order-shipped")
#: Says how many customers also ask for a new password.
RESETS = 20
#: Says how many orders are shipped.
SHIPMENTS = 10
#: Holds the ports that the documentation names.
PORT, HTTP_PORT = 50051, 50080
START_SECONDS = 30
DELIVERY_SECONDS = 120

console = Console()


class Receivers:
    """Holds the SMTP server and the webhook receiver of the demo."""

    def __init__(self) -> None:
        self.secret = f"whsec_{base64.b64encode(os.urandom(32)).decode()}"
        self.mailbox = MailboxServer(FOLDER / "mails")
        self.webhooks = WebhookReceiver(self.secret)

    @property
    def environment(self) -> dict[str, str]:
        """Returns what the channel configurations of `examples/campaigns` take from the environment."""
        return {
            "SMTP_PORT": str(self.mailbox.port),
            "WEBHOOK_URL": self.webhooks.url,
            "WEBHOOK_SECRET": self.secret,
        }

    def start(self) -> None:
        self.mailbox.start()
        self.webhooks.start()

    def stop(self) -> None:
        self.webhooks.stop()
        self.mailbox.stop()


def main(arguments: list[str]) -> int:
    shutil.rmtree(FOLDER, ignore_errors=True)
    receivers = Receivers()
    receivers.start()
    try:
        once = "--once" in arguments
        ports = (0, 0) if once else (free_or_any(PORT), free_or_any(HTTP_PORT))
        with service(*ports) as (target, http, key):
            return run(receivers, target, http, key, once=once)
    except KeyboardInterrupt:
        return 0
    except subprocess.CalledProcessError as error:
        # The command has already printed what went wrong.
        return error.returncode
    finally:
        receivers.stop()


def free_or_any(port: int) -> int:
    """Returns the port, or 0 for any port when this one is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port


@contextmanager
def service(port: int, http_port: int) -> Iterator[tuple[str, str, str]]:
    """Runs `clarion serve` on those ports with a new store. Yields its addresses and the first admin key."""
    store = f"sqlite:///{FOLDER / 'clarion.db'}"
    settings = {
        "CLARION_LISTEN": f"127.0.0.1:{port}",
        "CLARION_HTTP_LISTEN": f"127.0.0.1:{http_port}",
        "CLARION_STORE": store,
    }
    with (FOLDER / "service.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "clarion_server", "serve"],
            env={**os.environ, **settings},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            yield await_serving(process)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(START_SECONDS)


def await_serving(process: subprocess.Popen[str]) -> tuple[str, str, str]:
    assert process.stdout is not None
    key = http = ""
    for line in process.stdout:
        if found := re.search(r"clk_\S+", line):
            key = found[0]
        if found := re.search(r"serving http on (\S+)", line):
            http = found[1]
        if found := re.search(r"serving grpc on (\S+)", line):
            return found[1], http, key
    raise SystemExit(f"The service did not start. Its log is {FOLDER / 'service.log'}.")


def run(receivers: Receivers, target: str, http: str, key: str, *, once: bool) -> int:
    environment = {**os.environ, "CLARION_TARGET": target, "CLARION_API_KEY": key, **receivers.environment}
    step(f"Clarion serves gRPC on {target} and HTTP on {http}.")
    step(f"An SMTP server serves on port {receivers.mailbox.port}, a webhook receiver at {receivers.webhooks.url}.")
    step("Apply the campaigns: review them, and make them live.")
    clarion(environment, "apply", "-f", str(EXAMPLES / "campaigns"), "--activate")
    step(f"Trigger order-confirmed for every line of {ORDERS.name}.")
    clarion(environment, "trigger", "order-confirmed", "--from", str(ORDERS))
    with Client(target, api_key=key) as client:
        step(f"Trigger password-reset for {RESETS} of the customers, from Python.")
        show_call("password-reset")
        tell_accepted(reset_passwords(client))
        step(f"Trigger order-shipped for {SHIPMENTS} of the orders: each sends a mail and a webhook.")
        show_call("order-shipped")
        tell_accepted(ship_orders(client))
        await_delivery(client)
        step("What became of them:")
        clarion(environment, "report", "order-confirmed")
        exact = check_received(client, receivers)
        show_mail(client, receivers.mailbox)
        show_webhook(client, receivers.webhooks)
    if not once:
        show_next_commands(receivers, target, http, key)
        console.print("\nThe service runs until you press Ctrl-C.")
        signal.pause()
    return 0 if exact else 1


def step(text: str) -> None:
    console.print(f"\n[bold cyan]▸[/] {text}", highlight=False, soft_wrap=True)


def clarion(environment: dict[str, str], *arguments: str) -> None:
    """Prints a command and runs it."""
    shown = [os.path.relpath(word) if word.startswith("/") else word for word in arguments]
    console.print(f"  $ clarion {' '.join(shown)}", style="dim", highlight=False, soft_wrap=True)
    subprocess.run([sys.executable, "-m", "clarion_server", *arguments], env=environment, check=True)


def show_call(campaign: str) -> None:
    """Prints the first call of several from Python."""
    line = f'  client.trigger("{campaign}", to="customer001@example.com", context={{…}})'
    console.print(line, style="dim", highlight=False)


def tell_accepted(answers: Sequence[Accepted]) -> None:
    """Prints how many messages the service has taken responsibility for."""
    messages = [message for answer in answers for each in answer.recipients for message in each.messages]
    console.print(f"{len(answers)} calls: {len(messages)} messages accepted.", highlight=False)


def reset_passwords(client: Client) -> list[Accepted]:
    valid_until = (datetime.now(UTC) + timedelta(hours=1)).isoformat(timespec="seconds")
    return [
        client.trigger(
            "password-reset",
            to=f"customer{number:03d}@example.com",
            context={"token": f"demo-token-{number:08d}", "valid_until": valid_until},
            request_id=f"reset-{number}",
        )
        for number in range(1, RESETS + 1)
    ]


def ship_orders(client: Client) -> list[Accepted]:
    return [
        client.trigger(
            "order-shipped",
            to=f"customer{number:03d}@example.com",
            context={"order": f"A-{10400 + number}", "shipped_at": datetime.now(UTC).isoformat(timespec="seconds")},
            labels={"order": f"A-{10400 + number}"},
            request_id=f"shipped-{number}",
        )
        for number in range(1, SHIPMENTS + 1)
    ]


def await_delivery(client: Client) -> None:
    deadline = time.monotonic() + DELIVERY_SECONDS
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("Delivering", total=None)
        while time.monotonic() < deadline:
            reports = [client.reports.get(campaign) for campaign in CAMPAIGNS]
            total = sum(report.targeted_count for report in reports)
            queued = sum(report.queued_count for report in reports)
            progress.update(task, total=total, completed=total - queued)
            if queued == 0:
                return
            time.sleep(0.1)
    raise SystemExit(f"Not delivered within {DELIVERY_SECONDS} seconds. The service's log is {FOLDER / 'service.log'}.")


def check_received(client: Client, receivers: Receivers) -> bool:
    """Returns whether exactly the messages that Clarion says were sent have been received, each of them once."""
    mails, webhooks = sent_ids(client, Channel.EMAIL), sent_ids(client, Channel.WEBHOOK)
    wanted = RESETS + 2 * SHIPMENTS + sum(1 for _ in ORDERS.open(encoding="utf-8"))
    received_mails = receivers.mailbox.received()
    received_webhooks = Counter(name.removeprefix("messages/") for name in receivers.webhooks.received)
    exact = (
        len(mails) + len(webhooks) == wanted
        and received_mails == Counter(mails)
        and received_webhooks == Counter(webhooks)
        and receivers.webhooks.repeat_count == 0
    )
    verdict = "each exactly once" if exact else "[bold red]which is not each exactly once[/]"
    received = f"{received_mails.total()} mails and {received_webhooks.total()} webhooks received"
    step(f"{wanted} messages were triggered, {len(mails) + len(webhooks)} sent, {received}: {verdict}.")
    return exact


def sent_ids(client: Client, channel: Channel) -> list[str]:
    messages = client.messages.list(states=[MessageState.SENT], channels=[channel])
    return [message.name.removeprefix("messages/") for message in messages]


def show_mail(client: Client, mailbox: MailboxServer) -> None:
    message = next(iter(client.messages.list(campaign="order-confirmed", page_size=1)))
    message_id = message.name.removeprefix("messages/")
    mail = mailbox.read(message_id)
    text = mail.get_body(("plain",))
    assert text is not None
    head = "\n".join(f"{name}: {mail[name]}" for name in ("From", "To", "Reply-To", "Subject", "Message-ID"))
    console.print()
    console.print(Panel(Text(f"{head}\n\n{text.get_content().strip()}"), title="One of the mails, as received"))
    console.print(
        f"  With its HTML part: {os.path.relpath(mailbox.file_of(message_id))}", highlight=False, soft_wrap=True
    )


def show_webhook(client: Client, receiver: WebhookReceiver) -> None:
    message = next(iter(client.messages.list(labels={"order": "A-10401"}, channels=[Channel.WEBHOOK])))
    body = Text(f"webhook-id: {message.name}\n\n{receiver.received[message.name].decode().strip()}")
    console.print(Panel(body, title="One of the webhooks, its signature checked"))


def show_next_commands(receivers: Receivers, target: str, http: str, key: str) -> None:
    body = os.path.relpath(write_trigger())
    authorization = '-H "authorization: Bearer $CLARION_API_KEY"'
    method = "clarion.v1.TriggerService/Trigger"
    url = f"http://{http}/v1/campaigns/order-confirmed:trigger"
    variables = {"CLARION_TARGET": target, "CLARION_API_KEY": key, **receivers.environment}
    step("Next, in another terminal, in this folder:")
    lines = [
        f"source {os.path.relpath(write_environment(variables))}    # the address, the key, and the PATH",
        "clarion watch --from-start",
        "clarion messages list --campaign order-confirmed",
        "clarion apply -f examples/campaigns --dry-run",
        f"curl {authorization} -H 'content-type: application/json' -d @{body} {url}",
        f"buf curl --http2-prior-knowledge --protocol grpc {authorization} -d @{body} http://{target}/{method}",
        "python examples/client.py",
    ]
    for line in lines:
        console.print(f"  {line}", highlight=False, soft_wrap=True)
    console.print(f"  API documentation: http://{http}/docs", highlight=False, soft_wrap=True)


def write_trigger() -> Path:
    """Writes the trigger of the first order, to another recipient."""
    recipient = json.loads(ORDERS.open(encoding="utf-8").readline())["recipient"] | {
        "identity": "email:you@example.com"
    }
    file = FOLDER / "trigger.json"
    request = {"campaign": "campaigns/order-confirmed", "recipients": [recipient]}
    file.write_text(json.dumps(request, indent=2, ensure_ascii=False), encoding="utf-8")
    return file


def write_environment(variables: Mapping[str, str]) -> Path:
    """Writes what a shell needs to call the service. Nobody else may read it, as it holds keys."""
    file = FOLDER / "environment.sh"
    file.touch(mode=0o600)
    lines = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    file.write_text("\n".join([*lines, f"export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH", ""]))
    return file


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
