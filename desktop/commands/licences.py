"""`models licences` and `models accept`: under which licences the models are, and what was accepted."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

from desktop.commands.services import Services
from desktop.commands.terminal import Terminal
from desktop.storage.acceptance_copy import read_copy
from desktop.storage.acceptance_export import (
    LicenceRow,
    LicensedModel,
    as_csv,
    as_markdown,
    rows_of,
)
from desktop.storage.acceptances import AcceptanceStore
from desktop.storage.database import open_database
from desktop.storage.licence_list import licence_rows, of_entry, of_file
from desktop.system.paths import resources
from models.catalogue import Catalogue, load
from models.errors import BadInput, ModelNotFound, NotAccepted, StorageBusy
from models.library import LocalModel
from models.licences import Acceptance, Passport, label_of, needs_acceptance, pending
from models.terms import Terms, terms_at_gateway, terms_of, terms_of_file

_PATIENCE_S = 0.5


def catalogue_of(services: Services) -> Catalogue:
    """The shipped catalogue with the user's own entries."""
    return load(resources() / "catalogue", services.paths.own_catalogue)


def list_licences(services: Services, terminal: Terminal, *, form: str) -> int:
    """Print each model's licence and when it was accepted; `form` is "text", "json", "csv" or "markdown"."""
    rows = _rows(services)
    if form == "json":
        terminal.record({"licences": [_record(row) for row in rows]})
    elif form == "csv":
        terminal.write(as_csv(rows))
    elif form == "markdown":
        terminal.write(as_markdown(rows))
    elif not rows:
        terminal.note("No model is installed, and no licence was accepted yet.")
    for row in rows if form == "text" else ():
        terminal.line(_summary(row))
    return 0


def not_accepted(terms: Terms, services: Services) -> NotAccepted | None:
    """Why a model may not be downloaded or used yet, or None. Raises StorageError."""
    if not needs_acceptance(terms.passport):
        return None
    passport = pending(terms.passport, terms.ids, _acceptances(services))
    if passport is None:
        return None
    command = f'models accept {terms.ids[0]} --use "…"'
    return NotAccepted(
        f"{passport.full_name}: {passport.sentence}",
        f"Read and accept it first with “{command}”; where Inshore’s window is open, in the window.",
    )


def check_accepted(model: LocalModel, services: Services) -> None:
    """Raise NotAccepted before the first use of a model whose licence asks for that. Raises StorageError."""
    if model.source == "starter":  # it is open, and not to wait for the catalogue
        return
    terms = terms_of_file(model, catalogue_of(services))
    if (refusal := not_accepted(terms, services)) is not None:
        raise refusal


def check_accepted_at_gateway(model_id: str, profile: str, services: Services) -> None:
    """The same for a gateway's model; `profile` is the gateway's kind."""
    refusal = not_accepted(terms_at_gateway(model_id, profile, catalogue_of(services)), services)
    if refusal is not None:
        raise refusal


def accept(
    model_id: str,
    use: str,
    services: Services,
    terminal: Terminal,
    *,
    as_json: bool,
    endpoints: Sequence[str] = (),
) -> int:
    """Show a model's licence and record that it is accepted for this use. Raises AppError.

    A licence that asks for nothing is said and not recorded. A repository that the catalogue doesn't know
    is asked of the hub.
    """
    model = _find(model_id, services, endpoints)
    passport = _known(model)
    terminal.note(passport.text())
    if not needs_acceptance(passport):
        terminal.note(f"{passport.name} asks for no acceptance, so none was recorded.")
        return 0
    services.paths.create()
    with closing(open_database(services.paths.database, backups=services.paths.backups)) as connection:
        accepted = AcceptanceStore(connection, copy=services.paths.accepted_copy).add(passport, model.id, use)
    if as_json:
        terminal.record(_record(rows_of([model], [accepted])[0]))
    else:
        terminal.line(f"Accepted {passport.full_name} for {model.id}.")
    return 0


def _rows(services: Services) -> list[LicenceRow]:
    return licence_rows(services.library.models(), catalogue_of(services), _acceptances(services))


def _acceptances(services: Services) -> list[Acceptance]:
    """Nothing is created where there is no file yet. Raises StorageError."""
    paths = services.paths
    if not paths.database.exists():
        return []
    try:
        with closing(
            open_database(paths.database, backups=paths.backups, patience_s=_PATIENCE_S)
        ) as connection:
            return AcceptanceStore(connection).all()
    except StorageBusy:
        if (copied := read_copy(paths.accepted_copy)) is None:
            raise
        return copied


def _find(model_id: str, services: Services, endpoints: Sequence[str]) -> LicensedModel:
    """A model of the library, else of the catalogue, else of the hub; raises ModelNotFound, or HubError."""
    catalogue = catalogue_of(services)
    try:
        return of_file(services.library.get(model_id), catalogue)
    except ModelNotFound:
        found = of_entry(model_id, catalogue)
        if found is None and "/" in model_id:
            found = _of_hub(model_id, catalogue, endpoints, services)
        if found is None:
            raise
        return found


def _of_hub(repo: str, catalogue: Catalogue, endpoints: Sequence[str], services: Services) -> LicensedModel:
    """A repository; the hub says its licence where the catalogue doesn't."""
    terms = terms_of(repo, "", catalogue)
    if terms.entry is None:
        from desktop.commands.download import stated_licence

        terms = terms_of(repo, stated_licence(repo, endpoints, services), catalogue)
    name = terms.entry.name if terms.entry is not None else repo
    return LicensedModel(terms.ids[0], name, terms.stated, terms.passport)


def _known(model: LicensedModel) -> Passport:
    if model.passport is None:
        label = label_of(None, model.licence)
        raise BadInput(label.meaning, title=f"There is nothing to accept for {model.id}.")
    return model.passport


def _summary(row: LicenceRow) -> str:
    licence = f"{row.licence} ({row.version})" if row.version else row.licence
    facts = (licence, row.accepted, row.use)
    return f"{row.model}  " + " · ".join(fact for fact in facts if fact)


def _record(row: LicenceRow) -> dict[str, object]:
    return {
        "model": row.model,
        "name": row.name,
        "licence": row.licence,
        "licence_tier": row.tier,
        "version": row.version,
        "accepted": row.accepted,
        "use": row.use,
        "text_sha256": row.text_hash,
    }
