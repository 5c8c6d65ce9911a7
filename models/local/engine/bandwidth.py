"""How fast this machine reads its memory, which is what decoding a large model waits for."""

from __future__ import annotations

import threading
import time

import numpy as np

_PART_BYTES = 96 << 20
_ROUNDS = 4


def measure(threads: int) -> float:
    """Bytes a second that so many threads read together, the best of a few rounds; takes 0.1 to 0.5 s.

    Each reads a part of its own that no cache holds.
    """
    parts = [np.ones(_PART_BYTES // 8, dtype=np.float64) for _ in range(max(1, threads))]
    best = 0.0
    for _ in range(_ROUNDS):
        readers = [threading.Thread(target=part.max) for part in parts]  # lets go of Python's lock
        begun = time.perf_counter()
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        best = max(best, len(parts) * _PART_BYTES / (time.perf_counter() - begun))
    return best
