"""What a worker's question after what is due costs among reminders that are put by."""

import time
from collections.abc import Iterator

from bench.house import House
from bench.table import Figure
from deploy.databases import in_database
from deploy.engines import opened
from services.notifications.tables import deliveries
from shared.delivery.ledger import due

MOST = 50
"""For how many is asked."""
TIMES = 200

_PUT_BY = """
INSERT INTO delivery (id, order_key, channel, address, payload, state, due, event, kind, "case",
                      task, party, contact)
SELECT gen_random_uuid(), gen_random_uuid()::text, 'email', 'desk@bench.example', '{}', 'queued',
       now() + interval '1 day' + n * interval '1 second', gen_random_uuid(), 'nudge',
       gen_random_uuid(), gen_random_uuid(), 'bench', NULL
FROM generate_series(1, %(count)s) AS n
"""


def measure(house: House, part: str) -> Iterator[Figure]:
    """Ask again and again while so many are put by, and nothing is due.

    Parameters:
        house: what runs.
        part: under which heading it stands.
    """
    url = in_database(house.postgres.url, "kersey_notifications")
    asked = due(deliveries)
    times = []
    with opened(url, 1, "bench") as engine, engine.connect() as connection:
        connection.exec_driver_sql(_PUT_BY, {"count": house.deliveries})
        connection.commit()
        for _ in range(TIMES):
            began = time.perf_counter()
            connection.execute(asked, {"most": MOST, "busy": []}).all()
            times.append((time.perf_counter() - began) * 1000)
            connection.commit()  # as a worker does: a rollback forgets what was prepared
    times.sort()
    what = f"what is due among {house.deliveries:,} reminders put by"
    yield Figure(part, f"{what}: p99", times[int(TIMES * 0.99)], "ms", at_most=5)
    yield Figure(part, f"{what}: p50", times[TIMES // 2], "ms")
