"""An import from its beginning to its end: batch by batch, each written down with what it took.

Whatever stops it, what was taken stays and is whole, the report says where it stopped, and a live
feed is read on from there the next time.
"""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import filterfalse, islice
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.exc import IntegrityError, OperationalError
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random

from services.providers.handlers import Directory
from services.providers.importing import sources, vanishing, waiting
from services.providers.importing.ledger import From
from services.providers.importing.material import Material
from services.providers.importing.mending.given_ids import given_id
from services.providers.importing.outcomes import Outcome, Report, RunState, Told, counted
from services.providers.importing.reading.feeds import FeedPage
from services.providers.importing.reading.records import Record, SourceBroken, Unreadable
from services.providers.importing.sources import Begun
from services.providers.importing.taking import Batch
from services.providers.importing.waiting import Known, Waiting, known_by
from services.providers.matches.of_services.proposing import propose_for
from services.providers.matches.proposing import propose
from shared.database import Lease, UnitOfWork

BATCH = 100
"""Records in one transaction: few enough that nobody waits for their locks."""
LEASE_SECONDS = 120.0
"""After which a run that says nothing more counts as lost."""
MOST_FINDINGS = 20_000
"""That are kept of one run; beyond, only their number."""

Progress = Callable[[Counter[str], int | None], None]
"""Told what was counted so far, and how many services there are, if the source says so."""

Item = TypeVar("Item")


class Busy(Exception):
    """The source is being imported by somebody else at this moment."""


class NotHeld(Exception):
    """An import that does not wait for anybody, or no longer."""


@dataclass(frozen=True)
class Wish:
    """What is asked of an import.

    Attributes:
        source: the source's name; by it what is imported is known the next time.
        hub: to which its organisations belong.
        by: who asks.
        whole: read all of a live feed, not only what changed.
        accept_shrinking: withdraw what vanished, however much it is.
        keeps_set: whether what is not in it has vanished; a single listing says nothing of others.
    """

    source: str
    hub: str
    by: str
    whole: bool = False
    accept_shrinking: bool = False
    keeps_set: bool = True


@dataclass(frozen=True)
class Limits:
    """How an import is held in bounds.

    Attributes:
        shrinking: the share of a source's services that may vanish at once.
        whole_each: how often all of a live feed is read.
    """

    shrinking: float = 0.2
    whole_each: timedelta = timedelta(days=7)


