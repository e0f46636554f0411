"""`clarion approvals`: submits drafts, approves them, asks for changes, and tells how it came about."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter
from rich.console import Group, RenderableType

from clarion_server.transport.cli.commands.lists import Limit, page_size, show_list
from clarion_server.transport.cli.commands.options import DraftName
from clarion_server.transport.cli.commands.resources import show_as_file, show_deleted
from clarion_server.transport.cli.session import CurrentSession
from clarion_server.transport.cli.views import id_of, moment, plain

if TYPE_CHECKING:
    from clarion_client import Approval, ApprovalStep, ApprovalThread

Comment = Annotated[str, Parameter(name=["--comment", "-m"], help="A comment for the history.")]
PolicyName = Annotated[str, Parameter(help="The approval policy, such as legal.")]

approvals = App(name="approvals", help="Submit, approve and discuss the drafts of campaigns and fragments.")
policies = App(name="policies", help="List, show and delete approval policies. `clarion apply` writes them.")
approvals.command(policies)


@approvals.command(name="show")
def show_approval(draft: DraftName, /, *, session: CurrentSession) -> None:
    """Show where the approval of a draft stands, and what is missing."""
    found = session.client.approvals.get(draft)
    session.output.show(found.to_dict(), lambda: _view(found))


@approvals.command(name="submit")
def submit(draft: DraftName, /, *, comment: Comment = "", session: CurrentSession) -> None:
    """Submit a draft. Nobody can edit it until changes are requested, or the submission is cancelled."""
    submitted = session.client.approvals.submit(draft, comment=comment)
    session.output.show(submitted.to_dict(), lambda: _view(submitted))


@approvals.command(name="approve")
def approve(
    draft: DraftName,
    /,
    *,
    content_hash: Annotated[
        str, Parameter(help="The hash of what you looked at, as `clarion approvals show` prints it.")
    ],
    comment: Comment = "",
    session: CurrentSession,
) -> None:
    """Approve a submitted draft, exactly as you looked at it."""
    approved = session.client.approvals.approve(draft, content_hash, comment=comment)
    session.output.show(approved.to_dict(), lambda: _view(approved))


@approvals.command(name="request-changes")
def request_changes(
    draft: DraftName,
    /,
    *,
    comment: Annotated[str, Parameter(name=["--comment", "-m"], help="What is to change.")],
    session: CurrentSession,
) -> None:
    """Make a submitted draft editable again, and void its approvals."""
    changed = session.client.approvals.request_changes(draft, comment)
    session.output.show(changed.to_dict(), lambda: _view(changed))


@approvals.command(name="cancel")
def cancel(draft: DraftName, /, *, comment: Comment = "", session: CurrentSession) -> None:
    """Take a submission back, and void its approvals."""
    cancelled = session.client.approvals.cancel(draft, comment=comment)
    session.output.show(cancelled.to_dict(), lambda: _view(cancelled))


@approvals.command(name="comment")
def add_comment(
    draft: DraftName,
    comment: Annotated[str, Parameter(help="What there is to say.")],
    /,
    *,
    reply_to: Annotated[
        str, Parameter(help="The step that it answers, as `clarion approvals comments` shows it.")
    ] = "",
    session: CurrentSession,
) -> None:
    """Add a comment to the history, or an answer to one. An answer opens a resolved thread again."""
    step = session.client.approvals.comment(draft, comment, reply_to=reply_to)
    session.output.show(step.to_dict(), lambda: plain("The comment is in the history."))


@approvals.command(name="comments")
def list_comments(
    draft: DraftName,
    /,
    *,
    open_only: Annotated[
        bool, Parameter(name="--open", negative=(), help="Only threads that are not resolved.")
    ] = False,
    limit: Limit = 50,
    session: CurrentSession,
) -> None:
    """List what was said about the approval of a draft with the answers, the newest threads first."""
    threads = session.client.approvals.threads(draft, page_size=page_size(limit))
    wanted = (each for each in threads if not (open_only and each.resolved))
    shown = list(islice(wanted, limit or None))
    session.output.show([each.to_dict() for each in shown], lambda: Group(*map(_thread_view, shown)))


@approvals.command(name="resolve")
def resolve(
    draft: DraftName,
    step: Annotated[str, Parameter(help="A step of the thread, as `clarion approvals comments` shows it.")],
    /,
    *,
    comment: Comment = "",
    session: CurrentSession,
) -> None:
    """Mark a thread as resolved."""
    resolved = session.client.approvals.resolve(draft, step, comment=comment)
    session.output.show(resolved.to_dict(), lambda: _thread_view(resolved))


@approvals.command(name="history")
def history(draft: DraftName, /, *, limit: Limit = 50, session: CurrentSession) -> None:
    """List what was done about the approval of a draft, the newest first."""
    columns = {
        "TIME": lambda step: moment(step.time),
        "ACTION": lambda step: plain(step.action),
        "KEY": lambda step: id_of(step.actor),
        "COMMENT": lambda step: plain(step.comment),
    }
    show_list(session.output, session.client.approvals.steps(draft, page_size=page_size(limit)), limit, columns)


@policies.command(name="list")
def list_policies(*, limit: Limit = 50, session: CurrentSession) -> None:
    """List approval policies by name."""
    columns = {
        "ID": lambda policy: id_of(policy.name),
        "ABOUT": lambda policy: plain(f"{(policy.applies_to or 'CAMPAIGN').lower()}s"),
        "REQUIRED": lambda policy: plain(str(policy.required_count)),
        "APPROVERS": lambda policy: plain(str(len(policy.approvers)) if policy.approvers else "any"),
        "BLOCKS SELF": lambda policy: plain("yes" if policy.block_self else "no"),
        "UPDATED": lambda policy: moment(policy.update_time),
        "NAME": lambda policy: plain(policy.display_name),
    }
    show_list(session.output, session.client.approval_policies.list(page_size=page_size(limit)), limit, columns)


@policies.command(name="get")
def get_policy(policy: PolicyName, /, *, session: CurrentSession) -> None:
    """Print an approval policy as a file for `clarion apply`."""
    show_as_file(session.output, session.client.approval_policies.get(policy))


@policies.command(name="delete")
def delete_policy(policy: PolicyName, /, *, session: CurrentSession) -> None:
    """Delete an approval policy."""
    session.client.approval_policies.delete(policy)
    show_deleted(session.output, policy)


def _thread_view(thread: ApprovalThread) -> RenderableType:
    opening = thread.opening
    if opening is None:
        return plain("")
    head = _said(opening) + (" (resolved)" if thread.resolved else "")
    return Group(plain(head), *(plain(f"  {_said(reply)}") for reply in thread.replies))


def _said(step: ApprovalStep) -> str:
    done = "" if step.action == "COMMENTED" else f" {step.action.replace('_', ' ').lower()}"
    comment = f": {step.comment}" if step.comment else ""
    return f"{step.step}  {moment(step.time)}  {_short(step.actor)}{done}{comment}"


def _view(approval: Approval) -> RenderableType:
    lines = [
        plain(f"{approval.campaign or approval.fragment} {_standing(approval)}."),
        plain(f"Content hash: {approval.content_hash}"),
    ]
    if approval.submitted_hash and approval.submitted_hash != approval.content_hash:
        lines.append(plain("It changed since it was submitted: cancel the submission, and submit it anew.", "red"))
    for each in approval.requirements:
        given = f" ({', '.join(map(_short, each.approvers))})" if each.approvers else ""
        lines.append(plain(f"{each.policy}: {len(each.approvers)} of {each.required_count} approved{given}."))
        if each.possible_approvers and len(each.approvers) < each.required_count:
            lines.append(plain(f"  Its approvers: {', '.join(map(_short, each.possible_approvers))}.", "dim"))
    return Group(*lines)


def _standing(approval: Approval) -> str:
    if approval.state == "CHANGES_REQUESTED":
        return "needs the changes that were requested"
    return "is " + (approval.state or "NOT_SUBMITTED").replace("_", " ").lower()


def _short(name: str) -> str:
    return name.rpartition("/")[2]
