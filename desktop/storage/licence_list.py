"""Which models, which licences, accepted when: made of the library, the catalogue and the record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from desktop.storage.acceptance_export import LicenceRow, LicensedModel, rows_of
from models.catalogue import Catalogue
from models.library import LocalModel
from models.licences import Acceptance
from models.terms import terms_of_file


def licence_rows(
    installed: Iterable[LocalModel], catalogue: Catalogue, acceptances: Sequence[Acceptance]
) -> list[LicenceRow]:
    """The installed models, and those of the catalogue for which something was accepted."""
    here = [of_file(model, catalogue) for model in installed]
    named = {one.model for one in acceptances}.difference(*((one.id, *one.aliases) for one in here))
    others = [of_entry(model_id, catalogue) for model_id in sorted(named)]
    return rows_of([*here, *(model for model in others if model is not None)], acceptances)


def of_file(model: LocalModel, catalogue: Catalogue) -> LicensedModel:
    """A model that is here: what its file states, else what the catalogue knows of one named so."""
    terms = terms_of_file(model, catalogue)
    return LicensedModel(model.id, model.name, terms.stated, terms.passport, terms.ids[1:])


def of_entry(model_id: str, catalogue: Catalogue) -> LicensedModel | None:
    """One of the catalogue, by its id, or by its name at a gateway."""
    model = catalogue.get(model_id) or catalogue.by_remote(model_id)
    return None if model is None else LicensedModel(model.id, model.name, model.licence, model.passport)