@dataclass
class Import:
    """One import.

    Args:
        directory: what to work with.
        wish: what is asked.
        limits: its bounds.
        progress: told after each batch.
        stop: ends it after the batch at hand.
    """

    directory: Directory
    wish: Wish
    limits: Limits = field(default_factory=Limits)
    progress: Progress | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    began: Begun | None = None

    def begin(self, address: str | None) -> Begun:
        """Note that it begins.

        Args:
            address: of a live feed; None for a file.

        Raises:
            Busy: somebody else imports this source.
            sources.NoSuchHub: see there.
            sources.OtherHubs: see there.
        """
        wish, now = self.wish, self.directory.clock()
        self._lease = Lease(self.directory.engine, f"import {wish.source}", seconds=LEASE_SECONDS)
        if self._lease.acquire() is None:
            raise Busy(wish.source)
        try:
            with UnitOfWork(self.directory.engine) as uow:
                source = sources.source_of(uow.session, wish.source, wish.hub, address, now)
                begun = sources.begin(
                    uow.session,
                    source,
                    by=wish.by,
                    now=now,
                    live=address is not None,
                    whole=wish.whole,
                    whole_each=self.limits.whole_each,
                )
                uow.commit()
        except Exception:
            self._lease.release()
            raise
        self.began = begun
        self._counts: Counter[str] = Counter(begun.counts)
        self._kept = 0
        self._changed = begun.seen
        self._refused = begun.refused
        self._waited = {known_by(each) for each in begun.waiting}
        self._keeps = address is not None
        self._total: int | None = None
        return begun

    def run(self, material: Material) -> Report:
        """Take all of it, then withdraw what vanished.

        Args:
            material: what was begun with.
        """
        begun = self.began
        assert begun is not None
        why: str | None = None
        state = RunState.BROKEN
        try:
            why = self._read(begun, material)
            if why is None:
                self._tell_if_short(begun)
                state, why = self._finish(begun, material)
        except SourceBroken as broken:
            why = broken.words
        finally:
            self._end(begun, state, why or "It ended in an error of ours; the log says more.")
            self._lease.release()
        with UnitOfWork(self.directory.engine) as uow:
            report = sources.report_of(uow.session, begun.id)
        assert report is not None
        return report

    # --- reading -----------------------------------------------------------------------------

    def _read(self, begun: Begun, material: Material) -> str | None:
        """Take every record; why it stopped before the end, if it did."""
        source = From(begun.source["id"], begun.source["name"], begun.source["hub"], begun.id)
        with Waiting() as spool:
            spool.add(begun.waiting)
            for page in material.pages(begun.page, begun.after):
                self._total = material.total
                for batch in _batches(page.records):
                    if self._stopped():
                        return "It was stopped; the next import goes on from there."
                    self._take(source, batch, spool, reading=True)
                self._turn(begun, page)
            self._note(begun, material)
            self._take_what_waits(source, spool)
            while self._decide_parents(source, spool):
                self._take_what_waits(source, spool)
            if self._decide_parents(source, spool, circles=True):
                self._take_what_waits(source, spool)
            for rest in _batches(spool.emptied()):
                self._take(source, rest, spool, last=True)
        return None

    def _take_what_waits(self, source: From, spool: Waiting) -> None:
        """Take what waits for something that came, until nothing more comes of it."""
        waited = -1
        while len(spool) not in (0, waited):
            waited = len(spool)
            for again in _batches(spool.emptied()):
                self._take(source, again, spool)

    def _decide_parents(self, source: From, spool: Waiting, *, circles: bool = False) -> bool:
        """Take organisations whose parent is in no source: others wait for them, and decided in
        the order in which they came, these would be refused, or lose a parent that there is.

        Args:
            source: whose they are.
            spool: where they wait.
            circles: instead one of each circle of those that wait for each other: without the
                parent of one all others have theirs.

        Returns:
            Whether there were any.
        """
        held = set(spool.first)
        ends = _one_of_each_circle(_read_again(spool)) if circles else set()

        def is_ready(each: Record) -> bool:
            return _lacks_its_parent(each, held) or known_by(each) in ends

        found = False
        for batch in _batches(spool.emptied()):
            ready = list(filter(is_ready, batch))
            spool.add(filterfalse(is_ready, batch))
            if ready:
                self._take(source, ready, spool, last=True)
                found = True
        return found

    def _stopped(self) -> bool:
        return self.stop.is_set() or self._lease.acquire() is None

    def _take(
        self,
        source: From,
        batch: Sequence[Record | Unreadable],
        spool: Waiting,
        *,
        reading: bool = False,
        last: bool = False,
    ) -> None:
        """One batch, one transaction; tried again where somebody else wrote at the same moment.

        Args:
            source: whose it is.
            batch: its records.
            spool: where those wait that name what did not come yet.
            reading: whether they come from the source just now, and not from the spool.
            last: whether nothing more comes.
        """

        def once() -> Sequence[Record]:
            with UnitOfWork(self.directory.engine) as uow:
                done = Batch(uow, self.directory, source, last=last, waits=spool.first)
                done.take(batch)
                # A page on which a run broke off is read twice, and what waits there waits already.
                still = [
                    each
                    for each in done.waiting
                    if not (reading and known_by(each) in self._waited)
                ]
                keeps = self._keeps
                if reading and keeps:
                    keeps = waiting.keep(uow.session, source.run, still)
                again = self._refused & {_told_by(each) for each in done.told}
                counts = self._counts - sources.forget_refused(uow.session, source.run, again)
                counts += counted(done.told)
                counts["waiting"] = len(spool) + len(still)
                self._tell(uow, source.run, done.told)
                sources.note(uow.session, source.run, counts=dict(+counts))
                uow.commit()
            self._counts, self._keeps = counts, keeps
            self._refused -= again
            for each in done.told:
                if each.outcome is Outcome.TAKEN and each.key:
                    self._changed[each.entity].add(each.key)
            return still

        retrying = Retrying(
            retry=retry_if_exception_type((IntegrityError, OperationalError)),
            wait=wait_random(0.05, 0.5),
            stop=stop_after_attempt(5),
            reraise=True,
        )
        spool.add(retrying(once))
        if self.progress:
            self.progress(self._counts, self._total)

    def _turn(self, begun: Begun, page: FeedPage) -> None:
        if page.number:
            with UnitOfWork(self.directory.engine) as uow:
                sources.note(uow.session, begun.id, page=page.number)
                uow.commit()

    def _tell(self, uow: UnitOfWork, run: UUID, told: Iterable[Told]) -> None:
        findings = [each for one in told for each in one.findings()]
        room = max(0, MOST_FINDINGS - self._kept)
        self._kept += len(findings)
        sources.tell(uow.session, run, findings[:room])

    def _note(self, begun: Begun, material: Material) -> None:
        """Tell what was changed of a file as a whole."""
        if material.repairs:
            name = begun.source["name"]
            with UnitOfWork(self.directory.engine) as uow:
                repaired = Told("file", name, Outcome.TAKEN, repairs=material.repairs)
                self._tell(uow, begun.id, [repaired])
                uow.commit()

    # --- ending ------------------------------------------------------------------------------

    def _finish(self, begun: Begun, material: Material) -> tuple[RunState, str | None]:
        with UnitOfWork(self.directory.engine) as uow:
            now = self.directory.clock()
            propose(uow.session, self._changed["organization"], now)
            propose_for(uow.session, self._changed["service"], now)
            uow.commit()
        if not (begun.whole and self.wish.keeps_set and material.is_set):
            return RunState.COMPLETE, None
        gone = vanishing.vanished(self.directory, begun)
        words = gone.too_many(self.limits.shrinking) or self._short() or _unsteady(material)
        if words and gone.services and not self.wish.accept_shrinking:
            return RunState.HELD, words
        self._withdraw(begun, accepted_by=self.wish.by if words else None)
        return RunState.COMPLETE, None

    def _withdraw(self, begun: Begun, *, accepted_by: str | None) -> None:
        for told in vanishing.withdraw(self.directory, begun, accepted_by=accepted_by):
            self._counts += counted(told)
            with UnitOfWork(self.directory.engine) as uow:
                self._tell(uow, begun.id, told)
                uow.commit()

    def _short(self) -> str | None:
        """A feed that gave fewer services than it says that it has."""
        read = self._counts["services"]
        if self._total is None or read >= self._total:
            return None
        return f"The feed says that it has {self._total} services, and gave {read}."

    def _tell_if_short(self, begun: Begun) -> None:
        """Say in the report that there is more than was given, also where nothing vanished."""
        if words := self._short():
            name = begun.source["name"]
            with UnitOfWork(self.directory.engine) as uow:
                fewer = Told("feed", name, Outcome.LEFT_OUT, words=words, rule="fewer")
                self._tell(uow, begun.id, [fewer])
                uow.commit()

    def _end(self, begun: Begun, state: RunState, why: str | None) -> None:
        now = self.directory.clock()
        if state is not RunState.BROKEN:
            del self._counts["waiting"]  # of one that broke off, they are read again the next time
        values: dict[str, Any] = {"state": str(state), "ended": now, "counts": dict(self._counts)}
        with UnitOfWork(self.directory.engine) as uow:
            kept = why if state is not RunState.COMPLETE else None
            sources.note(uow.session, begun.id, **values, why=kept)
            if state is not RunState.BROKEN:
                sources.read_to(uow.session, begun)
                waiting.forget(uow.session, begun.id)
            uow.commit()


