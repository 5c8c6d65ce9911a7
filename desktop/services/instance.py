"""Lets one Inshore run for one data folder; a second start asks the first to show its window.

A lock file decides who is first. The local socket could not (a second process may take it over); it
carries one of two fixed requests and an answer. Files are only offered: what becomes of them the user says.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from PySide6.QtCore import QByteArray, QLockFile, QObject, QSysInfo, QTimer, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from desktop.services.handover import LONGEST, may_become, request, understood
from desktop.system.paths import shown
from models.errors import AppError

_ANSWER = b"here\n"
_PATIENCE_MS = 2_500  # so that even a start that ends in a message takes less than 3 s
_STEP_MS = 50
_CLIENT_MS = 3_000
_NEWBORN_S = 3.0
_CLOCK_S = 2.0


class Outcome(Enum):
    """What a start has to do: open the window, leave quietly, or say why it can't do either."""

    FIRST = "first"
    HANDED_OVER = "handed over"
    HUNG = "hung"


class SingleInstance(QObject):
    """One claim to be the only Inshore that uses the folder of `lock_file`, for as long as this lives.

    `show_requested`: another start asked for the window; `files_offered(paths)` after it, where it was
    started with model files. Needs a running event loop in the first. `files` is what this start offers.
    """

    show_requested = Signal()
    files_offered = Signal(list)

    def __init__(
        self,
        lock_file: Path,
        parent: QObject | None = None,
        *,
        patience_ms: int = _PATIENCE_MS,
        files: Sequence[Path] = (),
    ) -> None:
        super().__init__(parent)
        self._request = request(files)
        self._path = lock_file
        self._patience_ms = patience_ms
        self._folder = _Folder(lock_file.parent)
        self._lock = QLockFile(self._folder.name_of(lock_file.name))
        self._lock.setStaleLockTime(0)  # age says nothing about a lock that is held all day
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._welcome)

    def claim(self) -> Outcome:
        """Decide, within three seconds; may block that long. Raises AppError where no lock can be made."""
        deadline = time.monotonic() + self._patience_ms / 1000
        while True:
            if self._lock.tryLock(0) or self._take_over():
                self._listen()
                return Outcome.FIRST
            self._check_folder()
            if self._ask(deadline):
                return Outcome.HANDED_OVER
            if time.monotonic() >= deadline:
                return Outcome.HUNG
            if self._lock.tryLock(_STEP_MS):
                self._listen()
                return Outcome.FIRST

    def explanation(self) -> AppError:
        """Why HUNG, and what to do."""
        hint = "Wait a moment and start it again."
        if pid := self._lock.getLockInfo()[0]:
            hint += f" If it stays silent, end the process {pid}."
        return AppError(
            "It did not answer when asked to show its window.", hint, title="Inshore is already open."
        )

    def release(self) -> None:
        """Let the next start be first. Repeatable; the process's end does the same."""
        self._server.close()
        self._lock.unlock()
        self._folder.close()

    # -- the lock

    def _take_over(self) -> bool:
        """Claim what a dead process left where Qt can't tell: id reused, host renamed, file empty.

        Qt removes stale locks under this same second lock, so only one of many starts does. A lock whose
        owner lives is held by the system as well and can't be removed, however wrong the clock is.
        """
        if not self._is_left_behind():
            return False
        guard = QLockFile(self._folder.name_of(self._path.name + ".rmlock"))
        if not guard.tryLock(0):
            return False
        removed = self._is_left_behind() and self._lock.removeStaleLockFile()
        guard.unlock()
        return removed and self._lock.tryLock(0)

    def _is_left_behind(self) -> bool:
        try:
            written = self._path.stat().st_mtime
            owner = _Owner.read(self._path)
        except OSError:
            return False
        if owner is None:
            return time.time() - written > _NEWBORN_S
        return owner.is_gone(written)

    def _check_folder(self) -> None:
        if self._lock.error() is not QLockFile.LockError.LockFailedError:
            raise AppError(
                f"The file “{shown(self._path)}” can’t be made.",
                "Check that the folder exists and who may write there.",
                title="Inshore can’t start.",
                details=self._lock.error().name,
            )

    # -- the first

    def _listen(self) -> None:
        """Without a socket this is still the only Inshore; later ones then get a message, not the window."""
        if os.name == "posix":
            with suppress(OSError):
                self._path.chmod(0o600)
        name = self._socket_name()
        QLocalServer.removeServer(name)
        self._server.listen(name)

    def _welcome(self) -> None:
        while self._server.hasPendingConnections():
            socket = self._server.nextPendingConnection()
            socket.setReadBufferSize(LONGEST + 1)  # all a client may send
            socket.readyRead.connect(self._read)
            socket.disconnected.connect(socket.deleteLater)
            QTimer.singleShot(_CLIENT_MS, socket, socket.abort)
            self._serve(socket)

    def _read(self) -> None:
        socket = self.sender()
        if isinstance(socket, QLocalSocket):
            self._serve(socket)

    def _serve(self, socket: QLocalSocket) -> None:
        heard = bytes(socket.peek(LONGEST + 1).data())
        files = understood(heard)
        if files is None:
            if not may_become(heard):
                socket.abort()
            return
        socket.read(len(heard))
        socket.write(_ANSWER)
        socket.disconnectFromServer()
        self.show_requested.emit()
        if files:
            self.files_offered.emit(files)

    # -- a later one

    def _ask(self, deadline: float) -> bool:
        """Ask whoever listens; whether it answered."""
        socket = QLocalSocket()
        socket.connectToServer(self._socket_name())
        if not socket.waitForConnected(_left_ms(deadline)):
            return False
        socket.write(self._request)
        answered = socket.waitForReadyRead(_left_ms(deadline))
        return answered and socket.readAll().data() == _ANSWER

    def _socket_name(self) -> str:
        if os.name == "posix":
            return self._folder.name_of(self._path.stem + ".socket")
        return "inshore-" + hashlib.sha256(os.fsencode(self._path)).hexdigest()[:24]


