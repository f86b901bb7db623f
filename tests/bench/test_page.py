"""What was measured stands where it stood; what was not, stays."""

from pathlib import Path

from bench.page import NOTES, write


def test_a_part_measured_anew_takes_the_place_of_its_former_figures(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    write(["Date: Monday"], {"Creating": "| 1 |", "Reading": "| 2 |"}, page)
    write(["Date: Tuesday"], {"Creating": "| 3 |"}, page)

    text = page.read_text()

    assert text.index("## Creating") < text.index("Tuesday") < text.index("| 3 |")
    assert text.index("| 3 |") < text.index("## Reading") < text.index("Monday")
    assert "| 1 |" not in text
    assert "| 2 |" in text


def test_notes_by_hand_stay_and_stay_last(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text(f"# Benchmarks\n\n## {NOTES}\n\n- A note.\n")

    write(["Date: Monday"], {"Creating": "| 1 |"}, page)

    text = page.read_text()
    assert text.index("| 1 |") < text.index(f"## {NOTES}") < text.index("- A note.")
