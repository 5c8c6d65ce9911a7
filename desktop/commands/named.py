"""Who answers `ask` by what was named: with `--model`, at the beginning of the question, or by the mode."""

from __future__ import annotations

import os
import shlex
from dataclasses import replace

from desktop.commands.question import Question
from desktop.commands.remote import Gateways
from desktop.commands.services import Services
from models.errors import ModelNotFound, NotAvailable
from models.library import Library
from models.mentions import addressed
from models.route import Mode, Route, choose_simply


def to_whom(question: Question, text: str, services: Services, gateways: Gateways) -> tuple[Question, str]:
    """The question with the model that its text begins with (“@qwen3 …”), and the text without it."""
    if not text.lstrip().startswith("@") or question.model is not None:
        return question, text
    here, there = [model.id for model in services.library.models()], gateways.models()
    mention = addressed(text, (*here, *there))
    if mention.model in here and question.mode is Mode.CLOUD:
        raise NotAvailable(f"Cloud only: {mention.model} is on this machine.", "Use --mode hybrid or local.")
    if mention.model in there and question.mode is Mode.LOCAL:
        raise NotAvailable(
            f"Local only: {mention.model} is not on this machine.", "Use --mode hybrid or cloud."
        )
    return replace(question, model=mention.model), mention.text


def simple_route(question: Question, services: Services, gateways: Gateways) -> Route:
    """Who answers in the local and the cloud mode. Raises AppError."""
    library = services.library
    if question.mode is Mode.CLOUD:
        return choose_simply(
            mode=question.mode, wanted=question.model, installed=(), remote=gateways.offer(question.model)
        )
    models = library.models()
    usable = [model.id for model in models if model.problem is None]
    if question.model is not None:
        _check_wanted(question.model, library)
    elif models and not usable and models[0].problem is not None:
        raise models[0].problem
    return choose_simply(mode=question.mode, wanted=question.model, installed=usable)


def check_named(question: Question, gateways: Gateways, library: Library) -> None:
    """Raises ModelNotFound for a named model that neither is here nor can be at a gateway."""
    if question.model is not None and not gateways.kind_of(question.model):
        _check_wanted(question.model, library)


def _check_wanted(name: str, library: Library) -> None:
    """Raise the model's problem, or say how to add a file that was named instead of a model."""
    try:
        library.find(name)
    except ModelNotFound as error:
        if not os.path.isfile(name):  # noqa: PTH113 - never raises
            raise
        hint = f"To use this file, add it first: python main.py models add {shlex.quote(name)}"
        raise ModelNotFound(error.cause, hint) from error
