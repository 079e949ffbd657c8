"""The visits to the demo shop: its largest table."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import date
from random import Random

from heliograph.local.demo import catalogue
from heliograph.local.demo.timeline import DAY_SECONDS, HOURS, seconds_of_day, stamp

VISIT_DAYS = 90
_VISITS_A_DAY = 700
_SLOW_DAYS_AGO = 3  # the day of the outage
_NULL = r"\N"


def generate_page_views(
    random: Random, days: Sequence[date], joined: Sequence[int], products: int
) -> Iterator[str]:
    """Yield the views of the last 90 days, oldest day first, one chunk of COPY text per day.

    ``days`` begins with today and goes back; ``joined`` says how many days ago each customer
    signed up, the first customer first.
    """
    number = 0
    signed_up = [-ago for ago in joined]
    for ago in range(VISIT_DAYS - 1, -1, -1):
        is_weekend = days[ago].weekday() >= 5
        visits = int(_VISITS_A_DAY * (1.1 if is_weekend else 0.95) * (0.9 + 0.2 * random.random()))
        customers = bisect_right(signed_up, -ago - 1)
        slowness = 6.0 if ago == _SLOW_DAYS_AGO else 1.0
        lines: list[str] = []
        for second in sorted(seconds_of_day(random, HOURS) for _ in range(visits)):
            for rest in _visit(random, days[ago], second, (customers, products), slowness):
                number += 1
                lines.append(f"{number}\t{rest}")
        yield "".join(lines)


def _visit(
    random: Random, day: date, second: int, known: tuple[int, int], slowness: float
) -> Iterator[str]:
    draw = random.random
    customers, products = known
    session = f"{random.getrandbits(128):032x}"
    customer = str(1 + int(customers * draw() ** 1.4)) if draw() < 0.35 else _NULL
    referrer = catalogue.REFERRERS[int(draw() * 4)] if draw() < 0.4 else _NULL
    device = ("mobile", "mobile", "mobile", "desktop", "desktop", "tablet")[int(draw() * 6)]
    ip = f"203.0.113.{int(draw() * 256)}"
    variant = "AB"[int(draw() * 2)]
    properties = f'{{"campaign": "autumn", "variant": "{variant}"}}' if draw() < 0.25 else _NULL
    tail = f"\t{referrer}\t{device}"
    end = f"\t{ip}\t{properties}\n"
    for _ in range(1 + int(6 * draw() ** 1.4)):
        if draw() < 0.6:
            product = str(1 + int(products * draw() ** 2))
            path = f"/products/{product}"
        else:
            product, path = _NULL, catalogue.PAGES[int(draw() * 6)]
        load_ms = slowness * (120 + 900 * draw() ** 3)
        viewed_at = stamp(day, min(second, DAY_SECONDS - 1))
        yield f"{session}\t{customer}\t{viewed_at}\t{path}\t{product}{tail}\t{load_ms:.1f}{end}"
        second += 5 + int(draw() * 120)
