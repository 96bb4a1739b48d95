"""Whether the episodes of a run follow each other without a gap, and what says that a missing one was played. No file.

An episode that is not here is a warning: perhaps nobody recorded it, or it lies on the other station. It is an error
as soon as a claim or a local record shows that there was one.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from data.findings import Answer, EpisodeFinding, FileFinding, Gap
from data.layout import episode_key
from data.local_format import LOCAL_SUFFIX

MOST_MISSING: Final = 1000
"""As many episodes as a session may have (`--episodes`): a larger number in a header is no reason for a long list."""


class Session(NamedTuple):
    """One session that was really played: a repeated one has a run of its own."""

    study: str
    dyad: str
    session: str
    run: str


def find_gaps(episodes: Sequence[EpisodeFinding], alone: Iterable[Path]) -> tuple[Gap, ...]:
    """What is missing between the first and the last episode of each run. `alone` are files that were named singly.

    A run of which a single file was named is no session that could have gaps.
    """
    named = frozenset(alone)
    runs: defaultdict[Session, dict[int, bool]] = defaultdict(dict)
    for episode in episodes:
        terms = episode.terms
        session = Session(terms.terms.study, terms.terms.dyad, terms.terms.session, terms.run)
        runs[session][terms.episode] = all(file.path in named for file in episode.files)
    gaps = []
    for session, present in sorted(runs.items()):
        missing = sorted({*range(min(max(present), MOST_MISSING))} - present.keys())
        if missing and (len(present) > 1 or not any(present.values())):
            gaps.append(Gap(*session, last=max(present), missing=tuple(missing)))
    return tuple(gaps)


def find_orphans(local_files: Iterable[Path], played: Iterable[tuple[str, int]]) -> tuple[FileFinding, ...]:
    """Local records whose episode has neither a canonical file nor a claim here: it was played, and is missing.

    Only a final name counts: a part may be one of a living recorder.
    """
    known = set(played)
    orphans = []
    for path in local_files:
        key = episode_key(path.name)
        if key is not None and path.name.endswith(LOCAL_SUFFIX) and key not in known:
            words = f"a local record of run {key[0]}, episode {key[1] + 1}, whose canonical file is not here"
            orphans.append(FileFinding(path, Answer.MISSING, words))
    return tuple(orphans)
