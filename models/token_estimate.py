"""How many tokens a text can be, without the model's tokenizer and fast enough for every key stroke."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from models.chat import ChatRequest, Message

_OVERHEAD = 16  # what a chat template puts around one message, at most
_CARRIED_ON = 256  # bytes of the words by which a gateway is asked to go on, and their template, at most
_BYTES_PER_TOKEN = 6  # seldom more: long words of English; Chinese has three bytes a sign


@dataclass(frozen=True, slots=True)
class TokenEstimate:
    """The tokens lie between `low`, where they hardly ever are fewer, and `high`, which they can't exceed.

    A byte-level tokenizer makes no token of less than one byte; that is the upper bound. `likely` is
    what an answer that broke off is counted as where nothing better is at hand.
    """

    low: int
    likely: int
    high: int

    def __add__(self, other: TokenEstimate) -> TokenEstimate:
        return TokenEstimate(self.low + other.low, self.likely + other.likely, self.high + other.high)


NOTHING = TokenEstimate(0, 0, 0)
_FEWEST = 85  # for a picture that is looked at coarsely, as OpenAI counts one
# Pixels on a patch's side: as Qwen’s models cut a picture up, and as Pixtral does.
_LIKELY, _SMALLEST = 28, 16


def estimate(text: str) -> TokenEstimate:
    """Of one text without what a template adds."""
    size = len(text.encode("utf-8", "surrogatepass"))
    wide = (size - len(text)) // 2  # signs of three bytes; about one token each, ASCII about four a token
    narrow = max(size - 3 * wide, 0)
    return TokenEstimate(-(-size // _BYTES_PER_TOKEN), wide + -(-narrow // 4), size)


def estimate_prompt(messages: Iterable[Message]) -> TokenEstimate:
    """Of a whole prompt: texts and pictures, for the upper bound with what a template puts around each."""
    total = NOTHING
    for message in messages:
        total += estimate(message.text) + TokenEstimate(1, 4, _OVERHEAD)
        for image in message.images:
            total += of_picture(image.width, image.height)
    return total


def estimate_request(request: ChatRequest) -> TokenEstimate:
    """Of all that a request has read: its messages, an answer to go on with, and a form to keep to."""
    total = estimate_prompt(request.messages)
    if request.answer_so_far:
        total += estimate(request.answer_so_far) + TokenEstimate(0, 4, _CARRIED_ON)
    form = (request.sampling.json_schema or "") + (request.sampling.grammar or "")
    return total + TokenEstimate(0, 0, estimate(form).high) if form else total


def of_picture(width: int, height: int) -> TokenEstimate:
    """Of a picture of so many pixels. Models differ, and none tells in advance: the bounds are wide."""
    likely, most = (-(-width // side) * -(-height // side) for side in (_LIKELY, _SMALLEST))
    return TokenEstimate(min(_FEWEST, likely), likely, max(most, 2 * _FEWEST))
