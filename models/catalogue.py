"""Which models exist and what is known of them: data in resources/catalogue/, values in models.facts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from models.catalogue_file import read_all
from models.facts import BenchmarkTable, CatalogueModel, Score, Shape, header_name
from models.licences import Licences, Passport

if TYPE_CHECKING:
    from models.gguf import GgufHeader

__all__ = ["Catalogue", "CatalogueModel", "Shape", "load"]


class Catalogue:
    """All models, the shipped ones in the files' order, then the user's own. Nothing in it changes.

    `problems` are sentences about the user's own entries that could not be used.
    """

    def __init__(
        self,
        models: Iterable[CatalogueModel],
        licences: Licences,
        tables: Iterable[BenchmarkTable] = (),
        problems: Iterable[str] = (),
    ) -> None:
        self.models, self.licences = tuple(models), licences
        self.tables, self.problems = tuple(tables), tuple(problems)
        self._by_id = {model.id: model for model in self.models}
        self._by_remote = {model.remote.id: model for model in self.models if model.remote}

    def get(self, model_id: str) -> CatalogueModel | None:
        return self._by_id.get(model_id)

    def by_remote(self, remote_id: str) -> CatalogueModel | None:
        """The model a gateway calls so."""
        return self._by_remote.get(remote_id)

    def by_header(self, header: GgufHeader) -> CatalogueModel | None:
        """The model a local file is, judged by what its header says; None when that isn't sure."""
        said = {
            key: str(header.kv.get(f"general.{key}", "")) for key in ("basename", "size_label", "finetune")
        }
        return self.by_name(header.architecture, header.name, **said)

    def by_name(
        self, architecture: str, name: str, *, basename: str = "", size_label: str = "", finetune: str = ""
    ) -> CatalogueModel | None:
        """The model whose files have this architecture and introduce themselves exactly so.

        A name that only resembles one is another's work (a fine-tune, a distillate), so it is None.
        """
        called = header_name(name) or header_name(f"{basename} {size_label}")
        found = [
            model
            for model in self.models
            if model.header is not None
            and architecture in model.header.architectures
            and called in model.header.names
            and (not size_label or not model.header.sizes or size_label in model.header.sizes)
        ]
        tuned = header_name(finetune)
        return found[0] if len(found) == 1 and (not tuned or tuned in called) else None

    def scores(self, model_id: str) -> tuple[Score, ...]:
        """A model's results over all tables, in the tables' order."""
        return tuple(
            Score(table, benchmark, value, row.thinking)
            for table in self.tables
            for row in table.rows
            if row.model == model_id
            for benchmark, value in zip(table.benchmarks, row.scores, strict=True)
        )

    def passport_of(self, stated: str, model: CatalogueModel | None = None) -> Passport | None:
        """The passport of a local model: its file decides, its catalogue entry where the file is silent."""
        if stated.strip():
            return self.licences.by_name(stated)
        return model.passport if model is not None else None


def load(folder: Path, own: Path | None = None) -> Catalogue:
    """The shipped catalogue and, if there is such a file, the user's own entries.

    Raises CatalogueError if a shipped file is wrong, which is our mistake; what is wrong with the user's
    own becomes a problem. Some milliseconds; nothing is kept open.
    """
    content = read_all(folder, own)
    return Catalogue(content.models, content.licences, content.tables, content.problems)
