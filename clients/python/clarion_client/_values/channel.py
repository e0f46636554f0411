"""Channel configurations: how messages leave."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

from clarion_client._values.campaign import Mailbox
from clarion_client._values.enums import Category, StepKind, TlsMode
from clarion_client._values.kinds import ResourceName
from clarion_client._values.value import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpProvider(Value):
    """An SMTP server that relays e-mail. The password is written and never read; `password_set` tells that there is
    one.
    """

    host: str
    port: int = 0
    tls_mode: TlsMode | None = None
    ca_certificates: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    password_set: bool = False
    sender: Mailbox | None = None
    reply_to: Mailbox | None = None
    timeout: dt.timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy(Value):
    """How the service tries a failed hand-off again: within `window`, after delays that double up to `max_delay`."""

    window: dt.timedelta | None = None
    initial_delay: dt.timedelta | None = None
    max_delay: dt.timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelConfiguration(Value):
    """The provider, the sender's identity, the limits and the retries. `max_rate` is hand-offs per second, 0 for no
    limit.
    """

    name: Annotated[str, ResourceName("channelConfigurations")] = ""
    display_name: str = ""
    categories: Sequence[Category] = ()
    disabled: bool = False
    smtp: SmtpProvider | None = None
    retry_policy: RetryPolicy | None = None
    max_concurrency: int = 0
    max_rate: float = 0.0
    etag: str = ""
    create_time: dt.datetime | None = None
    update_time: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationStep(Value):
    """How one step of a verification went."""

    kind: StepKind
    passed: bool
    detail: str
    elapsed: dt.timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification(Value):
    """The steps up to and including the first that failed. `usable` when none did."""

    usable: bool
    steps: Sequence[VerificationStep]
