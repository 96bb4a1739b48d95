"""What every column of an export means, as JSON for programs and as Markdown for people. No file.

It is made from the same declarations as the tables themselves, and from the headers of the exported episodes.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Final

from data.export.columns import Table, TableColumn
from netcode.vocabulary import Terms

CODEBOOK_FORMAT: Final = 1

_NULLS: Final = {
    "parquet": "A value that is not there is null. `study` and `dyad` are the names of folders, and readers may take "
    "one that looks like a number for a number; `study_id` and `dyad_id` in the files are exactly the text.",
    "csv": "A value that is not there is an empty cell. Truth values are `true` and `false`. Read ids as text: "
    "`007` is not 7.",
    "pairs-csv": "Truth values are `True` and `False`. Who sat in several runs, or in both seats, is "
    "called by all ids: participant, study, dyad, session, run, seat.",
}


def codebook_json(tables: Sequence[Table], rules: Iterable[Terms], layout: str) -> bytes:
    """The codebook for programs."""
    book = {
        "format": CODEBOOK_FORMAT,
        "kind": "dyadgrid codebook",
        "layout": layout,
        "notes": _NULLS[layout],
        "games": [_game_json(terms) for terms in games_of(rules)],
        "tables": {
            table.name: {"meaning": table.meaning, "columns": [_column_json(column) for column in table.columns]}
            for table in tables
        },
    }
    return (json.dumps(book, indent=2, ensure_ascii=False) + "\n").encode()


def games_of(rules: Iterable[Terms]) -> list[Terms]:
    """One session's rules for each version of a game, in order: its words are the same in all of them."""
    found = {(terms.game, terms.game_version, terms.actions, terms.event_kinds): terms for terms in rules}
    return [terms for _, terms in sorted(found.items(), key=lambda pair: pair[0])]


def _game_json(terms: Terms) -> dict[str, object]:
    return {
        "game": terms.game,
        "version": terms.game_version,
        "actions": list(terms.actions),
        "event_kinds": list(terms.event_kinds),
    }


def _column_json(column: TableColumn) -> dict[str, object]:
    told = {"name": column.name, "type": column.type, "unit": column.unit, "meaning": column.meaning}
    return told | ({"games": list(column.games)} if column.games else {})


def codebook_markdown(tables: Sequence[Table], rules: Iterable[Terms], layout: str) -> bytes:
    """The codebook for people."""
    lines = ["# Codebook", "", _NULLS[layout], "", "Times in ns are whole numbers; `t_s` is in seconds."]
    for terms in games_of(rules):
        lines += ["", f"**{_plain(terms.game)}**, version {_plain(terms.game_version)}"]
        lines += [f"- actions: {_numbered(terms.actions)}", f"- events: {_numbered(terms.event_kinds)}"]
    for table in tables:
        lines += [
            "",
            f"## {table.name}",
            "",
            table.meaning,
            "",
            "| column | type | unit | meaning |",
            "|---|---|---|---|",
        ]
        lines += [_line(column) for column in table.columns]
    return ("\n".join(lines) + "\n").encode()


def _numbered(words: Sequence[str]) -> str:
    return ", ".join(f"{number} {_plain(word)}" for number, word in enumerate(words))


def _line(column: TableColumn) -> str:
    of = f" ({', '.join(column.games)})" if column.games else ""
    cells = (f"`{column.name}`", column.type, column.unit, column.meaning + of)
    return f"| {' | '.join(map(_plain, cells))} |"


def _plain(text: str) -> str:
    """Text from a header must not break the table that it stands in."""
    return " ".join(text.replace("|", "\\|").split())
