"""The parts of a workbook around its cells: what they say never depends on a value.

Element names, their order and their attributes follow ECMA-376 part 1, chapter 18.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from heliograph.connections.engines.contract import Column, Row, ValueKind
from heliograph.queries.encoders.xlsx_cells import (
    MAX_SCALE,
    STYLE_HEADER,
    STYLE_QUOTED,
    column_letters,
    escape_texts,
)

_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_CONTENT = "application/vnd.openxmlformats-officedocument.spreadsheetml"

ROOT_RELATIONS = (
    f'{_DECLARATION}<Relationships xmlns="{_RELATIONS}">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
    "</Relationships>"
)

# Widths are in characters of the standard font. The header has room for its filter button.
_MIN_WIDTH, _MAX_WIDTH, _HEADER_ROOM = 8, 60, 4
_SAMPLE_ROWS = 100
_KIND_WIDTHS = {
    ValueKind.BOOLEAN: 8,
    ValueKind.DATE: 12,
    ValueKind.TIMESTAMP: 21,
    ValueKind.TIMESTAMPTZ: 24,
}


def styles_part() -> str:
    """Return ``styles.xml``: the cell formats in the order of the STYLE numbers."""
    formats = {164: "yyyy-mm-dd", 165: "yyyy-mm-dd hh:mm:ss", 166: "yyyy-mm-dd hh:mm:ss.000"}
    # 1, 2 and 49 are Excel's own: "0", "0.00" and "@", which is text.
    scales = [{0: 1, 2: 2}.get(scale, 200 + scale) for scale in range(MAX_SCALE + 1)]
    formats |= {number: f"0.{'0' * (number - 200)}" for number in scales if number > 200}
    cells = [0, 0, 1, 49, 164, 165, 166, 0, *scales]
    fonts = {STYLE_HEADER: 1}
    extras = {STYLE_HEADER: ' applyFont="1"', STYLE_QUOTED: ' quotePrefix="1"'}
    xfs = "".join(
        f'<xf numFmtId="{number}" fontId="{fonts.get(place, 0)}" fillId="0" borderId="0" xfId="0"'
        f'{extras.get(place, "")} applyNumberFormat="1"/>'
        for place, number in enumerate(cells)
    )
    number_formats = "".join(
        f'<numFmt numFmtId="{number}" formatCode="{code}"/>' for number, code in formats.items()
    )
    return (
        f'{_DECLARATION}<styleSheet xmlns="{_MAIN}">'
        f'<numFmts count="{len(formats)}">{number_formats}</numFmts>'
        '<fonts count="2"><font><sz val="11"/><name val="Calibri"/><family val="2"/></font>'
        '<font><b/><sz val="11"/><name val="Calibri"/><family val="2"/></font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>'
        f'</cellStyleXfs><cellXfs count="{len(cells)}">{xfs}</cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
        "</styleSheet>"
    )


def workbook_part(names: Sequence[str], areas: Sequence[str | None]) -> str:
    """Return ``workbook.xml``: its sheets in order, and what each filters: A1:C9 or None."""
    sheets = "".join(
        f'<sheet name="{name}" sheetId="{number}" r:id="rId{number}"/>'
        for number, name in enumerate(names, 1)
    )
    # Excel keeps the range of a filter in a hidden name too, and misses it when it is not there.
    ranges = "".join(
        f'<definedName name="_xlnm._FilterDatabase" localSheetId="{place}" hidden="1">'
        f"'{name}'!{_absolute(area)}</definedName>"
        for place, (name, area) in enumerate(zip(names, areas, strict=True))
        if area
    )
    defined = f"<definedNames>{ranges}</definedNames>" if ranges else ""
    return (
        f'{_DECLARATION}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
        f'<bookViews><workbookView activeTab="0"/></bookViews>'
        f"<sheets>{sheets}</sheets>{defined}</workbook>"
    )


def _absolute(area: str) -> str:
    return re.sub(r"([A-Z]+)(\d+)", r"$\1$\2", area)


def workbook_relations(sheets: int) -> str:
    """Return what ties the workbook to its sheets and styles."""
    relations = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/worksheet"'
        f' Target="worksheets/sheet{number}.xml"/>'
        for number in range(1, sheets + 1)
    )
    return (
        f'{_DECLARATION}<Relationships xmlns="{_RELATIONS}">{relations}'
        f'<Relationship Id="rId{sheets + 1}" Type="{_OFFICE}/styles" Target="styles.xml"/>'
        "</Relationships>"
    )


def content_types(sheets: int) -> str:
    """Return ``[Content_Types].xml``."""
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml"'
        f' ContentType="{_CONTENT}.worksheet+xml"/>'
        for number in range(1, sheets + 1)
    )
    return (
        f'{_DECLARATION}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels"'
        ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_CONTENT}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_CONTENT}.styles+xml"/>'
        f"{overrides}</Types>"
    )


def sheet_head(titles: Sequence[str], widths: Sequence[int], *, is_first: bool) -> str:
    """Return a sheet up to and with its header row, which stays in view when scrolling."""
    selected = ' tabSelected="1"' if is_first else ""
    pane = (
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
        '<selection pane="bottomLeft"/>'
    )
    columns = "".join(
        f'<col min="{number}" max="{number}" width="{width}" customWidth="1"/>'
        for number, width in enumerate(widths, 1)
    )
    return (
        f'{_DECLARATION}<worksheet xmlns="{_MAIN}"><sheetViews>'
        f'<sheetView{selected} workbookViewId="0">{pane if titles else ""}</sheetView>'
        "</sheetViews>"
        f"{f'<cols>{columns}</cols>' if columns else ''}<sheetData>{_header_row(titles)}"
    )


def _header_row(titles: Sequence[str]) -> str:
    if not titles:
        return ""
    escaped, opening = escape_texts(titles)
    cells = "".join(
        f'<c r="{column_letters(index)}1" s="{STYLE_HEADER}" t="inlineStr">'
        f"<is>{opening}{title}</t></is></c>"
        for index, title in enumerate(escaped)
    )
    return f'<row r="1">{cells}</row>'


def sheet_tail(area: str | None) -> str:
    """Return the end of a sheet whose rows, header included, fill ``area``, such as A1:C9.

    Long numbers stand as text on purpose, so Excel is told not to flag them.
    """
    if area is None:
        return "</sheetData></worksheet>"
    return (
        f'</sheetData><autoFilter ref="{area}"/>'
        f'<ignoredErrors><ignoredError sqref="{area}" numberStoredAsText="1"/></ignoredErrors>'
        "</worksheet>"
    )


def column_widths(columns: Sequence[Column], rows: Sequence[Row]) -> list[int]:
    """Return a width for each column, in characters, from its name, its kind and first rows."""
    sample = rows[:_SAMPLE_ROWS]
    widths = []
    for index, column in enumerate(columns):
        width = _KIND_WIDTHS.get(column.kind, 0)
        if not width:
            values = (row[index] for row in sample)
            width = 2 + max((_shown_length(value) for value in values if value), default=0)
        width = max(width, _shown_length(column.name) + _HEADER_ROOM, _MIN_WIDTH)
        widths.append(min(width, _MAX_WIDTH))
    return widths


def _shown_length(text: str) -> int:
    line = text[: 2 * _MAX_WIDTH].partition("\n")[0]
    # From Hangul on, by far most characters are twice as wide.
    return len(line) + sum(character >= "\u1100" for character in line)
