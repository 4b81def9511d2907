# SPDX-License-Identifier: Apache-2.0
"""What a rule is, and the tree it looks at."""
import dataclasses
import pathlib
import re
import subprocess
from typing import Callable, Iterator

RULES: list["Rule"] = []


class CannotRun(Exception):
    """The tool that a rule needs is absent: the rule is skipped, with this text as the reason."""


@dataclasses.dataclass(frozen=True)
class Violation:
    path: str
    line: int
    what: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.what}"


@dataclasses.dataclass(frozen=True)
class Rule:
    name: str
    why: str
    check: Callable[["Tree"], Iterator[Violation]]
    example: dict[str, str] | None  # a tree that breaks it; None where only a tool can tell


def rule(example: dict[str, str] | None):
    """Registers the decorated generator; its docstring says why the rule is there."""
    def register(check):
        RULES.append(Rule(check.__name__, check.__doc__, check, example))
        return check
    return register


class Tree:
    """The files of a checkout (tracked, or new and not ignored), or a dict that stands for one."""

    def __init__(self, files: dict[str, str | None], root: pathlib.Path | None = None):
        self.files = files
        self.root = root

    @classmethod
    def of(cls, files):
        return cls(dict(files))

    @classmethod
    def of_checkout(cls):
        root = pathlib.Path(__file__).resolve().parents[3]
        command = "git -c safe.directory=* ls-files -z --cached --others --exclude-standard"
        listed = subprocess.run(command.split(), cwd=root, check=True, capture_output=True, text=True).stdout
        return cls({p: None for p in sorted(set(listed.split("\0"))) if p and (root / p).is_file()}, root)

    def text(self, path) -> str:
        """Empty for a file that is not there or is not text."""
        if path not in self.files:
            return ""
        if self.files[path] is None:
            try:
                self.files[path] = (self.root / path).read_text()
            except UnicodeDecodeError:
                self.files[path] = ""
        return self.files[path]

    def lines(self, path) -> Iterator[tuple[int, str]]:
        yield from enumerate(self.text(path).splitlines(), 1)

    def matching(self, pattern) -> list[str]:
        """Paths that match a regular expression from their start to their end."""
        return [p for p in self.files if re.fullmatch(pattern, p)]

    def size(self, path) -> int:
        return (self.root / path).stat().st_size if self.root else len(self.files[path])


CODE = r".*\.(h|cpp|c)"
PRODUCT = r"(lib|attest|daemons|clients)/" + CODE


def without_comments(line: str) -> str:
    return re.sub(r"//.*|/\*.*?\*/", "", line)


def excused(tree: Tree, path: str, number: int, name: str) -> bool:
    """A line may break a rule if it, or the line above it, says `house(RULE): why`."""
    lines = tree.text(path).splitlines()
    return any(re.search(rf"house\({name}\): \S", lines[n - 1]) for n in (number, number - 1) if n >= 1)


from . import docs, floors, text, tools, units  # noqa: E402,F401  registers the rules
