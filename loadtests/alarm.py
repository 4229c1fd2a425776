"""Waking on time: gevent's own timers come up to a millisecond late, because libev waits in whole milliseconds.

On Linux a timer of the kernel (``timerfd_create(2)``) wakes the event loop like any other socket that has something to
say, at the moment itself and without spinning. Elsewhere it is ``gevent.sleep``.
"""

from __future__ import annotations

import ctypes
import os
import time

import gevent

_MONOTONIC, _ABSOLUTE = 1, 1  # CLOCK_MONOTONIC, which time.perf_counter counts on Linux; TFD_TIMER_ABSTIME
_BILLION = 1_000_000_000


class _Setting(ctypes.Structure):
    """``struct itimerspec``: a period (none here) and a moment, each in seconds and nanoseconds."""

    _fields_ = (
        ("period_s", ctypes.c_long),
        ("period_ns", ctypes.c_long),
        ("at_s", ctypes.c_long),
        ("at_ns", ctypes.c_long),
    )


class Alarm:
    """Wakes one greenlet at moments of ``time.perf_counter``."""

    def __init__(self) -> None:
        self._file: int | None = None
        try:
            system = ctypes.CDLL(None, use_errno=True)
            made = system.timerfd_create(_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
            self._set = system.timerfd_settime
        except (AttributeError, OSError):
            return  # no Linux
        if made < 0 or time.get_clock_info("perf_counter").implementation != "clock_gettime(CLOCK_MONOTONIC)":
            return
        self._file = made
        self._setting = _Setting()
        hub = gevent.get_hub()
        self._hub, self._watcher = hub, hub.loop.io(made, 1)

    def wait(self, until: float) -> None:
        """Return at that moment (seconds of ``time.perf_counter``); at once when it is past."""
        wait = until - time.perf_counter()
        if wait <= 0:
            return
        if self._file is None:
            gevent.sleep(wait)
            return
        self._setting.at_s, self._setting.at_ns = divmod(int(until * _BILLION), _BILLION)
        self._set(self._file, _ABSOLUTE, ctypes.byref(self._setting), None)
        self._hub.wait(self._watcher)
        os.read(self._file, 8)

    def close(self) -> None:
        """Give the kernel's timer back."""
        if self._file is not None:
            self._watcher.close()
            os.close(self._file)
            self._file = None