class _Folder:
    """A folder by a short, plain name: a socket's path is limited to 107 bytes, and Qt's paths to text."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        if sys.platform == "linux" and Path("/proc/self/fd").is_dir():
            with suppress(OSError):  # said by the lock, which can't be made either
                self._descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def name_of(self, file: str) -> str:
        if self._descriptor is None:
            return str(self._path / file)
        return f"/proc/self/fd/{self._descriptor}/{file}"

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


@dataclass(frozen=True, slots=True)
class _Owner:
    """What a lock file says of the process that wrote it."""

    pid: int
    machine: str
    boot: str

    @classmethod
    def read(cls, path: Path) -> _Owner | None:
        """None while the file is being written, or when a crash left it unwritten."""
        try:
            pid, _program, _host, machine, boot, *_ = path.read_text(errors="replace").splitlines()
            return cls(int(pid), machine, boot)
        except ValueError:
            return None

    def is_gone(self, written: float) -> bool:
        """Whether no such process can be alive; never said of one on another machine."""
        if self.machine != _text(QSysInfo.machineUniqueId()):
            return False
        return self.boot != _text(QSysInfo.bootUniqueId()) or _is_gone(self.pid, written)


def _is_gone(pid: int, written: float) -> bool:
    """Whether the process has ended, and perhaps another one got its id since."""
    import psutil  # needed only where a lock is in the way

    try:
        return float(psutil.Process(pid).create_time()) > written + _CLOCK_S
    except (psutil.NoSuchProcess, ValueError, OverflowError):
        return True
    except psutil.Error:
        return False


def _text(value: QByteArray) -> str:
    return bytes(value.data()).decode(errors="replace")


def _left_ms(deadline: float) -> int:
    return max(1, round((deadline - time.monotonic()) * 1000))
