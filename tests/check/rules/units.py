# SPDX-License-Identifier: Apache-2.0
"""Unit files: every line known, every fence up or its absence explained."""
import re

from . import Violation, rule

# What systemd 252 knows and we use; a word that is not here is a typing error or wants a look.
KNOWN = {
    "Unit": "After Before BindsTo Conflicts ConditionPathExists ConditionSecurity Description Documentation OnFailure PartOf "
            "RefuseManualStart Requires StartLimitBurst StartLimitIntervalSec Upholds Wants",
    "Service": "AmbientCapabilities BindPaths BindReadOnlyPaths BusName CapabilityBoundingSet CacheDirectory "
               "ConfigurationDirectory ConfigurationDirectoryMode CoredumpFilter DeviceAllow DevicePolicy DynamicUser Environment "
               "ExecPaths ExecReload ExecStart ExecStartPre FileDescriptorStoreMax Group IPAddressAllow IPAddressDeny IPCPrivate "
               "KeyringMode KillMode LimitCORE LimitMEMLOCK LimitNOFILE LimitNPROC LoadCredential LoadCredentialEncrypted LockPersonality LogRateLimitIntervalSec "
               "LogsDirectory LogsDirectoryMode MemoryDenyWriteExecute MemoryMax MemorySwapMax NoExecPaths NoNewPrivileges NotifyAccess "
               "OOMScoreAdjust PrivateDevices PrivateIPC PrivateMounts PrivateNetwork PrivateTmp PrivateUsers ProcSubset "
               "ProtectClock ProtectControlGroups ProtectHome ProtectHostname ProtectKernelLogs ProtectKernelModules "
               "ProtectKernelTunables ProtectProc ProtectSystem ReadOnlyPaths ReadWritePaths InaccessiblePaths RemoveIPC Restart "
               "RestartPreventExitStatus RestartSec RestrictAddressFamilies RestrictNamespaces RestrictRealtime RestrictSUIDSGID RuntimeDirectory "
               "RuntimeDirectoryMode SetCredential SetCredentialEncrypted Slice SocketBindAllow SocketBindDeny StandardError "
               "StandardOutput StateDirectory StateDirectoryMode SupplementaryGroups SyslogIdentifier SystemCallArchitectures "
               "SystemCallErrorNumber SystemCallFilter TasksMax TimeoutStartSec TimeoutStopSec Type UMask User WatchdogSec",
    "Install": "Alias Also WantedBy RequiredBy",
    "Socket": "Accept ListenStream SocketMode SocketUser SocketGroup RemoveOnStop Service FileDescriptorName",
}
KNOWN = {section: set(words.split()) for section, words in KNOWN.items()}

# option: value that every service has. A service that differs says why in a comment above the line (or one line higher,
# where two options belong together); one that lacks the option names it in a comment.
FENCE = {
    "NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes", "PrivateDevices": "yes",
    "PrivateNetwork": "yes", "ProtectProc": "invisible", "ProtectClock": "yes", "ProtectControlGroups": "yes",
    "ProtectHostname": "yes", "ProtectKernelLogs": "yes", "ProtectKernelModules": "yes", "ProtectKernelTunables": "yes",
    "RestrictNamespaces": "yes", "RestrictRealtime": "yes", "RestrictSUIDSGID": "yes", "LockPersonality": "yes",
    "MemoryDenyWriteExecute": "yes", "SystemCallArchitectures": "native", "UMask": "0077", "LimitCORE": "0",
    "CapabilityBoundingSet": "",
}


def options(tree, path):
    """(line number, section, option, value, whether a comment stands above it or above the line before)."""
    section, comment_at, continued = "", -9, False
    for number, line in tree.lines(path):
        text = line.strip()
        if continued:
            continued = text.endswith("\\")
        elif found := re.fullmatch(r"\[(\w+)\]", text):
            section = found[1]
        elif text.startswith(("#", ";")):
            comment_at = number
        elif "=" in text:
            option, value = text.split("=", 1)
            continued = text.endswith("\\")
            yield number, section, option.strip(), value.strip(), number - comment_at <= 2


@rule(example={"units/a.service": "[Service]\nProtectSytem=strict\n"})
def every_unit_option_is_known(tree):
    """systemd ignores an option that it does not know: a typing error takes a fence down without a word."""
    for path in tree.matching(r"units/.*\.(service|socket|target)"):
        for number, section, option, _value, _explained in options(tree, path):
            if section in KNOWN and option not in KNOWN[section]:
                yield Violation(path, number, f"{option}= is not known in [{section}]: correct it, or add it to "
                                "tests/check/rules/units.py")


@rule(example={"units/a.service": "[Service]\nExecStart=/bin/true\n"})
def every_service_is_fenced(tree):
    """A daemon may do what its job needs and nothing else; a unit that differs says why right above the line."""
    for path in tree.matching(r"units/.*\.service"):
        found = {}
        for number, section, option, value, explained in options(tree, path):
            if section == "Service":
                found.setdefault(option, (number, value, explained))
        for option, wanted in FENCE.items():
            number, value, explained = found.get(option, (1, None, False))
            if value is None and not re.search(rf"^#.*\b{option}\b", tree.text(path), re.MULTILINE):
                yield Violation(path, 1, f"needs {option}={wanted}, or a comment that names {option} and says why not")
            elif value is not None and value != wanted and not explained:
                yield Violation(path, number, f"{option}={value} differs from {wanted or 'empty'}: say why in a comment above")
