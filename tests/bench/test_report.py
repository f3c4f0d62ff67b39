"""What comes out: the document, the tables, the page."""

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from fusee.bench.device import Count, DeviceCounts
from fusee.bench.load import Load
from fusee.bench.measure import Row, Timing
from fusee.bench.report import Report
from fusee.bench.table import device_table, load_table, ratio_table, skipped_lines
from fusee.bench.tasks import case_of_workload
from fusee.bench.workloads import find_workloads
from tests.bench.parrots import printing
from tests.page import Page

FIB, SIEVE, JSON = map(case_of_workload, find_workloads("fib,sieve,json"))
WATCH = "arm64_32-apple-watchos"


def timed(whole: float, startup: float) -> Timing:
    return Timing([whole, whole, 99.0], [startup, 0.0, startup], [2_000_000] * 3)


ROWS = [
    Row(replace(FIB, hold_out=True), {"fusee": timed(1.1, 0.1), "slow": timed(3.0, 0.0), "quick": timed(0.5, 0.0)}),
    Row(SIEVE, {"fusee": timed(2.1, 0.1), "slow": timed(1.5, 0.0)}, {"quick": "gave <5> instead of 3"}),
    Row(JSON, {"fusee": timed(1.1, 0.1), "slow": timed(2.0, 0.0)}, {"quick": "gave <5> instead of 3"}),
]
REPORT = Report(
    [printing("", "fusee"), printing("", "slow"), printing("", "quick")],
    ROWS,
    [Load("large", 2_000_000, {"fusee": 0.01, "slow": 0.1}, {"fusee": 30_000_000})],
    [DeviceCounts(WATCH, {"fib": Count(4_107_064, 18_202), "sieve": Count(2_000, 1_000)}, {"json": "out of memory"})],
    repetitions=3,
    command="fusee bench --html report.html",
)


def rendered(table: object) -> str:
    console = Console(width=160, file=io.StringIO())
    console.print(table)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_the_document_has_rows_peers_and_machine() -> None:
    document = json.loads(json.dumps(REPORT.document()))
    fib, sieve, _ = document["workloads"]
    assert fib["name"] == "fib"
    assert fib["fusee_seconds"] == pytest.approx(1.0)
    assert fib["ratios"] == {"slow": 3.0, "quick": 0.5}
    assert fib["process_ratios"] == {"slow": 2.73, "quick": 0.455}
    assert fib["peak_bytes"]["slow"] == 2_000_000
    assert fib["instructions"] == {WATCH: {"total": 4_107_064, "loading": 18_202}}
    assert sieve["ratios"] == {"slow": 0.75}
    assert sieve["skipped"] == {"quick": "gave <5> instead of 3"}
    assert document["load"][0]["seconds"] == {"fusee": 0.01, "slow": 0.1}
    assert list(document["peers"]) == ["slow", "quick"]
    assert set(document["peers"]["slow"]) == {"version", "command"}
    assert {"processor", "cores", "system", "python"} <= set(document["machine"])


def test_means_are_geometric_and_apart_for_the_hold_out() -> None:
    means = REPORT.document()["geometric_means"]
    assert means["all"] == {"slow": pytest.approx((3.0 * 0.75 * 2.0) ** (1 / 3), abs=0.01), "quick": 0.5}
    assert means["hold-out"] == {"slow": 3.0, "quick": 0.5}
    assert means["rest"] == {"slow": pytest.approx((0.75 * 2.0) ** 0.5, abs=0.01)}


def test_what_takes_no_time_at_all_has_no_ratios() -> None:
    row = Row(FIB, {"fusee": timed(0.1, 0.1), "slow": timed(0.0, 0.0)})
    entry = Report(REPORT.engines, [row]).document()["workloads"][0]
    assert (entry["ratios"], entry["process_ratios"]) == ({}, {})
    assert entry["skipped"] == dict.fromkeys(("fusee", "slow"), "too short to be told from start-up")


def test_without_times_the_document_has_instructions_only() -> None:
    document = Report(REPORT.engines[:1], devices=REPORT.devices).document()
    assert document["workloads"][0] == {"name": "fib", "instructions": {WATCH: {"total": 4_107_064, "loading": 18_202}}}
    assert document["workloads"][2] == {"name": "json", "skipped": {WATCH: "out of memory"}}


def test_the_table_ends_with_geometric_means() -> None:
    lines = rendered(ratio_table(REPORT)).splitlines()
    assert [c.strip() for c in lines[-5].split("│") if c.strip()] == ["mean, all", "1.65×", "0.50×"]
    assert [c.strip() for c in lines[-3].split("│") if c.strip()] == ["mean, rest", "1.22×", "–"]


def test_what_was_not_timed_is_a_dash_with_a_reason() -> None:
    sieve = next(line for line in rendered(ratio_table(REPORT)).splitlines() if "sieve" in line)
    assert [cell.strip() for cell in sieve.split("│")][1:-1] == ["sieve", "2.000", "0.100", "0.75×", "–"]
    assert skipped_lines(REPORT) == ["quick on sieve, json: gave <5> instead of 3", f"{WATCH} on json: out of memory"]


def test_a_row_that_is_only_begun_is_shown() -> None:
    assert "fib" in rendered(ratio_table(replace(REPORT, rows=[Row(FIB, {"fusee": Timing()})])))


def test_loads_and_instructions_have_tables() -> None:
    assert "200.0 MB/s" in rendered(load_table(REPORT))
    assert "4,107,064 (18,202)" in rendered(device_table(REPORT))


@pytest.fixture(scope="module")
def page() -> str:
    pytest.importorskip("matplotlib", reason="draws the charts: pip install 'fusee[bench]'")
    pytest.importorskip("jinja2", reason="writes the page: pip install 'fusee[bench]'")
    from fusee.bench.html import html_report

    return html_report(REPORT)


def test_the_page_needs_nothing_beside_itself(page: str) -> None:
    assert Page(page).fetches == []


def test_the_page_shows_every_row_in_chart_and_table(page: str) -> None:
    words = Page(page).words
    for row in ROWS:
        name = f"{row.case.name} °" if row.case.hold_out else row.case.name
        assert words.count(name) >= 3  # speed, its table, memory
    for number in ("3.00×", "0.75×", "200.0 MB/s", "4,107,064"):
        assert number in words


def test_the_page_says_how_it_was_measured(page: str) -> None:
    words = Page(page).words
    assert REPORT.command in words
    assert "quick on sieve, json: gave <5> instead of 3" in words  # escaped in the source
    assert "a parrot" in words
    assert REPORT.engines[1].flags in words


def test_the_same_numbers_give_the_same_page(page: str) -> None:
    from fusee.bench.html import html_report

    assert html_report(REPORT) == page


def test_a_page_without_times_has_the_devices_chart_only(page: str) -> None:
    from fusee.bench.html import html_report

    text = html_report(Report(REPORT.engines[:1], devices=REPORT.devices))
    assert text.count("<svg") == 1
    assert "4,107,064" in Page(text).words
