"""Reads the catalogues that the file of a campaign names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.files.catalogues import Catalogue, read_catalogue
from clarion_server.transport.cli.files.documents import Document, read_documents

TRANSLATIONS = "translations"


@dataclass(frozen=True, slots=True)
class CampaignTexts:
    """Holds the texts of one campaign. `files` has those catalogues that are files of their own."""

    path: Path
    document: Document
    default_locale: str
    catalogues: dict[str, Catalogue]
    files: dict[str, Path]

    @property
    def default(self) -> Catalogue:
        """Returns the texts of the default locale, which the others translate."""
        return self.catalogues.get(self.default_locale, {})

    def file(self, locale: str) -> Path:
        """Returns the file of a locale. Raises CommandFailed when the campaign has none."""
        if locale not in self.files:
            hint = f"`clarion locales add {self.path} {locale}` adds one."
            raise CommandFailed(f"{self.path} names no file for the texts of {locale}.", hint=hint)
        return self.files[locale]

    def missing(self, locale: str) -> list[str]:
        """Returns the keys that the default locale has and this one lacks."""
        return sorted(self.default.keys() - self.catalogues.get(locale, {}).keys())


def read_campaign_texts(path: Path) -> CampaignTexts:
    """Raises CommandFailed when the file holds no campaign or several, or a catalogue cannot be read."""
    found = [document for document in read_documents(path) if "campaign" in document.data]
    if len(found) != 1:
        raise CommandFailed(f"{path} must hold one campaign.")
    data: dict[str, Any] = found[0].data
    named: dict[str, Any] = data.get(TRANSLATIONS) or {}
    files = {locale: found[0].folder / item for locale, item in named.items() if isinstance(item, str)}
    inline = {locale: dict(item) for locale, item in named.items() if isinstance(item, dict)}
    catalogues = inline | {locale: read_catalogue(file) for locale, file in files.items()}
    return CampaignTexts(path, found[0], str(data.get("default_locale", "en")), catalogues, files)
