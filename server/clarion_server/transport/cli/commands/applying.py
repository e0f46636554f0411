"""`clarion apply`: makes the service have what files say."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from clarion_server.transport.cli.exits import Exit
from clarion_server.transport.cli.files.option import RequiredFiles
from clarion_server.transport.cli.session import CurrentSession

RenewSecrets = Annotated[
    bool,
    Parameter(
        ("--renew-secrets", "--renew-passwords"),
        help="Send passwords again. The service never shows them, so nobody can see whether one has changed.",
    ),
]


def apply(
    *,
    file: RequiredFiles,
    activate: Annotated[
        bool, Parameter(help="Review the campaigns too, show what it finds, and activate those without errors.")
    ] = False,
    strict: Annotated[
        bool, Parameter(help="With --activate, refuse what would refuse triggers that the live version takes.")
    ] = False,
    dry_run: Annotated[
        bool, Parameter(help="Show what would change and what the service would refuse, and change nothing.")
    ] = False,
    renew_secrets: RenewSecrets = False,
    session: CurrentSession,
) -> Exit:
    """Create or update campaigns and what they use from files, and show what changed.

    Nothing is changed when the service refuses any of them. Running it again changes nothing and writes nothing. What
    is not in the files stays as it is, but for test cases: a document of tests has all that its campaign is to have.
    What the key may read and not change, as an author's key a channel configuration, is only compared with the file.
    With --activate nothing is changed either when the key may not activate the campaigns.
    Exit code 1 when something was to be activated, and review found errors or approvals are missing. The rest goes on.
    """
    from clarion_server.transport.cli.apply_run import apply_planned, show  # noqa: PLC0415 - loads gRPC and YAML
    from clarion_server.transport.cli.files.applying import (  # noqa: PLC0415 - see above
        REFUSED,
        WOULD_BE_REFUSED,
        Applier,
    )
    from clarion_server.transport.cli.files.planned import Applied  # noqa: PLC0415 - see above
    from clarion_server.transport.cli.files.resources import read_files  # noqa: PLC0415 - see above

    applier = Applier(session.client, renew_secrets=renew_secrets)
    planned = applier.plan(read_files(file), WOULD_BE_REFUSED if dry_run else REFUSED)
    if activate:
        applier.check_may_activate(planned)
    if not dry_run:
        return apply_planned(session, applier, planned, activate=activate, strict=strict)
    for each in planned:
        show(session, Applied(each), dry_run=True)
    if activate:
        session.output.inform("A dry run does not review. `clarion review` checks the stored draft.")
    return Exit.OK
