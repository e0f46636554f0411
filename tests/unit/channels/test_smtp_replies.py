from __future__ import annotations

from itertools import pairwise

import pytest
from clarion_server.adapters.channels.email.smtp.failures import REASONS, Step, code_of, reason_of, refused
from clarion_server.adapters.channels.email.smtp.replies import MalformedReply, Reply, ReplyReader
from clarion_server.application.ports.channels import PermanentFailure, TransientFailure
from clarion_server.domain.messages.attempt import FailureReason
from hypothesis import given
from hypothesis import strategies as st

REASON = FailureReason
TEXTS = st.binary(max_size=40).filter(lambda text: b"\n" not in text and not text.endswith(b"\r"))
REPLIES = st.lists(st.tuples(st.integers(200, 599), st.lists(TEXTS, min_size=1, max_size=4)), max_size=5)


@given(replies=REPLIES, cuts=st.lists(st.integers(0, 500)))
def test_replies_are_the_same_however_their_octets_arrive(
    replies: list[tuple[int, list[bytes]]], cuts: list[int]
) -> None:
    octets = b"".join(
        b"%d%b%b\r\n" % (code, b" " if at == len(lines) - 1 else b"-", line)
        for code, lines in replies
        for at, line in enumerate(lines)
    )
    reader = ReplyReader()
    borders = sorted({0, len(octets), *(cut for cut in cuts if cut < len(octets))})
    for begin, end in pairwise(borders):
        reader.feed(octets[begin:end])
    assert list(reader.replies) == [Reply(code, b"\n".join(lines)) for code, lines in replies]


@pytest.mark.parametrize("line", [b"hello", b"", b"25", b"250OK", b"150 Wait", b"650 What", b"25a Odd", b"\xff\xfe"])
def test_what_is_no_reply_is_not_taken_for_one(line: bytes) -> None:
    with pytest.raises(MalformedReply):
        ReplyReader().feed(line + b"\r\n")


def test_what_came_before_nonsense_is_kept() -> None:
    reader = ReplyReader()
    with pytest.raises(MalformedReply):
        reader.feed(b"250 Taken\r\nnonsense\r\n")
    assert list(reader.replies) == [Reply(250, b"Taken")]


def test_a_session_may_have_any_number_of_replies() -> None:
    reader = ReplyReader()
    for number in range(10_000):
        reader.feed(b"250-2.0.0 Taken\r\n250 2.0.0 as number %d\r\n" % number)
        assert reader.replies.popleft().code == 250
    assert not reader.holds_any


@pytest.mark.parametrize("octets", [b"x" * 1000, b"250-more\r\n" * 100])
def test_a_reply_without_end_is_not_kept_for_ever(octets: bytes) -> None:
    reader = ReplyReader()

    def feed_for_ever() -> None:
        while True:
            reader.feed(octets)

    with pytest.raises(MalformedReply):
        feed_for_ever()


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(550, b"5.1.1 Nobody"), "550 5.1.1"),
        (Reply(550, b"5.1.1"), "550 5.1.1"),
        (Reply(550, b"Nobody 5.1.1"), "550"),
        (Reply(550, b"5.1.1.1 is an address"), "550"),
        (Reply(450, b"5.1.1 Contradiction"), "450"),
    ],
)
def test_the_code_of_a_failure_is_the_providers_own(reply: Reply, code: str) -> None:
    assert code_of(reply) == code


@pytest.mark.parametrize("key", REASONS)
def test_every_entry_of_the_table_decides(key: str) -> None:
    step, _, code = key.rpartition(" ")
    reply = Reply(550, key.replace("X", "5").encode()) if "." in key else Reply(int(code))
    assert reason_of(Step(step) if step else Step.RCPT, reply) is REASONS[key]


@pytest.mark.parametrize("step", Step)
@given(code=st.integers(400, 599), text=st.binary(max_size=20))
def test_every_refusal_is_passing_or_permanent(step: Step, code: int, text: bytes) -> None:
    error = refused(step, Reply(code, text))
    assert isinstance(error, TransientFailure | PermanentFailure)
    assert error.failure.code.startswith(str(code))
    if code < 500:
        assert isinstance(error, TransientFailure)


