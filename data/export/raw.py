"""The raw files of an export by name and SHA-256, as the manifest lists them: what went in, and what was left out.

A file is named by its path inside the source that it was found in, so that a copy of the same raw files elsewhere gives
the same manifest.
"""

from collections.abc import Sequence
from pathlib import Path

from data.export.place import sha256_of
from data.export.plan import ExportPlan, LeftOut
from data.findings import EpisodeFinding, FileFinding


def raw_files(plan: ExportPlan, sources: Sequence[Path]) -> list[dict[str, object]]:
    """Every file of the exported episodes: records, local files, claims. Equal files of two stations are one entry.

    Raises:
        OSError: one cannot be read any more.
    """
    hashes = {file.path: file.sha256 for episode in plan.episodes for file in episode.finding.files}
    hashes |= {path: "" for episode in plan.episodes for path in episode.local_files.values()}
    hashes |= dict.fromkeys(plan.claim_files, "")
    entries = {
        (path_in_source(path, sources), known or sha256_of(path), path.stat().st_size) for path, known in hashes.items()
    }
    return [{"path": path, "sha256": digest, "bytes": size} for path, digest, size in sorted(entries)]


def path_in_source(path: Path, sources: Sequence[Path]) -> str:
    """A file's path from the root of the first source that it lies in; of a file that was named itself, its name."""
    for source in sources:
        if path != source and path.is_relative_to(source):
            return path.relative_to(source).as_posix()
    return path.name


def left_out_json(left: LeftOut, sources: Sequence[Path]) -> dict[str, object]:
    """One thing that was left out, and why, with its files."""
    finding = left.finding
    files = finding.files if isinstance(finding, EpisodeFinding) else (finding,)
    told = {"reason": left.reason, "is_fault": left.is_fault, "answer": finding.answer.value}
    if isinstance(finding, EpisodeFinding):
        rules = finding.terms.terms
        told |= {"study": rules.study, "dyad": rules.dyad, "session": rules.session}
        told |= {"run": finding.terms.run, "episode": finding.terms.episode}
    return told | {"files": [_file_json(file, sources) for file in files]}


def _file_json(file: FileFinding, sources: Sequence[Path]) -> dict[str, str]:
    return {"path": path_in_source(file.path, sources), "sha256": file.sha256}
