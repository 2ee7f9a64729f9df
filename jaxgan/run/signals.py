"""Signals that end a run after the step in flight."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any

import jax

from jaxgan.system import processes


class StoppedError(Exception):
    """A signal interrupted a long operation."""


@contextlib.contextmanager
def stop_signals() -> Iterator[list[int]]:
    """Collects SIGTERM and Ctrl-C, so that the current step completes; a second one interrupts.

    Outside the main thread Python allows no signal handlers, and nothing is collected.
    """
    received: list[int] = []

    def note(number: int, frame: Any) -> None:
        del frame
        if received:
            raise KeyboardInterrupt
        received.append(number)

    main = threading.current_thread() is threading.main_thread()
    numbers = (signal.SIGTERM, signal.SIGINT) if main else ()
    old = {number: signal.signal(number, note) for number in numbers}
    try:
        yield received
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


def raise_if_stopped(received: list[int]) -> None:
    """Raises StoppedError after a signal; several processes go on, since they stop together."""
    if received and jax.process_count() == 1:
        raise StoppedError


def agreed(received: list[int], step: int, every: int) -> int:
    """The signal that ends the run at this step, or 0.

    Several processes ask each other every ``every`` steps, and end together.
    """
    number = received[0] if received else 0
    if jax.process_count() == 1:
        return number
    return processes.agree(number) if step % every == 0 else 0
