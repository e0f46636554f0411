"""Defines what a review knows besides the campaign's definition."""

from __future__ import annotations

from dataclasses import dataclass, field

from clarion_server.adapters.rendering.html.source_reader import SourceReader
from clarion_server.application.ports.content import Attachments, Fragments
from clarion_server.domain.addresses.public_url import PublicUrl


@dataclass(frozen=True, slots=True)
class ReviewFacts:
    public_url: PublicUrl | None = None
    """Is the URL that the personal links of recipients begin with; None when the service has none."""
    attachments: Attachments = field(default_factory=dict)
    """Holds the stored attachments that the contents name."""
    fragments: Fragments = field(default_factory=dict)
    """Holds the fragments that the contents lead to."""
    reader: SourceReader = field(default_factory=SourceReader)
    """Reads the HTML, links and images of sources."""
