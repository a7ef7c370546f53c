"""Scans a repository: lists, reads what is new, resolves. Never runs anything of what it reads."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import threading
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from ferrata.catalog import ModelUse
from ferrata.listing import Entry, Listing
from ferrata.maturity.scan.cache import Cache, content_key
from ferrata.maturity.scan.paths import compile_globs, format_of
from ferrata.maturity.scan.resolve import Resolved, matching_rules, resolve
from ferrata.maturity.scan.types import MODEL, NOTHING, FileFacts, ScanResult, Skipped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from ferrata.maturity.scan.extract import Extractor
    from ferrata.maturity.scan.rules import RuleSet

__all__ = ["check_examples", "scan_repository", "scan_texts"]

_BATCH = 128
# Below this many files to read, starting other processes takes longer than reading.
_WORTH_A_POOL = 300


class _Read(NamedTuple):
    """What came of reading one file."""

    entry: Entry
    key: str
    facts: FileFacts


def scan_repository(
    root: Path,
    rules: RuleSet,
    *,
    on: date,
    cache: Path | None = None,
    keep: bool = True,
    listing: Listing | None = None,
    exclude: Sequence[str] = (),
    workers: int | None = None,
) -> ScanResult:
    """Scan the tree below `root`.

    Args:
        root: a folder, of a git repository or not.
        rules: the rules to apply.
        on: today, for the life cycles of models.
        cache: the file that remembers earlier scans; None for none.
        keep: False leaves that file as it is.
        listing: of `root`, if it was begun before.
        exclude: globs of paths that are passed over.
        workers: processes; None for one a core.

    Raises:
        NotFound: `root` does not exist.
        UsageError: `root` is no readable folder, or a bare git repository.
    """
    started = time.perf_counter()
    with listing or Listing(root) as files:
        memory = Cache(cache, rules.digest, write=keep)  # while git lists
        entries = files.entries()
    if exclude:
        left_out = compile_globs(exclude)
        entries = [entry for entry in entries if not left_out.match(entry.path)]
    wanted = [entry for entry in entries if format_of(entry.path) is not None]
    facts: dict[str, FileFacts] = {}
    new: list[Entry] = []
    moved: list[_Read] = []
    for entry in wanted:
        known = memory.known(entry)
        same = _with_known_content(root, entry, memory) if known is None else None
        if same is not None:
            moved.append(same)
            known = same.facts
        if known is None:
            new.append(entry)
        else:
            facts[entry.path] = known
    fresh = list(_read_all(root, new, rules, workers=workers or os.cpu_count() or 1))
    facts.update((read.entry.path, read.facts) for read in fresh)
    memory.store([*moved, *fresh], gone=memory.paths() - {entry.path for entry in wanted} if fresh or moved else ())
    memory.close()
    ordered = {entry.path: facts[entry.path] for entry in wanted if facts[entry.path] is not NOTHING}
    resolved = resolve(ordered, [entry.path for entry in entries], rules, on=on)
    return _result(resolved, entries, wanted, ordered, cached=len(wanted) - len(new), started=started)


def _with_known_content(root: Path, entry: Entry, memory: Cache) -> _Read | None:
    """A file whose time has changed but whose content was read before, as after a checkout of another branch."""
    if memory.empty:
        return None
    try:
        key = content_key(entry.path, (root / entry.path).read_bytes())
    except OSError:
        return None
    found = memory.by_key(key)
    return _Read(entry, key, found) if found is not None else None


def scan_texts(files: Mapping[str, str], rules: RuleSet, *, on: date) -> Resolved:
    """Scan a tree that is given as path -> text; what the examples of rules run through."""
    extractor = _new_extractor(rules)
    facts = {path: extractor.extract(path, text.encode()) for path, text in sorted(files.items())}
    return resolve(facts, sorted(files), rules, on=on)


def check_examples(rules: RuleSet, *, on: date) -> list[str]:
    """Run the examples of every rule; a line for each that does not come out as it says."""
    found: list[str] = []
    extractor = _new_extractor(rules)
    for rule in rules.rules:
        for wanted, examples in ((True, rule.examples.positive), (False, rule.examples.negative)):
            for number, example in enumerate(examples, 1):
                facts = {path: extractor.extract(path, text.encode()) for path, text in sorted(example.tree().items())}
                if (rule.id in matching_rules(facts, sorted(facts), rules, on=on)) != wanted:
                    found.append(
                        f"{rule.id}: {'positive' if wanted else 'negative'} example {number} {'does not match' if wanted else 'matches'}"
                    )
    return found


def _result(
    resolved: Resolved,
    entries: list[Entry],
    wanted: list[Entry],
    facts: Mapping[str, FileFacts],
    *,
    cached: int,
    started: float,
) -> ScanResult:
    languages = Counter(form.language for entry in wanted if (form := format_of(entry.path)))
    return ScanResult(
        llm_use=resolved.llm_use,
        llm_sites=resolved.llm_sites,
        findings=resolved.findings,
        files=len(entries),
        read=len(wanted),
        cached=cached,
        languages=dict(languages.most_common()),
        skipped=tuple(Skipped(path, f.skipped) for path, f in facts.items() if f.skipped),
        seconds=time.perf_counter() - started,
        models=tuple(
            ModelUse(hit.names["MODEL"], path, hit.line)
            for path, f in facts.items()
            for hit in f.hits
            if hit.rule == MODEL
        ),
    )


def _read_all(root: Path, entries: list[Entry], rules: RuleSet, *, workers: int) -> Iterator[_Read]:
    if not entries:
        return
    if workers < 2 or len(entries) < _WORTH_A_POOL:
        yield from _read_batch_with(_new_extractor(rules), str(root), entries)
        return
    batches = [entries[i : i + _BATCH] for i in range(0, len(entries), _BATCH)]
    yield from _pooled(str(root), batches, rules, workers)


def _pooled(root: str, batches: list[list[Entry]], rules: RuleSet, workers: int) -> Iterator[_Read]:
    """Read batches in other processes; a file on which a parser dies is skipped, and costs nothing else."""
    broken: list[list[Entry]] = []
    with _pool(rules, workers) as pool:
        for batch, future in [(batch, pool.submit(_read_batch, root, batch)) for batch in batches]:
            try:
                yield from future.result()
            except BrokenProcessPool:
                broken.append(batch)
    for batch in broken:
        yield from _read_alone(root, batch, rules)


def _read_alone(root: str, batch: list[Entry], rules: RuleSet) -> Iterator[_Read]:
    """Read a batch in a process of its own; if it dies, halve the batch until the file is found."""
    try:
        with _pool(rules, 1) as pool:
            yield from pool.submit(_read_batch, root, batch).result()
    except BrokenProcessPool:
        if len(batch) == 1:
            yield _Read(batch[0], f"died {batch[0]}", FileFacts(skipped="the parser died on it"))
            return
        half = len(batch) // 2
        yield from _read_alone(root, batch[:half], rules)
        yield from _read_alone(root, batch[half:], rules)


def _pool(rules: RuleSet, workers: int) -> ProcessPoolExecutor:
    alone = threading.active_count() == 1 and "fork" in multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("fork" if alone else "spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker, initargs=(rules,))


def _die_with_parent() -> None:
    """On Linux, a reader whose scan was killed ends too, instead of waiting for work for ever."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _new_extractor(rules: RuleSet) -> Extractor:
    """The readers and parsers are loaded only by who reads: a warm scan does not."""
    from ferrata.maturity.scan.extract import Extractor

    return Extractor(rules)


_extractor: Extractor | None = None


def _start_worker(rules: RuleSet) -> None:
    global _extractor
    _die_with_parent()
    _extractor = _new_extractor(rules)


def _read_batch(root: str, entries: list[Entry]) -> list[_Read]:
    assert _extractor is not None  # noqa: S101 - set by _start_worker
    return list(_read_batch_with(_extractor, root, entries))


def _read_batch_with(extractor: Extractor, root: str, entries: Iterable[Entry]) -> Iterator[_Read]:
    for entry in entries:
        if not extractor.opens(entry.path):
            yield _Read(entry, "", NOTHING)
            continue
        if problem := extractor.too_large(entry.path, entry.size):
            yield _Read(entry, f"{entry}", FileFacts(skipped=problem))
            continue
        try:
            with open(f"{root}/{entry.path}", "rb") as file:  # noqa: PTH123 - tens of thousands of them
                data = file.read()
        except OSError as error:
            yield _Read(entry, f"{entry}", FileFacts(skipped=f"cannot be read: {error.strerror}"))
            continue
        facts = extractor.extract(entry.path, data)
        yield _Read(entry, content_key(entry.path, data), facts if facts != NOTHING else NOTHING)
