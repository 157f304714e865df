"""The watcher: a child process that looks at one raw folder, so that a hung mount blocks nobody else.

It polls, because network mounts tell nothing by themselves. A look lists the folder and asks the file system only
for files that are not done; whoever has 100,000 exposures, all but a few of them done, waits for a listing.
Subfolders are not entered: for now the raw folder itself is where exposures are.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import timedelta

from cloudlet.analytics.folders import Listing, list_folder, prepare_project, stamp_of
from cloudlet.analytics.models import Problem, Readiness
from cloudlet.analytics.rules import Phase, Watched, folder_problem, is_due, judge, see
from cloudlet.analytics.tasks import describe_failure
from cloudlet.analytics.watcher_messages import (
    Afresh,
    Assignment,
    Done,
    FileChange,
    FolderScan,
    Handed,
    Held,
    Order,
    Pulse,
    Reading,
)
from cloudlet.clock import Clock, utc_now
from cloudlet.compute import Channel, memory_limited

__all__ = ["Watcher", "watch"]

PULSE_SECONDS = 1.0
READING_SECONDS = 2.0
"""How long a look goes on opening files before it reports; the others' turn comes at the next look."""
REST_SHARE = 5
LONGEST_REST_SECONDS = 10.0
"""A look that takes long is followed by `REST_SHARE` times its length of rest, but by no more than this."""

MEMORY_BYTES = 2 << 30
"""Address space of a watcher: numerical and file libraries on one thread take 120 MB of it, a folder of 100,000 names
100 MB; what is left is for the directory of one file, which may claim to be of any size."""


def watch(channel: Channel, assignment: Assignment) -> None:
    """Look and report for ever; the other end's going ends it."""
    channel.send(Pulse())  # before any file system is touched
    watcher = Watcher(assignment, channel)
    with memory_limited(MEMORY_BYTES):
        while True:
            began = time.monotonic()
            channel.send(watcher.scan())
            rest = min(LONGEST_REST_SECONDS, REST_SHARE * (time.monotonic() - began))
            _obey_until(watcher, channel, began + max(assignment.poll_seconds, rest))


def _obey_until(watcher: Watcher, channel: Channel, end: float) -> None:
    while channel.poll(max(0.0, end - time.monotonic())):
        watcher.obey(channel.recv())


class Watcher:
    """What is remembered of one raw folder between two looks.

    Parameters
    ----------
    assignment
        The folder, how to look at it, and what is known of it.
    channel
        Takes `Pulse` and `Reading` while a look goes on.
    clock
        Source of the present time.
    """

    def __init__(self, assignment: Assignment, channel: Channel, clock: Clock = utc_now) -> None:
        self._assignment = assignment
        self._channel = channel
        self._clock = clock
        self._patience = timedelta(seconds=assignment.patience_seconds)
        self._device: int | None = None
        self._project_is_ready = False
        self._spoke_at = time.monotonic()
        known = assignment.known
        self._done = set(known.done)
        now = clock()
        self._watched: dict[str, Watched] = {
            **{name: Watched(Phase.READY, None, now) for name in known.handed},
            **{name: Watched(Phase.GROWING, None, now) for name in known.arriving},
            **{name: Watched(Phase.FAILED, stamp, now) for name, stamp in known.held.items()},
        }

    def scan(self) -> FolderScan:
        """Look once; sends pulses meanwhile, so that silence means a file system that does not answer."""
        listing = self._list()
        if isinstance(listing, Problem):
            return FolderScan(listing)
        before = dict(self._watched)
        exposures = {name for name in listing.names - self._done if self._assignment.workload.is_exposure(name)}
        self._see(exposures | self._watched.keys(), exposures)
        self._read()
        return FolderScan(self._project_problem(), self._changes(before), self._count_unsettled())

    def obey(self, order: Order) -> None:
        """Take over what became of an exposure."""
        self._watched.pop(order.name, None)
        match order:
            case Done(name):
                self._done.add(name)
            case Handed(name):
                self._watched[name] = Watched(Phase.READY, None, self._clock())
            case Held(name, stamp):
                self._watched[name] = Watched(Phase.FAILED, stamp, self._clock())
            case Afresh(name):
                self._watched[name] = Watched(Phase.GROWING, None, self._clock())

    def _list(self) -> Listing | Problem:
        folder = self._assignment.raw_folder
        listing = list_folder(folder)
        if isinstance(listing, Problem):
            return listing
        known = self._done | self._watched.keys()
        is_same = self._device in {None, listing.device}
        problem = folder_problem(str(folder), listing.names, known, is_same_device=is_same)
        if problem is None:
            self._device = listing.device
        return problem or listing

    def _project_problem(self) -> Problem | None:
        """Prepare the project folder until it has worked once; later trouble shows in the tasks."""
        if self._project_is_ready:
            return None
        folders = self._assignment.project_folder, self._assignment.raw_folder
        problem = prepare_project(*folders, self._assignment.workload.product_folders)
        self._project_is_ready = problem is None
        return problem

    def _see(self, names: Iterable[str], present: set[str]) -> None:
        for name in names:
            watched = self._watched.get(name)
            if watched is not None and watched.phase is Phase.READY:
                continue
            self._pulse()
            stamp = stamp_of(self._assignment.raw_folder / name) if name in present else None
            after = see(watched, stamp, self._clock())
            if after is not None:
                self._watched[name] = after

    def _read(self) -> None:
        now = self._clock()
        end = time.monotonic() + READING_SECONDS
        due = [name for name, watched in self._watched.items() if is_due(watched, now, self._patience)]
        for name in sorted(due, key=self._age):
            self._watched[name] = self._read_one(name, self._watched[name])
            if time.monotonic() > end:
                return

    def _read_one(self, name: str, watched: Watched) -> Watched:
        self._speak(Reading(name, watched.stamp))
        path = self._assignment.raw_folder / name
        try:
            readiness = self._assignment.workload.readiness(path, self._assignment.settings)
        except Exception as problem:  # noqa: BLE001 - the edge of a look: this file fails, the others go on
            readiness = Readiness(is_complete=False, problem=describe_failure(name, problem), is_final=True)
        return judge(watched, readiness, self._clock(), self._patience)

    def _age(self, name: str) -> tuple[int, str]:
        stamp = self._watched[name].stamp
        return (0 if stamp is None else stamp.modified_ns, name)

    def _changes(self, before: dict[str, Watched]) -> tuple[FileChange, ...]:
        changed = [name for name, watched in self._watched.items() if _reported(before.get(name)) != _reported(watched)]
        return tuple(_file_change(name, self._watched[name]) for name in sorted(changed, key=self._age))

    def _count_unsettled(self) -> int:
        return sum(watched.phase in {Phase.GROWING, Phase.STILL} for watched in self._watched.values())

    def _pulse(self) -> None:
        if time.monotonic() - self._spoke_at > PULSE_SECONDS:
            self._speak(Pulse())

    def _speak(self, word: Pulse | Reading) -> None:
        self._spoke_at = time.monotonic()
        self._channel.send(word)


def _reported(watched: Watched | None) -> tuple[Phase, Problem | None] | None:
    """Return what others know of an exposure: that it has grown a little more is no news."""
    if watched is None:
        return None
    phase = Phase.GROWING if watched.phase is Phase.STILL else watched.phase
    return phase, watched.problem


def _file_change(name: str, watched: Watched) -> FileChange:
    return FileChange(name, watched.phase, watched.stamp, watched.problem)
