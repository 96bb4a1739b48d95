"""`export`: tidy tables from raw files that are only read: verified first, one episode in memory at a time.

The same raw files give the same bytes: no clock, no path outside the sources and no order but that of ids goes in.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias

from data.episode_format import Episode, FormatError, read_episode
from data.export.codebook import codebook_json, codebook_markdown
from data.export.columns import Block, Table
from data.export.csv_tables import CsvTables
from data.export.episode import episode_block
from data.export.errors import ExportError
from data.export.notes import Notes, note_blocks, share_clock
from data.export.pairs import PAIRS, Subjects, file_name, write_player
from data.export.parquet import ParquetTables, check_ids, require_pyarrow
from data.export.place import KIND, MANIFEST, check_place, list_files, new_place
from data.export.plan import ChosenEpisode, ExportPlan, LeftOut, Wishes, plan_export
from data.export.raw import left_out_json, raw_files
from data.export.rows import event_block, frame_block, key_columns
from data.export.tables import tables_for
from data.findings import Answer, FileFinding, Report
from data.judgement import read_bytes
from data.local_format import read_local_prefix
from data.search import find
from data.state_file import encode_state
from data.verification import Progress, verify_found
from games.contract import Seat
from netcode.vocabulary import Terms

EXPORT_FORMAT: Final = 1
Layout: TypeAlias = Literal["parquet", "csv", "pairs-csv"]


class Order(NamedTuple):
    """What to export, where to, and how."""

    sources: tuple[Path, ...]
    target: Path
    layout: Layout = "parquet"
    wishes: Wishes = Wishes()
    jobs: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: rows by table (of `pairs-csv`, by file), and what was left out and why. At least one went in."""

    target: Path
    episodes: int
    rows: Mapping[str, int]
    left_out: tuple[LeftOut, ...]

    @property
    def exit_code(self) -> int:
        """0 if everything went in but what was left out by choice; 1 if something else could not be used."""
        return 1 if any(left.is_fault for left in self.left_out) else 0

    def to_json(self) -> dict[str, object]:
        """The outcome as plain values; the manifest has the rest."""
        return {
            "ok": self.exit_code == 0,
            "exit_code": self.exit_code,
            "to": str(self.target),
            "episodes": self.episodes,
            "rows": dict(self.rows),
            "left_out": [{"reason": left.reason, "is_fault": left.is_fault} for left in self.left_out],
        }


Exported: TypeAlias = Callable[[int, int, int], None]
"""Is told (episodes done, episodes in all, frames of the one that was just written)."""


def export(order: Order, *, verified: Progress | None = None, exported: Exported | None = None) -> Outcome:
    """Verify, choose, write, and put the whole in its place; both callbacks are told how far it is.

    Raises:
        ExportError: the place is not ours, a package is missing, or nothing can be exported.
        OSError: something cannot be read or written.
    """
    check_place(order.target, order.sources)
    writer = require_pyarrow() if order.layout == "parquet" else "csv"
    found = find(order.sources)
    report = verify_found(found, jobs=order.jobs, progress=verified)
    plan = plan_export(report, found, order.wishes)
    if not plan.episodes:
        raise ExportError(_nothing_words(report, plan.left_out))
    with new_place(order.target) as folder:
        written = WRITERS[order.layout](plan, folder, exported)
        left_out = (*plan.left_out, *written.left_out)
        manifest = {
            "format": EXPORT_FORMAT,
            "kind": KIND,
            "dyadgrid": metadata.version("dyadgrid"),
            "layout": order.layout,
            "writer": writer,
            "wishes": order.wishes._asdict(),
            "episodes": len(plan.episodes),
            "rows": written.rows,
            "left_out": [left_out_json(left, order.sources) for left in left_out],
            "raw": raw_files(plan, order.sources),
            "files": list_files(folder),
        }
        (folder / MANIFEST).write_bytes(encode_state(manifest))
    return Outcome(order.target, len(plan.episodes), written.rows, left_out)


def _nothing_words(report: Report, left_out: Sequence[LeftOut]) -> str:
    if not report.episodes:
        return "no episode found: nothing was written"
    reasons = Counter(left.reason for left in left_out)
    return f"nothing to export: {', '.join(f'{count} {reason}' for reason, count in sorted(reasons.items()))}"


class Written(NamedTuple):
    """What a layout's writer has done: rows by table or file, and notes that could not be used."""

    rows: Mapping[str, int]
    left_out: tuple[LeftOut, ...] = ()


def _write_parquet(plan: ExportPlan, folder: Path, exported: Exported | None) -> Written:
    rules = _rules(plan)
    check_ids([(terms.study, terms.dyad) for terms in rules])
    tables = tables_for(rules)
    _write_codebooks(folder, tables, rules, "parquet")
    with ParquetTables(folder, tables) as into:
        return _write_tables(plan, tables, into, exported)