def _told_by(told: Told) -> Known:
    """What a finding is known by."""
    return told.entity, told.given[:300]


def accept(directory: Directory, run: UUID, by: str) -> Report:
    """Withdraw what a held import did not see.

    Args:
        directory: what to work with.
        run: the import.
        by: who accepts it, for the history of each listing.

    Raises:
        NotHeld: it is not held, or a later one was begun.
    """
    with UnitOfWork(directory.engine) as uow:
        begun = sources.held(uow.session, run)
    if begun is None:
        raise NotHeld(run)
    counts = Counter(begun.counts)
    for told in vanishing.withdraw(directory, begun, accepted_by=by):
        counts += counted(told)
        with UnitOfWork(directory.engine) as uow:
            sources.tell(uow.session, run, [each for one in told for each in one.findings()])
            sources.note(uow.session, run, counts=dict(counts))
            uow.commit()
    with UnitOfWork(directory.engine) as uow:
        sources.note(uow.session, run, state=str(RunState.COMPLETE), why=None)
        report = sources.report_of(uow.session, run)
        uow.commit()
    assert report is not None
    return report


def _unsteady(material: Material) -> str | None:
    """What moved between two pages while they were read is on neither."""
    if not material.changed:
        return None
    return "The feed changed while it was read: what is missing may only have moved. Read it again."


def _lacks_its_parent(record: Record, held: Collection[tuple[str, str]]) -> bool:
    parent = given_id({"id": record.said.get("parent_organization_id")}) or ""
    return record.entity == "organization" and ("organization", parent) not in held


def _read_again(spool: Waiting) -> Iterator[Record]:
    """All that wait, which wait on."""
    for each in spool.emptied():
        spool.add([each])
        yield each


def _one_of_each_circle(waiting: Iterable[Record]) -> set[Known]:
    """One of each circle of organisations in which each stands below the next."""
    above: dict[Known, Known] = {}
    for each in waiting:
        parent = given_id({"id": each.said.get("parent_organization_id")})
        if each.entity == "organization" and parent is not None:
            above.setdefault(known_by(each), ("organization", parent))
    found: set[Known] = set()
    seen: set[Known] = set()
    for start in above:
        at, way = start, set[Known]()
        while at in above and at not in seen:
            seen.add(at)
            way.add(at)
            at = above[at]
        if at in way:
            found.add(at)
    return found


def _batches(items: Iterable[Item]) -> Iterator[Sequence[Item]]:
    rest = iter(items)
    while batch := list(islice(rest, BATCH)):
        yield batch
