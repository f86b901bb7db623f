"""`python -m bench.matching`: how well a person's own words find what fits, in the demo."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from statistics import mean
from typing import Annotated

import typer
from rich.console import Console
from sqlalchemy import select
from sqlmodel import Session

from bench.machine import ROOT
from bench.matching.labelled import Labelled, ndcg, recall, statements
from deploy.demo.directory import dataset
from services.providers.loading import load_directory
from services.providers.matching.statement import Statement, understood
from services.providers.matching.vocabulary import Vocabulary, vocabulary
from services.providers.matching.weights import weights
from services.providers.rows import table
from services.providers.tables import schema
from shared.database import UnitOfWork, create_engine
from shared.messaging.outbox import Outbox
from tests.infrastructure.postgres import PostgresServer

PAGE = ROOT / "docs" / "own-words.md"
SHOWN = 10

INTRODUCTION = """\
# How well own words are understood

What `.venv/bin/python -m bench.matching` printed last. The file
[`statements.txt`](../bench/matching/statements.txt) holds {number} invented statements, each with
the services of the demo directory that fit it, labelled by judgement before any score was seen.
The whole directory is searched, with no place and no other question, so that the words alone
decide. Every second statement is **held out**: no phrase and no weight was chosen by looking at
it.

*Full text* is PostgreSQL's alone: any word of the statement in a listing, by rank. *With phrases*
is what `POST /directory/match` does: the everyday phrases of the taxonomies turn words into needs
and activities, and both count. Recall@5 is the part of all fitting services among the first five;
since {fitting:.1f} fit a statement on average, it cannot reach 1. nDCG@10 counts what fits best
twice, and what stands first more.

Semantic similarity by a language model is not in it: see [the
decision](decisions/0034-own-words-by-full-text-and-phrases.md).
"""


def main(
    misses: Annotated[bool, typer.Option(help="Show what was found, of the open half.")] = False,
) -> None:
    """Measure on a PostgreSQL of its own, print the table and write it to docs/own-words.md."""
    screen = Console(highlight=False)
    labelled = statements()
    with _demo() as session:
        known = vocabulary(session)
        found = {
            way: {
                each.words: ranked(session, each.words, known, phrases=phrases) for each in labelled
            }
            for way, phrases in (("full text", False), ("with phrases", True))
        }
        if misses:
            for each in labelled:
                if not each.held_out:
                    names = found["with phrases"][each.words]
                    meant = understood(each.words, known, weights()).terms
                    screen.print(f"{recall(names, each):.2f} {ndcg(names, each):.2f} {each.words}")
                    screen.print(f"    {[sorted(codes) for codes in meant.values()]} {names[:5]}")
    lines = _table(labelled, found)
    fitting = mean(len(each.gains) for each in labelled)
    PAGE.write_text(
        f"{INTRODUCTION.format(number=len(labelled), fitting=fitting)}\n" + "\n".join(lines) + "\n"
    )
    screen.print("\n".join(lines))
    screen.print(f"written to {PAGE.relative_to(ROOT)}")


@contextmanager
def _demo() -> Iterator[Session]:
    """The demo directory on a PostgreSQL of its own."""
    server = PostgresServer.start("embedded")
    try:
        with server.databases() as new:
            engine = create_engine(new(), pool_size=2, application_name="kersey bench")
            schema().create_all(engine)
            load_directory(engine, Outbox("kersey/providers"), dataset())
            with UnitOfWork(engine) as uow:
                yield uow.session
            engine.dispose()
    finally:
        server.close()


def ranked(session: Session, words: str, known: Vocabulary, *, phrases: bool) -> list[str]:
    """The names of the services that fit the words best."""
    statement = understood(words, known, weights())
    if not phrases:
        statement = replace(statement, terms={})
    return _names(session, statement)


def _names(session: Session, statement: Statement) -> list[str]:
    service, flat = table("service"), table("matchable")
    declared = weights()
    meant = statement.meant_by(flat.c, declared)
    fit = statement.text(statement.rank(flat.c), declared) + meant
    wanted = (
        select(service.c.name)
        .join(flat, flat.c.service_id == service.c.id)
        .where(fit > 0)
        .order_by(fit.desc(), service.c.name)
        .limit(SHOWN)
    )
    return list(session.connection().execute(wanted).scalars())


def _table(
    labelled: Sequence[Labelled], found: Mapping[str, Mapping[str, Sequence[str]]]
) -> list[str]:
    lines = ["| statements | way | recall@5 | nDCG@10 |", "|---|---|---|---|"]
    for half, chosen in (
        ("open half", [each for each in labelled if not each.held_out]),
        ("held-out half", [each for each in labelled if each.held_out]),
    ):
        for way, names in found.items():
            recalled = mean(recall(names[each.words], each) for each in chosen)
            gained = mean(ndcg(names[each.words], each) for each in chosen)
            lines.append(f"| {len(chosen)}, {half} | {way} | {recalled:.2f} | {gained:.2f} |")
    return lines


if __name__ == "__main__":
    typer.run(main)
