"""Forms of subjects that filters and people take for spam, as far as the template alone shows them.

Each rule is one that SpamAssassin scores (SUBJ_ALL_CAPS, PLING_PLING) or that the guidelines of large
mailbox providers for senders name (a subject that claims to be an answer).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from unicodedata import normalize

from clarion_server.domain.finding import Finding, FindingCode, Severity

_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
#: A subject of at least this many letters that are all capitals is hardly the name of a product or a department.
_FEWEST_CAPITALS = 10
_SHOUTED = re.compile(r"!\s*!|!.*!.*!|!\?!", re.DOTALL)
_ANSWER = re.compile(r"\s*(?:re|fwd?|aw|wg|tr)\s*:", re.IGNORECASE)


def subject_findings(subject: str) -> Iterator[Finding]:
    # The normal form has one exclamation mark for all scripts.
    literal = normalize("NFKC", _TAG.sub("", subject))
    letters = [each for each in literal if each.isupper() or each.islower()]
    if len(letters) >= _FEWEST_CAPITALS and all(map(str.isupper, letters)):
        yield _subject("The subject is in capitals alone.", "Write it as a sentence.")
    if _SHOUTED.search(literal):
        yield _subject("The subject has several exclamation marks.", "Leave out all but one.")
    if _ANSWER.match(literal):
        message = "The subject begins like that of an answer or of a mail that was passed on."
        yield _subject(message, "Leave out the prefix: providers count it as misleading.")


def _subject(message: str, remedy: str) -> Finding:
    return Finding(Severity.WARNING, FindingCode.SUBJECT_LIKE_SPAM, "subject", message, remedy, 1)
