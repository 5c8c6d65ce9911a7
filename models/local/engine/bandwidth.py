"""How fast this machine reads its memory, which is what decoding a large model waits for."""

from __future__ import annotations

import threading
import time

import numpy as np

from models import hardware

_PART_BYTES = 96 << 20
_ROUNDS = 4


def measure(threads: int) -> float:
    """Bytes a second that so many threads read together, the best of a few rounds; takes 0.1 to 0.5 s.

    Each reads a part of its own that no cache holds, an eighth of what is free in all at most.
    """
    threads = max(1, threads)
    size = min(_PART_BYTES, hardware.memory_available_bytes() // (8 * threads))
    parts = [np.ones(max(size // 8, 1), dtype=np.float64) for _ in range(threads)]
    best = 0.0
    for _ in range(_ROUNDS):
        readers = [threading.Thread(target=part.max) for part in parts]  # lets go of Python's lock
        begun = time.perf_counter()
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        best = max(best, sum(part.nbytes for part in parts) / (time.perf_counter() - begun))
    return best