def _write_csv(plan: ExportPlan, folder: Path, exported: Exported | None) -> Written:
    rules = _rules(plan)
    tables = tables_for(rules)
    _write_codebooks(folder, tables, rules, "csv")
    with CsvTables(folder, tables) as into:
        return _write_tables(plan, tables, into, exported)


def _rules(plan: ExportPlan) -> list[Terms]:
    return [episode.finding.terms.terms for episode in plan.episodes]


def _write_codebooks(folder: Path, tables: Sequence[Table], rules: Sequence[Terms], layout: str) -> None:
    (folder / "codebook.json").write_bytes(codebook_json(tables, rules, layout))
    (folder / "codebook.md").write_bytes(codebook_markdown(tables, rules, layout))


def _write_tables(
    plan: ExportPlan, tables: Sequence[Table], into: ParquetTables | CsvTables, exported: Exported | None
) -> Written:
    frames = next(table for table in tables if table.name == "frames")
    rows = Counter({table.name: 0 for table in tables})
    left_out: list[LeftOut] = []
    for done, chosen in enumerate(plan.episodes, start=1):
        notes = _read_notes(chosen, left_out)
        for block in _episode_blocks(chosen, notes, frames):
            rows[block.table] += block.rows
            into.write(block)
        if exported is not None:
            exported(done, len(plan.episodes), chosen.finding.rows)
    return Written(dict(rows), tuple(left_out))


def _episode_blocks(chosen: ChosenEpisode, notes: Mapping[Seat, Notes], frames: Table) -> Iterator[Block]:
    """All rows of one episode, and nothing of it in memory afterwards."""
    clock = share_clock(notes)
    for record in chosen.records:
        episode = read_unchanged(record.file)
        yield episode_block(chosen, record, episode, notes, clock)
        yield frame_block(episode, record.label, frames)
        yield event_block(episode, record.label)
        for seat in record.noted:
            if seat in notes:
                yield from note_blocks(key_columns(episode.terms), notes[seat], clock, episode.frames)


def read_unchanged(finding: FileFinding) -> Episode:
    """The episode that was verified.

    Raises:
        ExportError: the file has changed since.
    """
    try:
        episode = read_episode(read_bytes(finding.path))
    except FormatError as error:
        raise ExportError(f"{finding.path} changed since it was verified: {error}") from error
    if episode.sha256 != finding.sha256:
        raise ExportError(f"{finding.path} changed since it was verified: export again")
    return episode


def _read_notes(chosen: ChosenEpisode, left_out: list[LeftOut]) -> dict[Seat, Notes]:
    """What both machines noted. Notes that cannot be used are told: the episode itself is as good without them."""
    terms, notes = chosen.finding.terms, {}
    for seat, path in chosen.local_files.items():
        try:
            local = read_local_prefix(read_bytes(path))
        except FormatError as error:
            left_out.append(_unusable(path, f"a local file that cannot be read: {error}"))
            continue
        header = local.header
        if (header.run, header.episode, header.seat) == (terms.run, terms.episode, seat):
            notes[seat] = Notes(seat, local)
        else:
            left_out.append(_unusable(path, "a local file of another episode or seat than its name says"))
    return notes


def _unusable(path: Path, words: str) -> LeftOut:
    return LeftOut(FileFinding(path, Answer.DAMAGED, words), words, is_fault=True)


def _write_pairs(plan: ExportPlan, folder: Path, exported: Exported | None) -> Written:
    """One file for each player and episode. A seat whose record is not known has none."""
    subjects = Subjects(plan.episodes)
    _write_codebooks(folder, [PAIRS], _rules(plan), "pairs-csv")
    rows: dict[str, int] = {}
    left_out: list[LeftOut] = []
    for done, chosen in enumerate(plan.episodes, start=1):
        terms = chosen.finding.terms
        names = subjects.name(terms, Seat.LEFT), subjects.name(terms, Seat.RIGHT)
        for seat in Seat:
            own = chosen.own_files.get(seat)
            if own is None:
                left_out.append(LeftOut(chosen.finding, f"no record here is known to be the {seat.word} seat's", True))
                continue
            episode, name = read_unchanged(own), file_name(names[seat], terms.episode)
            write_player(folder, name, episode, names)
            rows[name] = len(episode.frames)
        if exported is not None:
            exported(done, len(plan.episodes), chosen.finding.rows)
    return Written(rows, tuple(left_out))


WRITERS: Final[Mapping[Layout, Callable[[ExportPlan, Path, Exported | None], Written]]] = {
    "parquet": _write_parquet,
    "csv": _write_csv,
    "pairs-csv": _write_pairs,
}


def layout_of(word: str) -> Layout:
    """The layout of this name.

    Raises:
        ExportError: there is none.
    """
    for layout in WRITERS:
        if layout == word:
            return layout
    raise ExportError(f"--format: expected {', '.join(WRITERS)}, got {word!r}")
