"""What a gateway's refusals mean, where its words are easily taken for something else."""

from __future__ import annotations

import json

import pytest

from models.errors import (
    AppError,
    GatewayBusy,
    KeyMissing,
    NoCredit,
    NoSuchRemoteModel,
    NotPermitted,
    RequestRefused,
)
from models.gateway.failures import Asked, refusal

ASKED = Asked("XiDao", "gateway.test", "qwen3-32b", secrets=("sk-0123456789abcdef",))
LIST = Asked("XiDao", "gateway.test", "", secrets=("sk-0123456789abcdef",))
HTML = {"content-type": "text/html"}


def refused(status: int, words: str = "", asked: Asked = ASKED) -> AppError:
    return refusal(asked, status, {}, json.dumps({"error": {"message": words}}).encode() if words else b"")


@pytest.mark.parametrize(
    "words",
    [
        "You have exceeded the token rate limit of your pricing tier. See https://aka.ms/oai/quotaincrease",
        "Quota exceeded for requests per minute.",
        "Allocated quota exceeded, please increase your quota limit.",
    ],
)
def test_a_quota_of_time_is_no_lack_of_money(words: str) -> None:
    assert type(refused(429, words)) is GatewayBusy


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (402, ""),
        (429, "You exceeded your current quota, please check your plan and billing details."),
        (403, "insufficient_user_quota: 余额不足"),
        (400, "Access denied, please make sure your account is not Arrearage."),
    ],
)
def test_a_lack_of_money_is_told_as_one(status: int, words: str) -> None:
    assert type(refused(status, words)) is NoCredit


def test_insufficient_rights_are_no_lack_of_money() -> None:
    assert type(refused(403, "This key has insufficient permissions for this operation.")) is NotPermitted


def test_a_web_page_that_says_not_found_does_not_speak_of_models() -> None:
    error = refusal(ASKED, 404, HTML, b"<html>404 Not Found</html>")
    assert type(error) is RequestRefused
    assert "/v1" in error.hint
    assert type(refused(404)) is NoSuchRemoteModel


def test_f28_a_listed_model_that_is_gone_is_not_named_as_similar_to_itself() -> None:
    listed = ("xidao/qwen3-32b", "xidao/qwen3-235b", "xidao/phi-4")
    error = refused(404, "no such model", Asked("XiDao", "gateway.test", "xidao/qwen3-32b", listed))
    assert isinstance(error, NoSuchRemoteModel)
    assert error.nearest == ("xidao/qwen3-235b",)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 429, 500])
def test_asked_for_its_models_it_is_not_said_to_lack_one(status: int) -> None:
    error = refused(status, asked=LIST)
    assert type(error) is not NoSuchRemoteModel
    assert "“”" not in error.one_line()
    assert "options" not in error.hint
    assert "Model:" not in error.details


def test_a_server_that_wants_a_key_and_got_none_does_not_refuse_one() -> None:
    error = refused(401, asked=Asked("vLLM", "gateway.test", "m"))
    assert type(error) is KeyMissing
    assert error.details
