# SPDX-License-Identifier: Apache-2.0
"""Documents that must agree with the code, and with each other."""
import re
import xml.etree.ElementTree as ElementTree

from . import Violation, rule

REASONS_H = "lib/base/reason.h"
REASONS_MD = "docs/reasons.md"
LIMITS_H = "lib/base/limits.h"
LIMITS_MD = "docs/limits.md"


def table_rows(tree, path):
    """(line, key, cells) of each table row whose first cell is one `word` in backquotes."""
    for number, line in tree.lines(path):
        if found := re.match(r"\|\s*`([\w.]+)`\s*\|(.*)\|\s*$", line):
            yield number, found[1], [cell.strip() for cell in found[2].split("|")]


@rule(example={REASONS_H: "    X(policy_denied, PolicyDenied) \\\n", REASONS_MD: "| `gone` | PolicyDenied | a | b |\n"})
def every_reason_is_documented(tree):
    """The code is the contract; docs/reasons.md tells an operator what it means and what to do."""
    declared = {}
    for number, line in tree.lines(REASONS_H):
        for name, bus in re.findall(r"\bX\((\w+), (\w+)\)", line):
            declared[name] = (number, bus)
    documented = {}
    for number, name, cells in table_rows(tree, REASONS_MD):
        if name in documented:
            yield Violation(REASONS_MD, number, f"`{name}` has two rows: keep one")
        documented[name] = number
        if name not in declared:
            yield Violation(REASONS_MD, number, f"`{name}` is not in {REASONS_H}: delete the row")
        elif len(cells) != 3 or not all(cells):
            yield Violation(REASONS_MD, number, f"the row of `{name}` needs: code, D-Bus error, meaning, what to do")
        elif cells[0] != declared[name][1]:
            yield Violation(REASONS_MD, number, f"`{name}` maps to {declared[name][1]} in {REASONS_H}, not to {cells[0]}")
    for name, (number, _bus) in declared.items():
        if name not in documented:
            yield Violation(REASONS_H, number, f"add a row for `{name}` to {REASONS_MD}")


@rule(example={REASONS_H: "    X(vault_denied, PolicyDenied) \\\n", "docs/a.md": "says `vault_refused`\n"})
def pages_name_real_reasons(tree):
    """A reason that a page invents is one that an operator will look for in vain."""
    declared = set(re.findall(r"\bX\((\w+),", tree.text(REASONS_H)))
    families = r"(vault|evidence|gate|tls|mint|challenge|wrapping|upstream|session|caller|guard|value)_[a-z_]*[a-z]"
    for path in tree.matching(r".*\.md"):
        for number, line in tree.lines(path):
            for word in re.findall(rf"`({families})`", line):
                if word[0] not in declared and f"{word[0]}=" not in tree.text(path) and not re.search(rf"{word[0]} *=", line):
                    yield Violation(path, number, f"`{word[0]}` is no reason of {REASONS_H}")


