"""Gives a store and a model the same tasks, in units of work that are committed or rolled back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

from clarion_server.application.ports.repositories import NameTaken
from clarion_server.application.ports.store import WriteConflict
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.contract.store import samples
from tests.contract.store.kinds import PATIENCE, StoreKind
from tests.contract.store.side_by_side.side import ModelSide, Name, Side
from tests.contract.store.side_by_side.view import all_questions
from tests.memory_store import MemoryStore


class SideBySide(RuleBasedStateMachine):
    #: The kind of store that is compared with the model.
    kind: ClassVar[StoreKind]

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        store = self.kind.open(Path(self.folder.name), PATIENCE)
        self.sides = [ModelSide(MemoryStore()), Side(store)]
        self.senders: list[Name] = []
        self.execution_ids: list[str] = []
        self.message_ids: list[str] = []
        self._let_some_campaigns_send()

    def _let_some_campaigns_send(self) -> None:
        for sandbox in samples.SANDBOXES:
            self.both(Side.add_channel, sandbox)
        for name in ((samples.SANDBOXES[0], "one"), (samples.SANDBOXES[0], "two"), (samples.SANDBOXES[1], "one")):
            self.both(Side.add_sender, name)
            self.senders.append(name)

    def teardown(self) -> None:
        try:
            self.compare_everything()
        finally:
            for side in self.sides:
                side.close()
            self.folder.cleanup()

    def both(self, task: Callable[..., Any], *arguments: Any) -> Any:
        """Returns what both sides answer to `task(side, *arguments)`. A refusal is an answer too."""
        answers = [side.plain(_answer(task, side, *arguments)) for side in self.sides]
        assert answers[0] == answers[1]
        return answers[0]

    def compare_everything(self) -> None:
        for question in all_questions(self.senders, self.execution_ids[-3:]):
            self.both(question)

    @rule(keep=st.sampled_from([True, True, False]))
    def end_unit_of_work(self, keep: bool) -> None:
        self.compare_everything()
        self.both(lambda side: side.commit() if keep else side.roll_back())

    def sender(self, index: int) -> Name:
        return self.senders[index % len(self.senders)]

    def execution_id(self, index: int) -> str:
        """Returns one of all execution ids, even if it was rolled back."""
        known = self.execution_ids or [samples.new_id()]
        return known[index % len(known)]

    def some_message_ids(self, indexes: list[int]) -> list[str]:
        """Returns some of the latest message ids, even if they were rolled back."""
        known = self.message_ids[-20:]
        return list(dict.fromkeys(known[index % len(known)] for index in indexes))


def _answer(task: Callable[..., Any], side: Side, *arguments: Any) -> Any:
    try:
        return task(side, *arguments)
    except (NameTaken, WriteConflict) as refusal:
        return type(refusal)
