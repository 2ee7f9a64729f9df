"""jaxgan's training steps beside PyTorch's and TensorFlow's: ``python -m benchmarks.compare``.

README.md describes the workloads, the contenders and the measurement.
"""

import contextlib
import difflib
import importlib.util
import json
import math
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import tyro

from benchmarks.contenders import CONTENDERS
from benchmarks.workloads import DEFAULT, WORKLOADS
from jaxgan import cli
from jaxgan.errors import InputError

REFERENCE = "jaxgan"
"""Contender that the others are compared with."""
MINIMUM = 2
"""Smallest number of steps in a window."""
PAUSE = 0.3
"""Pause in seconds before a window, until the last contender's threads stop waiting for work."""
Columns: TypeAlias = dict[str, tuple[str, int, str]]
"""Columns by title, after the contender's name: field of a row, width, format."""
COLUMNS: Columns = {
    "ms/step": ("ms_per_step", 9, ",.1f"),
    "ratio": ("ratio", 6, ".2f"),
    "least": ("ratio_least", 6, ".2f"),
    "most": ("ratio_most", 6, ".2f"),
    "compile s": ("compile_seconds", 9, ".1f"),
    "peak MiB": ("peak_mib", 8, ",.0f"),
}


GPU = "JAXGAN_BENCHMARK_GPU"
"""Environment variable that :mod:`benchmarks.gpu` sets, so that contenders see the GPU."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """Compares training steps of jaxgan and its peers on this machine's CPUs."""

    workloads: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """Names of workloads; empty: the default set in README.md."""
    contenders: tuple[str, ...] = ()
    """Names of contenders; empty: all."""
    rounds: int = 7
    """Number of windows per contender."""
    seconds: float = 10.0
    """Total length in seconds of a contender's windows."""
    batch_size: int | None = None
    """Batch size, instead of the workloads' own."""
    out: str | None = None
    """Output FILE.json for the results."""
    preload: str | None = None
    """Shared library, such as an allocator, with which contenders are started, by LD_PRELOAD."""


# Contenders' processes.


class WorkerError(Exception):
    """A contender has ended; the message says why in one line."""


class Worker:
    """A contender in its own process, which waits between its windows."""

    def __init__(
        self, name: str, workload: str, batch_size: int | None, folder: Path, preload: str | None
    ):
        """Starts the process and waits until it has compiled and warmed up.

        Raises:
          WorkerError: the process ends before that.
        """
        contender = CONTENDERS[name]
        task = {
            "module": contender.module,
            "form": contender.form,
            "workload": workload,
            "batch_size": batch_size,
        }
        self._folder = Path(tempfile.mkdtemp(dir=folder))
        boot = "import sys; from benchmarks.worker import work; work(sys.argv[1])"
        with (self._folder / "stderr").open("w") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-c", boot, json.dumps(task)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=environment(self._folder, preload),
            )
        try:
            self.started = self._answer()
        except BaseException:
            self.close()
            raise

    def window(self, calls: int) -> dict[str, Any]:
        """``seconds`` of a number of calls, and ``peak_mib`` so far.

        Raises:
          WorkerError: the process ends meanwhile.
        """
        time.sleep(PAUSE)
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(f"{calls}\n")
            self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        with contextlib.suppress(BrokenPipeError):
            self._process.communicate()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        answer = json.loads(line) if line else {"error": self._last_words()}
        if "error" in answer:
            raise WorkerError(answer["error"])
        return answer

    def _last_words(self) -> str:
        code = self._process.wait()
        if code < 0:
            return f"ended by {signal.Signals(-code).name}"
        lines = (self._folder / "stderr").read_text().split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), f"exit code {code}")


def environment(folder: Path, preload: str | None) -> dict[str, str]:
    """A contender's environment: CPUs only unless :data:`GPU` is set, and no compilation cache."""
    cpu = {"JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": ""}
    paths = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        **({"XLA_PYTHON_CLIENT_PREALLOCATE": "false"} if GPU in os.environ else cpu),
        "JAX_ENABLE_COMPILATION_CACHE": "false",
        "TORCHINDUCTOR_CACHE_DIR": str(folder),
        **({"LD_PRELOAD": preload} if preload else {}),
    }


# One workload.


def compare(workload: str, names: Sequence[str], command: Command) -> list[dict[str, Any]]:
    """Measures all contenders; returns one row per contender."""
    rows = {name: {"contender": name, "status": "ok", "rounds_ms": []} for name in names}
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        workers: dict[str, Worker] = {}
        for name, row in rows.items():
            with _reported(row, "not available"):
                _check_installed(name)
                say(f"{workload}: {name} starts")
                worker = Worker(name, workload, command.batch_size, Path(folder), command.preload)
                stack.callback(worker.close)
                workers[name] = worker
                row |= worker.started
        take_turns(workers, rows, command.rounds, command.seconds)
    return summarize(list(rows.values()))


def take_turns(
    workers: dict[str, Worker], rows: dict[str, dict[str, Any]], rounds: int, seconds: float
) -> None:
    """Fills in ``rounds_ms``: one window per worker and round, in rotating order."""
    calls = {}
    for name, worker in workers.items():
        with _reported(rows[name], "failed"):
            guess = worker.window(1)["seconds"]
            least = math.ceil(MINIMUM / rows[name]["steps"])
            calls[name] = max(least, round(seconds / rounds / guess))
    for i in range(rounds):
        turn = i % max(1, len(calls))
        order = [*calls][turn:] + [*calls][:turn]
        for name in [name for name in order if rows[name]["status"] == "ok"]:
            row = rows[name]
            with _reported(row, "failed"):
                answer = workers[name].window(calls[name])
                steps = calls[name] * row["steps"]
                row["rounds_ms"].append(1000 * answer["seconds"] / steps)
                row |= {"peak_mib": answer["peak_mib"], "steps_per_window": steps}


