# SPDX-License-Identifier: Apache-2.0
"""Rules on words and calls, line by line."""
import re

from . import CODE, PRODUCT, Violation, excused, rule, without_comments

# The words are put together here so that this file does not break its own rules.
UNFINISHED = ["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK", "for" + " now", "not " + "implemented", "un" + "implemented"]
SOMEBODYS_PATH = r"(?<![\w./-])/(wor" + r"k|roo" + r"t|hom" + r"e/[a-z]\w*)/"


def is_data(path):
    return re.match(r"tests/(vectors|fuzz/corpus)/|docs/examples/", path) is not None


def each_line(tree, paths, name, pattern, what, code_only=False):
    for path in paths:
        for number, line in tree.lines(path):
            found = re.search(pattern, without_comments(line) if code_only else line)
            if found and not excused(tree, path, number, name):
                yield Violation(path, number, what.format(found[0].strip()))


@rule(example={"lib/base/a.cpp": "int x;\n"})
def spdx_line_first(tree):
    """A file that is copied out of the tree must still say under which terms."""
    kinds = r".*\.(h|cpp|c|py|sh|cmake|service|socket|target|xml|conf|policy|toml)|.*CMakeLists\.txt|dev|\.ci/run|deps/fetch-bao"
    for path in tree.matching(kinds):
        if not is_data(path) and "SPDX-License-Identifier: Apache-2.0" not in "\n".join(tree.text(path).splitlines()[:4]):
            yield Violation(path, 1, "put 'SPDX-License-Identifier: Apache-2.0' in a comment at the top")


@rule(example={"tests/unit/a_test.cpp": "std::this_thread::sleep_for(1s);\n"})
def tests_wait_on_events(tree):
    """A test that sleeps is slow on a good day and wrong on a bad one: wait on a pidfd, a pipe, inotify or poll."""
    yield from each_line(tree, [p for p in tree.matching(r"tests/.*\.(h|cpp|c)")], "tests_wait_on_events",
                         r"\b(usleep|nanosleep|clock_nanosleep|sleep_for|sleep_until|(?<![\w.>:\"'])sleep)\s*\(",
                         "'{}' in a test: wait on the event itself", code_only=True)
    yield from each_line(tree, [p for p in tree.matching(r"tests/.*\.(sh|py)") if not p.startswith("tests/check/")],
                         "tests_wait_on_events", r"^\s*sleep\s+[\d$]|\btime\.sleep\(", "'{}' in a test: wait on the event itself")


@rule(example={"lib/base/a.cpp": "// " + UNFINISHED[0] + ": later\n"})
def nothing_is_unfinished(tree):
    """Finish it, or file it: the tree holds what works."""
    words = "|".join(rf"(?<!Function )\b{word}\b" for word in UNFINISHED)  # ENOSYS in words is no confession
    paths = [p for p in tree.matching(r".*\.(h|cpp|c|py|sh|cmake|service|xml|conf|policy|toml|md|txt)|dev") if not is_data(p)]
    yield from each_line(tree, paths, "nothing_is_unfinished", words, "'{}': finish it, or take it out")


@rule(example={"docs/a.md": "see /ho" + "me/jane/notes\n"})
def no_path_of_somebodys_machine(tree):
    """The project speaks of itself only."""
    paths = [p for p in tree.files if not is_data(p) and not p.endswith((".png", ".bin", ".der"))]
    yield from each_line(tree, paths, "no_path_of_somebodys_machine", SOMEBODYS_PATH, "'{}' is a path of one machine")


@rule(example={"lib/base/a.cpp": "    throw std::runtime_error(\"no\");\n"})
def errors_are_values(tree):
    """No exception crosses a function of ours: return a ct::Result (lib/base/result.h)."""
    yield from each_line(tree, tree.matching(PRODUCT), "errors_are_values", r"(?<![\w\"])throw\b(?!\(\))",
                         "'{}': return fail(Reason::..., \"...\")", code_only=True)


@rule(example={"lib/http/a.cpp": "    std::cerr << body;\n"})
def libraries_never_log(tree):
    """What is logged twice is logged wrongly: lib/ and attest/ return context, the daemon logs once."""
    paths = tree.matching(r"(lib/(?!audit/)|attest/).*\.(h|cpp|c)")
    yield from each_line(tree, paths, "libraries_never_log",
                         r"std::(cout|cerr|clog)|\b(sd_journal_\w+|syslog|f?printf|fputs|puts|perror)\s*\(|fmt::print",
                         "'{}' in a library: put it into the Error's context", code_only=True)


@rule(example={"daemons/secretd/a.cpp": "    log.info(token.text());\n"})
def secrets_stay_out_of_the_log(tree):
    """A secret in the journal is a secret on a disk."""
    yield from each_line(tree, tree.matching(PRODUCT), "secrets_stay_out_of_the_log",
                         r"(\blog\w*\b|\baudit\w*\b|std::cerr|std::cout|fmt::print)[^;]*\b(secret|token|value|password|wrapped)\w*"
                         r"(\.|->)(text|bytes|data|c_str)\(\)",
                         "'{}' writes secret bytes to a log: write a size, a digest or nothing", code_only=True)


@rule(example={"lib/base/a.cpp": "int x;  // NOLINT(misc-a)\n"})
def every_nolint_says_why(tree):
    """A silenced check without a reason is a check that nobody will turn on again."""
    for path in tree.matching(CODE):
        for number, line in tree.lines(path):
            for found in re.finditer(r"NOLINT(NEXTLINE|BEGIN|END)?(\([^)]*\))?(?P<why>: *\S)?", line):
                if found[1] != "END" and not found["why"]:
                    yield Violation(path, number, "write 'NOLINT(check): why'")


@rule(example={"lib/base/a.h": "// SPDX\nint x();\n"})
def headers_are_guarded(tree):
    """One way, `#pragma once`, so that no guard's name can be wrong."""
    for path in tree.matching(r".*\.h"):
        if not re.search(r"^#pragma once$", tree.text(path), re.MULTILINE):
            yield Violation(path, 1, "put '#pragma once' below the opening comment")


@rule(example={"tests/fuzz/corpus/json/huge": "x" * 9000})
def seeds_and_files_are_small(tree):
    """A seed over 8 KiB slows every run of its fuzzer; a large file in the tree is carried by every clone."""
    for path in tree.files:
        limit = 8192 if path.startswith("tests/fuzz/corpus/") else 512 * 1024
        if tree.size(path) > limit:
            yield Violation(path, 1, f"{tree.size(path)} bytes; at most {limit} here")


@rule(example={"tests/fuzz/fuzz_json.cpp": "", "tests/fuzz/targets.cmake": ""})
def every_fuzzer_is_declared(tree):
    """A fuzz target that targets.cmake does not name is never run."""
    declared = tree.text("tests/fuzz/targets.cmake")
    for path in tree.matching(r"tests/fuzz/fuzz_[a-z0-9_]+\.cpp"):
        name = re.fullmatch(r".*fuzz_([a-z0-9_]+)\.cpp", path)[1]
        if not re.search(rf"^ct_fuzzer\({name}[ )]", declared, re.MULTILINE):
            yield Violation(path, 1, f"add 'ct_fuzzer({name} DEPS ...)' to tests/fuzz/targets.cmake")
