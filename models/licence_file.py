"""Reads the passports from resources/catalogue/licences.toml; its checks are the file's schema."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from models.licences import Commercial, Licences, Passport, Tier, plain_name
from models.sources import Source, named_source
from models.toml_table import Table, read_table


def read_licences(path: Path, sources: Mapping[str, Source]) -> Licences:
    """All passports; raises CatalogueError for whatever is missing, unknown or there twice."""
    top = read_table(path)
    passports: list[Passport] = []
    taken: set[str] = set()
    for table in top.tables("licence"):
        passport = _passport(table, sources)
        names = {plain_name(name) for name in (passport.id, passport.name, *passport.names)}
        if names & taken:
            table.fail("names", f"another licence is called {', '.join(sorted(names & taken))}, too")
        taken |= names
        passports.append(passport)
    top.done()
    return Licences(passports)


def _passport(table: Table, sources: Mapping[str, Source]) -> Passport:
    tier = table.number("tier")
    if tier not in tuple(Tier):
        table.fail("tier", "a tier is 1, 2 or 3")
    passport = Passport(
        id=table.text("id"),
        name=table.text("name"),
        tier=Tier(tier),
        version=table.text("version", "" if tier == Tier.OPEN else None),
        link=table.text("link"),
        sentence=table.text("sentence"),
        commercial=Commercial(table.one_of("commercial", tuple(Commercial))),
        commercial_use=table.text("commercial_use"),
        redistribution=table.text("redistribution"),
        outputs=table.text("outputs"),
        source=named_source(table, "source", sources),
        attribution=table.text("attribution", ""),
        naming=table.text("naming", ""),
        user_limits=table.text("user_limits", ""),
        user_limit=table.maybe_number("user_limit"),
        restrictions=table.text("restrictions", ""),
        names=table.texts("names"),
    )
    if not passport.link.startswith("https://"):
        table.fail("link", "an address begins with https://")
    table.done()
    return passport
