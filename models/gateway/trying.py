"""One attempt at an answer, from the request to its line in the accounts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace

from models.chat import ChatEvent, ChatRequest, Finished, FinishReason, Timings, Usage
from models.errors import AppError, EndlessReply, GatewayError, Interrupted
from models.gateway.answer import Answer
from models.gateway.attempts import Attempt, Outcome
from models.gateway.body import Body
from models.gateway.failures import Asked, broke_off, never_began
from models.gateway.retrying import Place
from models.gateway.sse import Caps
from models.gateway.wire import Chunk, Head, Timeouts, exchange
from models.outbound import Outbound


class Try:
    """Asks once. `plan` is the attempt as known beforehand; what became of it is told exactly once."""

    def __init__(
        self,
        request: ChatRequest,
        body: Body,
        asked: Asked,
        plan: Attempt,
        place: Place,
        outbound: Outbound,
        timeouts: Timeouts,
        caps: Caps,
        clock: Callable[[], float],
        attempted: Callable[[Attempt], None],
    ) -> None:
        self.body = body
        self._asked, self._place, self._outbound = asked, place, outbound
        self._timeouts, self._caps, self._clock, self._attempted = timeouts, caps, clock, attempted
        self._plan = replace(plan, thinking=request.thinking)
        self._answer = Answer(request, clock, body.asks)
        self._continues = bool(request.answer_so_far)
        self._status: int | None = None
        self._request_id = ""
        self._tps: float | None = None

    @property
    def begun(self) -> bool:
        """Whether a part of the answer was given out, so that asking again would be a second answer."""
        return self._answer.begun

    async def events(self) -> AsyncGenerator[ChatEvent, None]:
        """The answer's parts, then Finished. Raises AppError; Interrupted once something was given out."""
        outcome, error_name = Outcome.STOPPED, ""
        try:
            async with aclosing(self._parts()) as parts:
                async for part in parts:
                    yield part
            end = self._finished(self._answer.reason)
            outcome = Outcome.FINISHED
            yield end
        except AppError as error:
            outcome = Outcome.INTERRUPTED if self.begun else Outcome.FAILED
            error_name = type(error).__name__
            if isinstance(error, GatewayError):
                self._status = error.status or self._status
                self._request_id = error.request_id or self._request_id
            raise
        finally:
            self._tell(outcome, error_name)

    async def _parts(self) -> AsyncGenerator[ChatEvent, None]:
        failure: AppError | None = None
        try:
            async with aclosing(self._chunks()) as chunks:
                async for chunk in chunks:
                    for part in self._answer.take(chunk):
                        yield part
        except AppError as error:
            failure = error
        for part in self._answer.rest():
            yield part
        if self._answer.reason is None:
            raise self._unfinished(failure) from failure

    async def _chunks(self) -> AsyncGenerator[Chunk, None]:
        """The answer's chunks; after its end only as long as its numbers may still come."""
        stream = exchange(self._outbound, self._place, self.body, self._asked, self._timeouts, self._caps)
        async with aclosing(stream):
            while True:
                patience = self._timeouts.after_finish_s if self._answer.reason else None
                try:
                    async with asyncio.timeout(patience):
                        item = await anext(stream, None)
                except TimeoutError:
                    return
                if item is None:
                    return
                if isinstance(item, Head):
                    self._status, self._request_id = item.status, item.request_id
                else:
                    yield item

    def _unfinished(self, failure: AppError | None) -> AppError:
        """What it means that the answer never ended, or failed before it did."""
        who = self._asked.provider
        if failure is not None and (not self.begun or isinstance(failure, EndlessReply | Interrupted)):
            return failure
        if failure is not None:
            return broke_off(self._asked, failure.cause, self._request_id, failure)
        if not self.begun and not self._continues:
            return never_began(self._asked, self._request_id, gave_up=bool(self._answer.failed))
        if self._answer.failed:
            return broke_off(self._asked, f"{who} gave up in the middle of the answer.", self._request_id)
        return broke_off(
            self._asked, f"{who} ended the connection before the answer was complete.", self._request_id
        )

    def _finished(self, reason: FinishReason | None) -> Finished:
        usage, answer = self._answer.usage(), self._answer
        self._tps = answer.speed(usage)
        timings = Timings(
            ttft_s=None if answer.first is None else answer.first - answer.began,
            prompt_tokens=usage.prompt_tokens,
            reused_tokens=usage.cached_tokens,
            completion_tokens=usage.completion_tokens,
            decode_tps=self._tps,
            request_id=self._request_id,
            attempts=self._plan.number,
        )
        return Finished(reason or FinishReason.STOP, usage, timings)

    def _tell(self, outcome: Outcome, error: str) -> None:
        answer = self._answer
        charged = outcome is Outcome.FINISHED or answer.begun or answer.counted
        self._attempted(
            replace(
                self._plan,
                outcome=outcome,
                status=self._status,
                error=error,
                request_id=self._request_id,
                ttft_s=None if answer.first is None else answer.first - answer.began,
                total_s=self._clock() - answer.began,
                tps=self._tps,
                usage=answer.usage() if charged else Usage(),
            )
        )
