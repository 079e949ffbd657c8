"""The rows of the demo shop: the same for the same day and seed, byte for byte.

Only ``Random.random`` and ``Random.getrandbits`` are called, whose sequences Python keeps from
version to version. Rows are lines of PostgreSQL's COPY text format.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import accumulate
from random import Random

from heliograph.local.demo import catalogue
from heliograph.local.demo.page_views import generate_page_views
from heliograph.local.demo.timeline import DAY_SECONDS, HOURS, pick, seconds_of_day, stamp

HISTORY_DAYS = 730
CUSTOMERS = 6_000
ORDERS = 48_000
NULL = r"\N"

_REFUND_SHARE = 0.028
_FULL_REFUND_SHARE = 0.7
# An outage of the payment provider three days ago: most orders of the day never came.
_OUTAGE_DAYS_AGO = 3
_OUTAGE_FACTOR = 0.25
# A batch of lamps with a broken switch has come back since yesterday: a refund every 40 minutes.
_WAVE_DAYS = 2
_WAVE_SECONDS = 2400
_WEEKDAYS = (1.05, 1.0, 0.97, 1.0, 1.1, 0.85, 1.2)  # Monday first
_MONTHS = (0.85, 0.85, 0.95, 1.0, 1.0, 0.9, 0.85, 0.85, 1.0, 1.1, 1.4, 1.6)


@dataclass(frozen=True)
class TableRows:
    """Rows of one table: COPY text, each chunk whole lines."""

    table: str
    chunks: Iterator[str]


@dataclass
class _Order:
    id: int
    day: int  # days before today
    second: int
    customer: int
    shipped_after: int  # seconds after it was ordered; -1 for never
    status: str
    coupon: str
    country: str
    channel: str
    lines: list[tuple[int, int, int, int]] = field(default_factory=list)
    cents: int = 0


@dataclass(frozen=True)
class _Customer:
    day: int
    country: str
    line: str


class _Shop:
    """What is drawn so far; each kind of row has a random sequence of its own."""

    def __init__(self, today: date, seed: int) -> None:
        self.today = today
        self.seed = seed
        self.days = [today - timedelta(days=ago) for ago in range(HISTORY_DAYS + 2)]
        self.prices: list[int] = []

    def random(self, kind: str) -> Random:
        return Random(f"{self.seed} {self.today.isoformat()} {kind}")  # noqa: S311


def generate_shop(today: date, seed: int) -> Iterator[TableRows]:
    """Yield the tables of the shop in an order that suits foreign keys; consume each in turn.

    The history is that of the two years up to the end of ``today``, UTC.
    """
    shop = _Shop(today, seed)
    customers = _draw_customers(shop)
    yield TableRows("customers", (customer.line for customer in customers))
    yield TableRows("products", iter(_draw_products(shop)))
    orders = _draw_orders(shop, customers)
    refunds = _draw_refunds(shop, orders)
    yield TableRows("orders", (_order_line(shop, order) for order in orders))
    yield TableRows("order_lines", (_lines_of(order) for order in orders))
    yield TableRows("refunds", iter(refunds))
    joined = [customer.day for customer in customers]
    views = generate_page_views(shop.random("page views"), shop.days, joined, len(shop.prices))
    yield TableRows("page_views", views)


def _draw_customers(shop: _Shop) -> list[_Customer]:
    random = shop.random("customers")
    shares = list(accumulate(share for _, share, _ in catalogue.COUNTRIES))
    drawn = []
    # The shop opened with a tenth of its customers; the rest came ever faster.
    ages = sorted(int(HISTORY_DAYS * (1 - random.random() ** 0.6)) for _ in range(CUSTOMERS))
    for number, ago in enumerate(reversed(ages), start=1):
        if number <= CUSTOMERS // 10:
            ago = HISTORY_DAYS + 1  # noqa: PLW2901
        country, _, cities = catalogue.COUNTRIES[pick(random, shares)]
        line = _customer_line(shop, random, number, ago, (country, _one(random, cities)))
        drawn.append(_Customer(ago, country, line))
    return drawn


def _customer_line(
    shop: _Shop, random: Random, number: int, ago: int, home: tuple[str, str]
) -> str:
    country, city = home
    first, last = _one(random, catalogue.FIRST_NAMES), _one(random, catalogue.LAST_NAMES)
    language = catalogue.LANGUAGES.get(country, "en")
    theme = "dark" if random.random() < 0.4 else "light"
    newsletter = "true" if random.random() < 0.5 else "false"
    born = shop.today - timedelta(days=6600 + int(random.random() * 19000))
    fields = (
        str(number),
        f"{random.getrandbits(128):032x}",
        f"{first} {last}",
        f"customer{number}@example.com",
        country,
        city,
        stamp(shop.days[ago], seconds_of_day(random, HOURS)),
        NULL if random.random() < 0.2 else born.isoformat(),
        "{" + ",".join(_some(random, catalogue.CUSTOMER_TAGS, 0.2)) + "}",
        f'{{"language": "{language}", "theme": "{theme}", "newsletter": {newsletter}}}',
        NULL if random.random() < 0.1 else f"2001:db8::{random.getrandbits(16):x}",
    )
    return "\t".join(fields) + "\n"


def _draw_products(shop: _Shop) -> list[str]:
    random = shop.random("products")
    lines = []
    things = [
        (category, price, thing, line)
        for line in catalogue.LINES
        for category, price, kinds in catalogue.CATEGORIES
        for thing in kinds
    ]
    for number, (category, typical, thing, line) in enumerate(things, start=1):
        cents = max(300, int(typical * (0.5 + 1.1 * random.random())) * 100 - 10)
        shop.prices.append(cents)
        fields = (
            str(number),
            f"{category[:3].upper()}-{number:04d}",
            f"{line} {thing}",
            category,
            _euros(cents),
            f"{cents * (0.35 + 0.3 * random.random()) / 100:.4f}",
            "{" + ",".join(_some(random, catalogue.PRODUCT_TAGS, 0.25)) + "}",
            _attributes(random),
            (shop.today - timedelta(days=HISTORY_DAYS + int(random.random() * 900))).isoformat(),
            "t" if random.random() < 0.07 else "f",
        )
        lines.append("\t".join(fields) + "\n")
    return lines


def _attributes(random: Random) -> str:
    material, colour = _one(random, catalogue.MATERIALS), _one(random, catalogue.COLOURS)
    weight = 50 + int(random.random() * 4000)
    return f'{{"material": "{material}", "colour": "{colour}", "weight_g": {weight}}}'


def _orders_per_day(shop: _Shop, random: Random) -> list[int]:
    """Return how many orders each day has, today first: growth, seasons, weekdays and chance."""
    weights = []
    for ago, day in enumerate(shop.days[: HISTORY_DAYS + 1]):
        growth = 0.4 + 1.2 * (1 - ago / HISTORY_DAYS)
        weight = growth * _MONTHS[day.month - 1] * _WEEKDAYS[day.weekday()]
        weights.append(weight * (0.88 + 0.24 * random.random()))
    weights[_OUTAGE_DAYS_AGO] *= _OUTAGE_FACTOR
    total = math.fsum(weights)
    return [round(ORDERS * weight / total) for weight in weights]


def _draw_orders(shop: _Shop, customers: Sequence[_Customer]) -> list[_Order]:
    random = shop.random("orders")
    popularity = list(accumulate(1 / (rank + 4) for rank in range(len(shop.prices))))
    order_of_rank = sorted(range(len(shop.prices)), key=lambda _: random.random())
    drawn: list[_Order] = []
    counts = _orders_per_day(shop, random)
    joined = [-customer.day for customer in customers]
    for ago in range(HISTORY_DAYS, -1, -1):
        present = bisect_right(joined, -ago - 1)  # whoever joined before that day
        for second in sorted(seconds_of_day(random, HOURS) for _ in range(counts[ago])):
            customer = int(present * random.random() ** 1.6)
            order = _draw_order(random, len(drawn) + 1, (ago, second), customer)
            order.country = customers[customer].country
            _draw_lines(random, order, shop.prices, (popularity, order_of_rank))
            drawn.append(order)
    return drawn


def _draw_order(random: Random, number: int, when: tuple[int, int], customer: int) -> _Order:
    ago, second = when
    shipped_after = 7200 + int(random.random() * 150_000)
    age = ago * DAY_SECONDS + DAY_SECONDS - second
    status = "delivered" if age > shipped_after + 3 * DAY_SECONDS else "shipped"
    if age <= shipped_after:
        shipped_after, status = -1, "paid" if age > DAY_SECONDS // 4 else "pending"
    if random.random() < 0.02:
        shipped_after, status = -1, "cancelled"
    draw = random.random()
    return _Order(
        id=number,
        day=ago,
        second=second,
        customer=customer + 1,
        shipped_after=shipped_after,
        status=status,
        coupon="WELCOME10" if draw < 0.07 else "SPRING5" if draw < 0.1 else NULL,
        country="",
        channel="web" if draw < 0.6 else "app" if draw < 0.96 else "phone",
    )


def _draw_lines(
    random: Random, order: _Order, prices: Sequence[int], ranks: tuple[list[float], list[int]]
) -> None:
    popularity, order_of_rank = ranks
    percent = {"WELCOME10": 10, "SPRING5": 5}.get(order.coupon, 0)
    chosen = set()
    for _ in range(1 + int(3.6 * random.random() ** 2)):
        product = order_of_rank[pick(random, popularity)]
        if product in chosen:
            continue
        chosen.add(product)
        quantity = 1 + int(4 * random.random() ** 4)
        full = quantity * prices[product]
        discount = full * percent // 100
        order.lines.append((product + 1, quantity, prices[product], discount))
        order.cents += full - discount


def _draw_refunds(shop: _Shop, orders: Sequence[_Order]) -> list[str]:
    """Return the refunds in order of time; the orders that came back whole become ``returned``."""
    random = shop.random("refunds")
    start = HISTORY_DAYS * DAY_SECONDS
    end = start + DAY_SECONDS
    drawn: list[tuple[int, _Order, str]] = []
    in_wave: list[_Order] = []
    for order in orders:
        if order.shipped_after < 0:
            continue
        shipped = start - order.day * DAY_SECONDS + order.second + order.shipped_after
        at = shipped + DAY_SECONDS + int(random.random() * 14 * DAY_SECONDS)
        if random.random() < _REFUND_SHARE and at < end:
            reason = _one(random, catalogue.REFUND_REASONS)
            drawn.append((at, order, reason))
        elif 3 < order.day < 40:
            in_wave.append(order)
    wave_start = end - _WAVE_DAYS * DAY_SECONDS
    for slot in range(wave_start, end, _WAVE_SECONDS):
        order = in_wave.pop(int(random.random() * len(in_wave)))
        drawn.append((slot + int(random.random() * _WAVE_SECONDS), order, "defective"))
    drawn.sort(key=lambda refund: (refund[0], refund[1].id))
    return [
        _refund_line(shop, random, (number, at - start), order, reason)
        for number, (at, order, reason) in enumerate(drawn, start=1)
    ]


def _refund_line(
    shop: _Shop, random: Random, which: tuple[int, int], order: _Order, reason: str
) -> str:
    number, seconds_from_today = which
    cents = order.cents
    if random.random() < _FULL_REFUND_SHARE:
        order.status = "returned"
    else:
        cents = max(100, cents * (10 + int(random.random() * 60)) // 100)
    note = _one(random, catalogue.REFUND_NOTES) if random.random() < 0.5 else NULL
    at = stamp(shop.today, seconds_from_today)
    return f"{number}\t{order.id}\t{reason}\t{_euros(cents)}\t{at}\t{note}\n"


def _order_line(shop: _Shop, order: _Order) -> str:
    day = shop.days[order.day]
    shipped = NULL if order.shipped_after < 0 else stamp(day, order.second + order.shipped_after)
    return (
        f"{order.id}\t{order.customer}\t{order.status}\t{stamp(day, order.second)}\t{shipped}\t"
        f"{order.channel}\t{order.country}\t{order.coupon}\t{_euros(order.cents)}\n"
    )


def _lines_of(order: _Order) -> str:
    return "".join(
        f"{order.id}\t{place}\t{product}\t{quantity}\t{_euros(price)}\t{_euros(discount)}\t"
        f"{_euros(quantity * price - discount)}\n"
        for place, (product, quantity, price, discount) in enumerate(order.lines, start=1)
    )


def _one(random: Random, choices: Sequence[str]) -> str:
    return choices[int(random.random() * len(choices))]


def _some(random: Random, choices: Sequence[str], share: float) -> list[str]:
    return [choice for choice in choices if random.random() < share]


def _euros(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"
