"""Packed pieces make one gzip, and the record of a result gives back what was put into it."""

from __future__ import annotations

import gzip
import random
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.connections.engines.contract import Column, ValueKind
from heliograph.kernel.errors import StorageUnavailable
from heliograph.queries.packing import Packed, gzip_of, pack, read_packed
from heliograph.queries.result_index import SegmentTable, StoredResult

COLUMNS = (
    Column("id", "int8", ValueKind.BIGINT),
    Column("", 'odd "type"\n', ValueKind.OTHER),
    Column("é", "int4[]", ValueKind.ARRAY, ValueKind.INTEGER, ";"),
)
SIZES = st.integers(0, 2**31 - 1)


@st.composite
def results(draw: st.DrawFn, *, max_packs: int = 5) -> StoredResult:
    packs = draw(st.lists(st.integers(1, 6), max_size=max_packs))
    table = SegmentTable()
    for _ in range(sum(packs)):
        table.add(
            draw(st.integers(1, 1000)), draw(SIZES), draw(SIZES), draw(SIZES), draw(SIZES)
        )  # fmt: skip
    return StoredResult(
        "results/run-1/0f",
        draw(st.sampled_from([(), COLUMNS])),
        table,
        tuple(packs),
        None,
        draw(SIZES),
        draw(st.integers(0, 2**40)),
    )


def regular_result(segments: int) -> StoredResult:
    """What a result of mixed rows looks like: full segments whose sizes differ by a little."""
    chance = random.Random(7)
    table = SegmentTable()
    for _ in range(segments):
        table.add(1000, chance.randint(72_000, 74_000), chance.randint(200_000, 204_000), 0, 0)
    packs = [110] * (segments // 110)
    rest = segments - sum(packs)
    return StoredResult("results/a/b", COLUMNS * 4, table, (*packs, *([rest] if rest else [])))


# The record


@given(results())
def test_a_record_gives_back_the_result(stored: StoredResult) -> None:
    read = StoredResult.from_bytes(stored.to_bytes())
    assert read == stored
    assert read.row_count == sum(stored.segments.row_counts)


def test_what_is_inline_comes_back_with_the_record() -> None:
    table = SegmentTable()
    table.add(2, 3, 9, 1, 1)
    stored = StoredResult("a/b", COLUMNS, table, (1,), b"12345")
    assert StoredResult.from_bytes(stored.to_bytes()) == stored
    empty = StoredResult("a/b", (), SegmentTable(), (), b"")
    assert StoredResult.from_bytes(empty.to_bytes()) == empty
    assert not empty.may_have_blobs


def test_five_thousand_segments_take_little_space() -> None:
    assert len(regular_result(5000).to_bytes()) <= 20_000


@given(results(max_packs=3), st.data())
def test_a_record_that_was_cut_or_is_of_another_version_is_refused(
    stored: StoredResult, data: Any
) -> None:
    written = stored.to_bytes()
    assert StoredResult.from_bytes(written) == stored
    end = data.draw(st.integers(0, len(written) - 1))
    for damaged in (written[:end], b"\x02" + written[1:], b"", written + b"x"):
        with pytest.raises(StorageUnavailable):
            StoredResult.from_bytes(damaged)


def test_a_record_whose_inline_rows_were_cut_is_refused() -> None:
    table = SegmentTable()
    table.add(2, 3, 9, 1, 1)
    written = StoredResult("a/b", COLUMNS, table, (1,), b"12345").to_bytes()
    with pytest.raises(StorageUnavailable):
        StoredResult.from_bytes(written[:-1])


@given(results(), st.data())
def test_a_row_is_found_where_its_segment_lies(stored: StoredResult, data: Any) -> None:
    table = stored.segments
    expected = []
    number = first_row = 0
    for pack_number, count in enumerate(stored.packs):
        start = 0
        for _ in range(count):
            after = table.cut_sizes[number] + table.cell_sizes[number]
            expected.append((number, first_row, pack_number, start))
            first_row += table.row_counts[number]
            start += table.sizes[number] + after
            number += 1
    row = data.draw(st.integers(0, stored.row_count + 1))
    found = [(at.number, at.first_row, at.pack, at.start) for at in stored.places(row)]
    wanted = [at for at in expected if at[1] + table.row_counts[at[0]] > row]
    assert found == wanted


# Packing


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=2000)), max_size=8))
def test_pieces_make_one_gzip_of_one_member(parts: list[tuple[bool, bytes]]) -> None:
    pieces = [pack(plain) if is_packed else plain for is_packed, plain in parts]
    whole = b"".join(plain for _, plain in parts)
    made = gzip_of(pieces)
    assert gzip.decompress(made) == whole
    # A second member would be left over here, as it is in browsers.
    reader = zlib.decompressobj(31)
    assert (reader.decompress(made), reader.eof, reader.unused_data) == (whole, True, b"")


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 300_000])
def test_a_piece_of_any_length_fits_between_others(size: int) -> None:
    plain = random.Random(size).randbytes(size)
    assert gzip.decompress(gzip_of([b"[", pack(plain), b",", plain, pack(b"]")])) == (
        b"[" + plain + b"," + plain + b"]"
    )


@given(st.binary(max_size=3000), st.data())
def test_a_piece_with_a_changed_bit_is_refused(plain: bytes, data: Any) -> None:
    piece = pack(plain)
    stored = bytearray(piece.to_bytes())
    assert read_packed(bytes(stored), len(plain)) == piece
    assert piece.unpack() == plain
    # Bytes 4 to 7 are the checksum that a gzip ends with, which whoever unpacks it compares.
    at = data.draw(st.integers(0, len(stored) - 1).filter(lambda at: not 4 <= at < 8))
    stored[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(ValueError, match="checksum"):
        read_packed(bytes(stored), len(plain))
    with pytest.raises(ValueError, match="too short"):
        read_packed(bytes(stored[:8]), len(plain))


def test_a_piece_of_another_length_than_said_is_refused() -> None:
    piece = pack(b"x" * 1000)
    for size in (999, 1001, 0):
        with pytest.raises(ValueError, match="more or less"):
            Packed(piece.data, size, piece.crc).unpack()
    with pytest.raises(ValueError, match="unpacked"):
        Packed(b"\xff" * 20, 1000, piece.crc).unpack()
