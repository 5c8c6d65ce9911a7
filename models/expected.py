"""What a catalogue's model takes of a machine before any of its files is there: by its known dimensions."""

from __future__ import annotations

from models.facts import CatalogueModel
from models.facts import Shape as Dimensions
from models.fit import Fit, Machine, Verdict, fit
from models.shapes import Shape, estimated

QUANTISATIONS: tuple[tuple[str, float], ...] = (
    ("Q4_K_M", 4.85),
    ("Q5_K_M", 5.69),
    ("Q6_K", 6.56),
    ("Q8_0", 8.5),
)
"""The usual ones, the coarsest first, with their bits a weight."""


def expected_shape(model: CatalogueModel, bits: float) -> Shape | None:
    """What a model takes at so many bits a weight; None if not even its size is known.

    Where the catalogue has no dimensions, the context's part is estimated from the size.
    """
    if model.parameters is None:
        return None
    active = model.active_parameters or model.parameters
    if model.shape is None:
        return estimated(model.parameters, active, bits, trained_context=model.context)
    known = model.shape
    return Shape(
        weights_bytes=int(model.parameters * bits / 8),
        active_bytes=int(active * bits / 8),
        layers=known.n_layers,
        embedding=known.embedding,
        heads=known.n_heads,
        vocabulary=known.vocabulary,
        kv_heads=(1 if known.kv_latent else known.n_kv_heads,) * known.n_layers,
        key_length=known.kv_latent + (known.kv_rope or 0) if known.kv_latent else known.head_dim,
        value_length=known.value_dim,
        windows=_windows(known),
        keeps_values=not known.kv_latent,
        trained_context=model.context,
    )


def best_fit(model: CatalogueModel, machine: Machine) -> tuple[str, Fit] | None:
    """The finest quantisation that runs well, else the coarsest that runs, else the coarsest and why not.

    Of those that the catalogue knows files of, if it knows any. None if the model's size isn't known.
    """
    found: tuple[str, Fit] | None = None
    for name, bits in reversed(_choices(model)):
        shape = expected_shape(model, bits)
        if shape is None:
            return None
        result = fit(shape, machine)
        if result.verdict is Verdict.WELL:
            return name, result
        found = name, result
    return found


def _choices(model: CatalogueModel) -> tuple[tuple[str, float], ...]:
    named = {name for files in model.files for name in files.quantisations}
    return tuple(choice for choice in QUANTISATIONS if choice[0] in named) or QUANTISATIONS


def _windows(known: Dimensions) -> tuple[int, ...]:
    every, window = known.full_attention_every, known.sliding_window or 0
    return tuple(0 if every and (layer + 1) % every == 0 else window for layer in range(known.n_layers))