#: Says what servers mean by codes that say little: the step, the reply, the reason and whether another try is
#: worthwhile.
MEANINGS = [
    (Step.AUTH, "454 4.7.0 Temporary authentication failure", REASON.AUTHENTICATION_FAILED, True),
    (Step.CONTENT, "454 Throttling failure: Maximum sending rate exceeded.", REASON.THROTTLED, True),
    (Step.RCPT, "454 4.7.1 <a@b.example>: Relay access denied", REASON.SENDER_REJECTED, True),
    (Step.RCPT, "554 5.7.1 <a@b.example>: Relay access denied", REASON.SENDER_REJECTED, True),
    (Step.RCPT, "550 5.7.1 Unable to relay", REASON.SENDER_REJECTED, True),
    (Step.MAIL, "530 5.7.0 Authentication required", REASON.AUTHENTICATION_FAILED, True),
    (Step.MAIL, "530 5.7.0 Must issue a STARTTLS command first", REASON.TLS_FAILED, True),
    (Step.CONTENT, "530 5.7.0 No", REASON.OTHER, False),
    (Step.CONTENT, "534 5.7.0 No", REASON.OTHER, False),
    (Step.CONTENT, "550 5.4.5 Daily user sending limit exceeded", REASON.THROTTLED, True),
    (Step.CONTENT, "550 5.7.28 Unusual rate of unsolicited mail", REASON.THROTTLED, True),
    (Step.RCPT, "552 5.3.1 Mail system full", REASON.THROTTLED, True),
    (Step.RCPT, "554 5.3.2 System not accepting network messages", REASON.THROTTLED, True),
    (Step.MAIL, "553 5.7.1 Sender address rejected: not owned by user shop", REASON.SENDER_REJECTED, True),
    (Step.RCPT, "553 5.7.1 Sender address rejected: not owned by user shop", REASON.SENDER_REJECTED, True),
    (Step.RCPT, "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked", REASON.SENDER_REJECTED, True),
    (Step.MAIL, "503 Error: need EHLO and AUTH first !", REASON.AUTHENTICATION_FAILED, True),
    (Step.MAIL, "502 5.7.0 Please authenticate first", REASON.AUTHENTICATION_FAILED, True),
    (Step.RCPT, "550 Please turn on SMTP Authentication in your mail client", REASON.AUTHENTICATION_FAILED, True),
    (Step.RCPT, "550 host [192.0.2.1] is not permitted to relay through this server without authentication.",
     REASON.AUTHENTICATION_FAILED, True),
    (Step.MAIL, "550 5.7.1 Client was not authenticated", REASON.AUTHENTICATION_FAILED, True),
    (Step.RCPT, "550 5.7.1 Authentication required", REASON.AUTHENTICATION_FAILED, True),
    (Step.RCPT, "550 5.7.1 RESOLVER.RST.AuthRequired; authentication required", REASON.RECIPIENT_REJECTED, False),
    (Step.CONTENT, "550 5.7.1 Authentication required", REASON.CONTENT_REJECTED, False),
    (Step.RCPT, "450 4.7.1 Authentication required", REASON.THROTTLED, True),
    (Step.RCPT, "500 5.5.2 What?", REASON.OTHER, False),
    (Step.MAIL, "503 5.5.1 Nested MAIL command", REASON.OTHER, True),
    (Step.CONTENT, "550 5.7.60 Client does not have permissions to send as this sender", REASON.SENDER_REJECTED, True),
    (Step.CONTENT, "554 5.2.252 SendAsDenied; a@b.example not allowed to send as c@d.example", REASON.SENDER_REJECTED,
     True),
    (Step.CONTENT, "554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied",
     REASON.SENDER_REJECTED, True),
    (Step.CONTENT, "554 Message rejected: Email address is not verified. The following identities failed the check",
     REASON.SENDER_REJECTED, True),
    (Step.CONTENT, "554 Access denied: User `arn:aws:iam::1:user/a' is not authorized to perform `ses:SendRawEmail'",
     REASON.SENDER_REJECTED, True),
    (Step.CONTENT, "554 Message rejected: Sending paused for this account.", REASON.SENDER_REJECTED, True),
    (Step.CONTENT, "550 The from address does not match a verified Sender Identity.", REASON.SENDER_REJECTED, True),
    (Step.CONTENT, "550 The 'From' address is not a Sender Signature on your account.", REASON.SENDER_REJECTED, True),
    (Step.CONTENT, "530 From/Sender name is not valid", REASON.SENDER_REJECTED, True),
    (Step.CONTENT, "554 Message rejected: it looks like spam", REASON.CONTENT_REJECTED, False),
    (Step.CONTENT, "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException", REASON.THROTTLED, True),
    (Step.CONTENT, "554 5.2.0 STOREDRV.Deliver; delivery result banner", REASON.CONTENT_REJECTED, False),
    (Step.MAIL, "552 5.3.4 Message too large", REASON.CONTENT_REJECTED, False),
    (Step.RCPT, "550 5.1.1 No such user", REASON.RECIPIENT_REJECTED, False),
]  # fmt: skip


@pytest.mark.parametrize(("step", "line", "reason", "passing"), MEANINGS)
def test_a_refusal_means_what_the_server_means(step: Step, line: str, reason: FailureReason, passing: bool) -> None:
    error = refused(step, Reply(int(line[:3]), line[4:].encode()))
    assert (error.failure.reason, isinstance(error, TransientFailure)) == (reason, passing)


@pytest.mark.parametrize("code", [530, 534, 535, 538])
@pytest.mark.parametrize("step", [Step.AUTH, Step.MAIL, Step.RCPT])
def test_a_fault_of_the_configuration_never_fails_a_message_for_good(code: int, step: Step) -> None:
    assert isinstance(refused(step, Reply(code)), TransientFailure)


def test_an_unknown_code_stays_visible() -> None:
    failure = refused(Step.RCPT, Reply(577, b"5.9.9 Never heard of")).failure
    assert (failure.reason, failure.code, failure.detail) == (
        FailureReason.OTHER,
        "577 5.9.9",
        "5.9.9 Never heard of",
    )


@pytest.mark.parametrize("step", [Step.CONNECT, Step.EHLO, Step.STARTTLS, Step.AUTH, Step.RSET])
def test_a_refusal_before_mail_never_fails_a_message_for_good(step: Step) -> None:
    assert isinstance(refused(step, Reply(554, b"5.7.1 Blocked")), TransientFailure)
