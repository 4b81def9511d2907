# SPDX-License-Identifier: Apache-2.0
"""Rules that a tool decides."""
import re
import shutil
import subprocess

from . import CODE, CannotRun, Violation, rule


def run(tool, arguments, tree):
    if shutil.which(tool) is None:
        raise CannotRun(f"{tool} is not installed: ./dev check installs it")
    return subprocess.run([tool, *arguments], cwd=tree.root, capture_output=True, text=True, check=False)


@rule(example=None)
def code_is_formatted(tree):
    """White space is not a matter of taste in review: `./dev format` has the last word."""
    done = run("clang-format-19", ["--dry-run", "-Werror", "--ferror-limit=1", *tree.matching(CODE)], tree)
    for path, line in re.findall(r"^([^:\n]+):(\d+):\d+: error", done.stderr, re.MULTILINE):
        yield Violation(path, int(line), "not as clang-format writes it: run ./dev format")


@rule(example=None)
def scripts_pass_shellcheck(tree):
    """Quoting errors in a shell script are found by a tool or by a user."""
    scripts = [p for p in tree.files if re.match(r"#!.*\b(ba|da)?sh\b", tree.text(p)[:80]) and not p.startswith("tests/fuzz/corpus/")]
    done = run("shellcheck", ["--format=gcc", *scripts], tree)
    for path, line, what in re.findall(r"^([^:\n]+):(\d+):\d+: (.*)", done.stdout, re.MULTILINE):
        yield Violation(path, int(line), what)
