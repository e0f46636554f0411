"""Holds what a review knows beside the definition."""

from __future__ import annotations

from dataclasses import dataclass, field

from clarion_server.adapters.rendering.html.source_reader import SourceReader
from clarion_server.application.ports.content import Attachments, Fragments
from clarion_server.domain.addresses.public_url import PublicUrl


@dataclass(frozen=True, slots=True)
class ReviewFacts:
    public_url: PublicUrl | None = None
    """Is the URL that the links of recipients begin with; None where there are none."""
    attachments: Attachments = field(default_factory=dict)
    """Holds those that the contents name and that are stored."""
    fragments: Fragments = field(default_factory=dict)
    """Holds those that the contents lead to."""
    reader: SourceReader = field(default_factory=SourceReader)
    """Reads the sources."""
