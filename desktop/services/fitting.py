"""Pictures that were taken in for one gateway, made small enough for another that takes less."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace

from desktop.services.images import image_of
from models.chat import Backend, ChatEvent, ChatRequest, Image, Message


class FittingBackend:
    """The same backend; what is too large for whoever answers is scaled on the way, beside the loop.

    `limits` gives the longest side in pixels and the most bytes of a picture for a model's id; it is called
    on the loop's thread, and only where there are pictures. Raises BadImage where nothing helps.
    """

    def __init__(self, backend: Backend, limits: Callable[[str], tuple[int, int]]) -> None:
        self._backend, self._limits = backend, limits

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        if any(message.images for message in request.messages):
            request = await _fitted(request, *self._limits(request.model))
        async with aclosing(self._backend.stream(request)) as events:
            async for event in events:
                yield event

    async def aclose(self) -> None:
        await self._backend.aclose()


async def _fitted(request: ChatRequest, side: int, most_bytes: int) -> ChatRequest:
    import asyncio

    def fit(image: Image) -> Image:
        if max(image.width, image.height) <= side and len(image.data) <= most_bytes:
            return image
        return image_of(image.data, side=side, most_bytes=most_bytes)

    def fit_all(message: Message) -> Message:
        return replace(message, images=tuple(map(fit, message.images))) if message.images else message

    messages = await asyncio.to_thread(lambda: tuple(map(fit_all, request.messages)))
    return replace(request, messages=messages)