def value_of_code(expression):
    """A number of bytes or of things, or (number, unit of time); None for what is neither."""
    expression = expression.replace("'", "").strip()
    if found := re.fullmatch(r"(\d+)(ms|s|min|h)", expression):
        return int(found[1]) * {"ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000}[found[2]], "ms"
    if re.fullmatch(r"[\d\s*<+()-]+", expression):
        return eval(expression), ""  # noqa: S307  digits and operators only, as the line above says
    return None


def value_of_words(words):
    if found := re.match(r"([\d ]+?) ?(KiB|MiB|ms|s|min|h)?\b", words):
        number, unit = int(found[1].replace(" ", "")), found[2] or ""
        if unit in ("KiB", "MiB"):
            return number * {"KiB": 1024, "MiB": 1024 * 1024}[unit], ""
        return (number * {"ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000}[unit], "ms") if unit else (number, "")
    return None


@rule(example={LIMITS_H: "inline constexpr std::size_t kA = 1 << 20;\n", LIMITS_MD: "| `kA` | 2 MiB | why |\n"})
def every_limit_is_documented(tree):
    """A bound that an operator can run into must be findable, with its reason and its true value."""
    declared = {}
    for number, line in tree.lines(LIMITS_H):
        if found := re.match(r"\s*inline constexpr [\w:]+ (k\w+) = ([^;]+);", line):
            declared[found[1]] = (number, value_of_code(found[2]))
    documented = set()
    for number, name, cells in table_rows(tree, LIMITS_MD):
        documented.add(name)
        if name not in declared:
            yield Violation(LIMITS_MD, number, f"`{name}` is not in {LIMITS_H}: delete the row")
        elif len(cells) != 2 or not all(cells):
            yield Violation(LIMITS_MD, number, f"the row of `{name}` needs: name, value, why")
        elif declared[name][1] is not None and value_of_words(cells[0]) != declared[name][1]:
            yield Violation(LIMITS_MD, number, f"`{name}` is {declared[name][1]} in {LIMITS_H}, the page says {cells[0]}")
    for name, (number, _value) in declared.items():
        if name not in documented:
            yield Violation(LIMITS_H, number, f"add a row for `{name}` to {LIMITS_MD}")


@rule(example={"README.md": "see [there](docs/gone.md)\n"})
def links_lead_somewhere(tree):
    """A page that points at nothing costs its reader more than no page."""
    for path in tree.matching(r".*\.md"):
        folder = path.rsplit("/", 1)[0] + "/" if "/" in path else ""
        for number, line in tree.lines(path):
            for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", line):
                if re.match(r"[a-z]+:", target):
                    continue
                parts = []
                for part in (folder + target).split("/"):
                    if part == "..":
                        parts[-1:] = []
                    elif part not in ("", "."):
                        parts.append(part)
                place = "/".join(parts)
                if place not in tree.files and not any(p.startswith(place + "/") for p in tree.files):
                    yield Violation(path, number, f"the link to {target} leads nowhere")


@rule(example={"docs/adr/0001-a.md": "# A\n"})
def decision_records_say_what_was_refused(tree):
    """The road not taken, and why, is what a reader of a decision comes for."""
    seen = {}
    for path in tree.matching(r"docs/adr/.*\.md"):
        found = re.fullmatch(r"docs/adr/(\d{4})-[a-z0-9-]+\.md", path)
        if not found:
            yield Violation(path, 1, "name it NNNN-words.md")
            continue
        if found[1] in seen:
            yield Violation(path, 1, f"number {found[1]} is taken by {seen[found[1]]}")
        seen[found[1]] = path
        for heading in ("Decision", "Refused"):
            if not re.search(rf"^## {heading}", tree.text(path), re.MULTILINE):
                yield Violation(path, 1, f"needs a section '## {heading}'")


@rule(example={"dbus/interfaces/io.cloudtaser.X1.xml":
               '<node><interface name="io.cloudtaser.X1"><method name="Do"/></interface></node>'})
def every_bus_member_is_documented(tree):
    """The XML is the contract: each member has a comment there, and each interface a page in docs/."""
    pages = "\n".join(tree.text(p) for p in tree.matching(r"docs/man/.*\.md"))
    for path in tree.matching(r"dbus/interfaces/.*\.xml"):
        try:
            builder = ElementTree.TreeBuilder(insert_comments=True)
            top = ElementTree.fromstring(tree.text(path), ElementTree.XMLParser(target=builder))
        except ElementTree.ParseError as error:
            yield Violation(path, error.position[0], f"is no XML: {error}")
            continue
        for interface in top.iter("interface"):
            if interface.get("name") not in pages:
                yield Violation(path, 1, f"no page of docs/man/ mentions {interface.get('name')}: write one")
            before = None
            for member in interface:
                if member.tag in ("method", "signal", "property"):
                    inside = any(child.tag is ElementTree.Comment for child in member)
                    if not inside and (before is None or before.tag is not ElementTree.Comment):
                        yield Violation(path, 1, f"{member.tag} {member.get('name')} has no comment before it")
                before = member


@rule(example={"daemons/x/CMakeLists.txt": "ct_daemon(xd SOURCES main.cpp)\n"})
def every_program_has_a_man_page(tree):
    """An operator who types `man cloudtaser-...` gets an answer."""
    programs = []
    for path in tree.matching(r"(daemons|clients)/.*CMakeLists\.txt"):
        for number, line in tree.lines(path):
            if found := re.match(r"ct_daemon\((\w+)", line):
                programs.append((path, number, "cloudtaser-" + found[1]))
            elif found := re.match(r"add_executable\((cloudtaser[\w-]*)", line):
                programs.append((path, number, found[1]))
    for path, number, program in programs:
        if not tree.matching(rf"docs/man/{program}\.[18]\.md"):
            yield Violation(path, number, f"write docs/man/{program}.8.md (or .1.md)")