def _check_installed(name: str) -> None:
    contender = CONTENDERS[name]
    if importlib.util.find_spec(contender.package) is None:
        raise ImportError(f"not installed: pip install {contender.requirement}")


@contextlib.contextmanager
def _reported(row: dict[str, Any], stage: str) -> Iterator[None]:
    """Records the error of a contender that ends as its status."""
    try:
        yield
    except ImportError as error:
        row["status"] = str(error)
    except WorkerError as error:
        row["status"] = f"{stage}: {error}"


def summarize(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Adds medians to the rows, and ratios to :data:`REFERENCE`'s window in the same round."""
    reference = [
        r["rounds_ms"] for r in rows if r["contender"] == REFERENCE and r["status"] == "ok"
    ]
    result = []
    for row in rows:
        times = row["rounds_ms"] if row["status"] == "ok" else []
        row = {**row, "ms_per_step": statistics.median(times) if times else None}
        if times and reference:
            ratios = [a / b for a, b in zip(times, reference[0], strict=True)]
            row |= {"ratios": ratios, "ratio": statistics.median(ratios)}
            row |= {"ratio_least": min(ratios), "ratio_most": max(ratios)}
        result.append(row)
    return result


# The command.


def machine() -> dict[str, Any]:
    """The machine and the versions on which the numbers were measured."""
    return {
        "processor": processor(),
        "cpus": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "date": time.strftime("%Y-%m-%d"),
    }


def processor() -> str:
    """The CPU's name, if the system provides it."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def header(columns: Columns = COLUMNS) -> str:
    """The titles of the columns."""
    titles = [f"{title:>{width}}" for title, (_, width, _) in columns.items()]
    return "  ".join([f"{'contender':20}", *titles])


def line(row: dict[str, Any], columns: Columns = COLUMNS) -> str:
    """A row as text; without numbers, the reason."""
    if row["status"] != "ok":
        return f"{row['contender']:20}  {row['status']}"
    cells = [f"{row['contender']:20}"]
    for name, width, form in columns.values():
        value = row.get(name)
        cells.append(f"{'-' if value is None else format(value, form):>{width}}")
    return "  ".join(cells)


def verdict(rows: list[dict[str, Any]]) -> str:
    """A line with the fastest peer and the median ratio to it."""
    if not any(row["contender"] == REFERENCE and row["status"] == "ok" for row in rows):
        return f"{REFERENCE} was not measured, so there are no ratios"
    peers = [
        r for r in rows if r["status"] == "ok" and CONTENDERS[r["contender"]].package != "jaxgan"
    ]
    if not peers:
        return "no peer was measured"
    best = min(peers, key=lambda row: row["ratio"])
    word = "faster" if best["ratio"] >= 1 else "slower"
    return (
        f"the fastest peer is {best['contender']}: its steps take {best['ratio']:.2f} of"
        f" {REFERENCE}'s time, so {REFERENCE} is {word}"
    )


def choose(field: str, names: Iterable[str], known: Sequence[str]) -> list[str]:
    """The given names, without duplicates.

    Raises:
      InputError: a name is unknown; the line suggests the nearest one.
    """
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1, 0.4)
            hint = f"did you mean {near[0]}?" if near else f"use one of {', '.join(known)}"
            raise InputError(f"{field}: there is no {name!r}; {hint}")
    return list(dict.fromkeys(names))


def check(command: Command) -> None:
    """Raises InputError for an invalid field."""
    for field in ("rounds", "seconds", "batch_size"):
        value = getattr(command, field)
        if value is not None and value <= 0:
            raise InputError(f"{field}: {value} is not above 0")
    if command.out and not Path(command.out).absolute().parent.is_dir():
        raise InputError(f"out: there is no folder {Path(command.out).parent}")
    if command.preload and not Path(command.preload).is_file():
        raise InputError(f"preload: there is no file {command.preload}")


def say(text: str) -> None:
    """Prints progress to stderr, beside the table."""
    print(text, file=sys.stderr, flush=True)


def report(
    workload: str, rows: list[dict[str, Any]], batch_size: int, columns: Columns = COLUMNS
) -> str:
    """A workload's table as text."""
    this = WORKLOADS[workload]
    versions = ", ".join(dict.fromkeys(row["version"] for row in rows if "version" in row))
    title = f"\n{workload}: {this.about}; batch {batch_size}; {versions}"
    lines = [line(row, columns) for row in rows]
    return "\n".join([title, header(columns), *lines, f"{workload}: {verdict(rows)}"])


def main(args: list[str]) -> None:
    """The command."""
    command = cli.parse(Command, None, args, "python -m benchmarks.compare")
    check(command)
    workloads = choose("workloads", command.workloads or DEFAULT, list(WORKLOADS))
    names = choose("contenders", command.contenders or CONTENDERS, list(CONTENDERS))
    result = {**machine(), "rounds": command.rounds, "seconds": command.seconds}
    print(", ".join(f"{name} {value}" for name, value in machine().items()))
    result |= {"preload": command.preload, "workloads": []}
    for workload in workloads:
        batch_size = command.batch_size or WORKLOADS[workload].batch_size
        rows = compare(workload, names, command)
        print(report(workload, rows, batch_size), flush=True)
        result["workloads"].append({"workload": workload, "batch_size": batch_size, "rows": rows})
        if command.out:
            Path(command.out).write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    cli.main(main)
