# SPDX-License-Identifier: Apache-2.0
"""Who may include whom (CONTRIBUTING.md, "Floors")."""
import re

from . import CODE, PRODUCT, Violation, rule, without_comments

FLOORS = {"lib/base": 0, "lib/loop": 1, "lib/bus": 1, "lib/codec": 1, "lib/crypto": 1, "lib/config": 1, "lib/http": 2,
          "lib/audit": 2, "attest": 2, "lib/openbao": 3, "daemons": 4, "clients": 5}

# Third-party headers live behind one folder, so that replacing a library is a change of one folder.
HOMES = {
    r"openssl/": r"lib/crypto/.*",
    r"curl/": r"lib/http/.*",
    r"tss2/": r"attest/collect/.*",
    r"cbor\.h": r"lib/codec/.*",
    r"toml\+\+/": r"lib/config/.*",
    r"rapidjson/": r"lib/codec/.*",
    r"CLI/": r"clients/(ctl|attest)/.*",
    # The bus and the loop are wrapped; beside the wrappers only the file that holds a vtable sees sd-bus.
    # The guard's helper has no terminal and no bus of its own: what it refuses goes to the journal.
    r"systemd/sd-journal\.h": r"lib/audit/.*|daemons/common/.*|clients/run/guard_process\.cpp",
    # identd asks which unit a pid belongs to.
    r"systemd/sd-login\.h": r"daemons/identd/.*",
    r"systemd/(?!sd-login|sd-journal)": r"lib/(bus|loop|audit)/.*|daemons/common/.*|daemons/[a-z]+/[a-z_]*service\.(h|cpp)"
                 r"|clients/libclient/.*|clients/run/(session_line|patience)\.(h|cpp)",
}

INCLUDE = re.compile(r'\s*#\s*include\s+["<]([^">]+)[">]')


def room_of(path):
    """The longest room of FLOORS that holds the path."""
    rooms = [room for room in FLOORS if path.startswith(room + "/")]
    return max(rooms, key=len) if rooms else None


def target_of(tree, included):
    """Includes are written from lib/ or from the root."""
    for candidate in (included, "lib/" + included):
        if candidate in tree.files:
            return candidate
    return None


def includes(tree, path):
    for number, line in tree.lines(path):
        if found := INCLUDE.match(line):
            yield number, found[1]


@rule(example={"lib/base/a.h": '#include "crypto/x.h"\n', "lib/crypto/x.h": ""})
def includes_point_down(tree):
    """A lower floor that knows a higher one can't be read, tested or replaced alone."""
    for path in tree.matching(PRODUCT):
        mine = room_of(path)
        for number, included in includes(tree, path):
            target = target_of(tree, included)
            theirs = room_of(target) if target else None
            if mine and theirs and FLOORS[theirs] > FLOORS[mine]:
                yield Violation(path, number, f"{mine} (floor {FLOORS[mine]}) includes {included} of floor "
                                f"{FLOORS[theirs]}: move the code up, or what it needs down")


@rule(example={"daemons/gate/a.cpp": '#include "daemons/secretd/b.h"\n', "daemons/secretd/b.h": ""})
def daemons_and_clients_stand_alone(tree):
    """Processes meet on the bus, not in a linker: a daemon never includes another, a client never includes a daemon."""
    for path in tree.matching(r"(daemons|clients)/" + CODE):
        room = "/".join(path.split("/")[:2])
        for number, included in includes(tree, path):
            target = target_of(tree, included) or ""
            other = "/".join(target.split("/")[:2])
            allowed = {room, "daemons/common"} if room.startswith("daemons/") else {room, "clients/libclient"}
            if target.startswith(("daemons/", "clients/")) and other not in allowed:
                yield Violation(path, number, f"{room} includes {included}: talk to it over D-Bus, or move what both "
                                "need into lib/")


@rule(example={"attest/collect/a.cpp": '#include "attest/verify/verifier.h"\n', "attest/verify/verifier.h": ""})
def a_node_carries_no_verifier_and_a_gate_no_device_code(tree):
    """attest/collect and attest/verify are separate libraries; what both need stands in attest/evidence."""
    for path in tree.matching(r"attest/(collect|verify)/" + CODE):
        other = "attest/verify/" if path.startswith("attest/collect/") else "attest/collect/"
        for number, included in includes(tree, path):
            if (target_of(tree, included) or included).startswith(other):
                yield Violation(path, number, f"includes {included}: put what both sides need into attest/evidence/")


@rule(example={"lib/http/a.cpp": "#include <openssl/ssl.h>\n"})
def third_party_headers_stay_at_home(tree):
    """Replacing a library must be a change of one folder (docs/adr/0003-libraries.md)."""
    for path in tree.matching(PRODUCT):
        for number, included in includes(tree, path):
            for header, home in HOMES.items():
                if re.match(header, included) and not re.fullmatch(home, path):
                    yield Violation(path, number, f"<{included}> belongs into {home.replace('|', ' or ')}")


@rule(example={"daemons/gate/a.cpp": 'if (kind == "tpm2") ...\n'})
def the_protocol_names_no_technology(tree):
    """The next kind of evidence is a folder in attest/, not a change of the protocol, the gate or secretd."""
    for path in tree.matching(r"(attest/(protocol|judge)|daemons/(secretd|gate))/" + CODE):
        for number, line in tree.lines(path):
            if found := re.search(r"tpm2?|\bsnp\b|\btdx\b|nitro", without_comments(line), re.IGNORECASE):
                yield Violation(path, number, f"names '{found[0]}': kinds are words that come from configuration or the "
                                "peer")


@rule(example={"lib/codec/CMakeLists.txt": "ct_library(codec FLOOR 1 SOURCES hex.cpp)", "lib/codec/hex.cpp": "",
               "lib/codec/lost.cpp": ""})
def no_source_is_orphaned(tree):
    """A file that no build target names is neither compiled nor tested."""
    for path in tree.matching(r"(lib|attest|daemons|clients|tests/(unit|bus|matrix|bench|demo))/.*\.(cpp|c)"):
        if path.startswith("tests/matrix/programs/"):  # the matrix compiles them itself, in several ways
            continue
        folder, name = path.rsplit("/", 1)
        declared = ""
        while "/" in folder and not declared:
            declared = tree.text(folder + "/CMakeLists.txt")
            folder = folder.rsplit("/", 1)[0]
        stem = name.rsplit(".", 1)[0]
        named = re.search(rf"(?<![\w.]){re.escape(name)}\b", declared)
        in_a_loop = "}." in declared and re.search(rf"foreach\(.*\b{stem}\b", declared)
        if not named and not in_a_loop and "GLOB" not in declared:
            yield Violation(path, 1, "no CMakeLists.txt above it names this file: add it to a target or delete it")
