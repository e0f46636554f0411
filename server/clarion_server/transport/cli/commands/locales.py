"""`clarion locales`: the languages of a campaign's file, and the files of their translators."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from clarion_server.transport.cli.exits import Exit
from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.files.locale_tags import is_tag
from clarion_server.transport.cli.listing import table
from clarion_server.transport.cli.session import CurrentSession
from clarion_server.transport.cli.text_input import read_text
from clarion_server.transport.cli.views import plain

if TYPE_CHECKING:
    from clarion_server.transport.cli.files.campaign_texts import CampaignTexts

locales = App(name="locales", help="Translate the texts of a campaign's file.")

CampaignFile = Annotated[Path, Parameter(help="The YAML file of the campaign.")]
Tag = Annotated[str, Parameter(help="The locale, such as pt-BR.")]

#: Holds the suffixes of the files of translators.
_FORMATS = (".po", ".json")


@locales.command
def status(file: CampaignFile, /, *, session: CurrentSession) -> Exit:
    """Show the locales of a campaign and the texts that they lack. Exit code 1 when one lacks a text."""
    texts = _read(file)
    rows = [(locale, texts.missing(locale)) for locale in texts.catalogues]
    data = [{"locale": locale, "texts": len(texts.catalogues[locale]), "missing": missing} for locale, missing in rows]
    columns = {
        "LOCALE": lambda row: plain(row[0]),
        "TEXTS": lambda row: plain(len(texts.catalogues[row[0]])),
        "MISSING": lambda row: plain(", ".join(row[1]) or "-", "red" if row[1] else ""),
    }
    session.output.show({"default_locale": texts.default_locale, "locales": data}, lambda: table(rows, columns))
    if not rows:
        session.output.inform("The file has no translations.")
    return Exit.BAD_NEWS if any(missing for _, missing in rows) else Exit.OK


@locales.command
def add(file: CampaignFile, locale: Tag, /, *, session: CurrentSession) -> None:
    """Add a locale: a catalogue beside that of the default locale, and a line in the campaign's file. The catalogue is
    empty unless it is there.
    """
    from clarion_server.transport.cli.files.catalogue_names import name_catalogue  # noqa: PLC0415 - loads YAML
    from clarion_server.transport.cli.files.catalogues import read_catalogue, write_catalogue  # noqa: PLC0415 - see above

    if not is_tag(locale):
        # The command would leave a file behind that the service refuses.
        written = locale.replace("_", "-")
        tag = written if is_tag(written) else "pt-BR"
        raise CommandFailed(f"{locale} is no tag of BCP 47.", hint=f"Write it as in {tag}.")
    texts = _read(file)
    if locale in texts.catalogues:
        raise CommandFailed(f"{file} has texts in {locale} already.")
    beside = texts.files.get(texts.default_locale)
    folder = texts.document.folder if beside is None else beside.parent
    stem = file.stem if beside is None else beside.stem.removesuffix(f".{texts.default_locale}")
    name = f"{locale}.json" if stem == texts.default_locale else f"{stem}.{locale}.json"
    target = folder / name
    # A file that is there may be a translator's work.
    given = read_catalogue(target) if target.exists() else None
    name_catalogue(texts, locale, target)
    if given is None:
        write_catalogue(target, {})
    missing = sorted(texts.default.keys() - (given or {}).keys())
    session.output.show(
        {"locale": locale, "file": str(target), "missing": missing},
        lambda: plain(f"{target}: {len(missing)} texts to translate"),
    )


@locales.command(name="export")
def export_texts(
    file: CampaignFile,
    locale: Tag,
    /,
    *,
    output: Annotated[Path, Parameter(("--output", "-o"), help="The file to write: .po or .json.")],
    session: CurrentSession,
) -> None:
    """Write the texts of a locale for its translators, with those that are missing. The suffix says in which format."""
    from clarion_server.transport.cli.files.catalogues import write_catalogue  # noqa: PLC0415 - few commands need it
    from clarion_server.transport.cli.files.po_catalogues import export_po  # noqa: PLC0415 - see above

    if output.suffix not in _FORMATS:
        raise CommandFailed(f"{output} names no format.", hint=f"Name a file that ends in {' or '.join(_FORMATS)}.")
    texts = _read(file)
    catalogue = texts.catalogues.get(locale, {})
    if output.suffix == ".json":
        write_catalogue(output, {key: catalogue.get(key, "") for key in texts.default})
    else:
        output.write_text(export_po(locale, texts.default, catalogue), encoding="utf-8")
    session.output.show(
        {"file": str(output), "texts": len(texts.default), "missing": texts.missing(locale)},
        lambda: plain(f"wrote {output}: {len(texts.default)} texts, {len(texts.missing(locale))} to translate"),
    )


@locales.command(name="import")
def import_texts(file: CampaignFile, locale: Tag, source: Path, /, *, session: CurrentSession) -> None:
    """Take the texts of a translator's file, .po or .json, into the catalogue of a locale.

    Fuzzy and obsolete entries and those without a translation are left out and counted. Nothing is written when the
    file cannot be read.
    """
    from clarion_server.transport.cli.files.catalogues import read_catalogue, write_catalogue  # noqa: PLC0415 - see above
    from clarion_server.transport.cli.files.po_catalogues import PoImport, import_po  # noqa: PLC0415 - see above

    texts = _read(file)
    target = texts.file(locale)
    if source.suffix == ".json":
        given = {key: text for key, text in read_catalogue(source).items() if text}
        known = {key: text for key, text in given.items() if key in texts.default}
        found = PoImport(known, unknown=len(given) - len(known))
    else:
        found = import_po(str(source), read_text(source), locale, texts.default)
    merged = texts.catalogues[locale] | found.texts
    write_catalogue(target, merged)
    counts = {
        "imported": len(found.texts),
        "fuzzy": found.fuzzy,
        "obsolete": found.obsolete,
        "untranslated": found.missing,
        "unknown": found.unknown,
        "missing": len(texts.default.keys() - merged.keys()),
    }
    shown = ", ".join(f"{count} {name}" for name, count in counts.items() if count or name == "imported")
    session.output.show({**counts, "warnings": found.warnings}, lambda: plain("\n".join([*found.warnings, shown])))


def _read(file: Path) -> CampaignTexts:
    from clarion_server.transport.cli.files.campaign_texts import read_campaign_texts  # noqa: PLC0415 - loads YAML

    return read_campaign_texts(file)
