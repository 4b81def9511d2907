// SPDX-License-Identifier: Apache-2.0
// cloudtaserctl: arguments in, one verb, exit code out (0 done, 1 refused or failed, 2 wrong arguments).
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <functional>

#include "base/fd.h"
#include "clients/ctl/commands.h"
#include "crypto/memory.h"

namespace {

using namespace ct;
using namespace ct::ctl;

Output::Mode mode_of(bool json) {
    if (json) return Output::Mode::json;
    const char* terminal = std::getenv("TERM");  // NOLINT(concurrency-mt-unsafe): one thread
    const bool dumb = terminal == nullptr || std::string_view(terminal) == "dumb";
    return ::isatty(STDOUT_FILENO) == 1 && !dumb ? Output::Mode::terminal : Output::Mode::plain;
}

WallTime now() { return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()); }

int complain(const Error& error, bool json) {
    if (json) {
        Output out(Output::Mode::json);
        out.json().begin_object().key("error").begin_object();
        out.json().key("reason").string(to_string(error.reason)).key("message").string(printable(error.to_string()));
        out.json().end_object().end_object();
        if (const auto text = out.take()) static_cast<void>(write_all(STDOUT_FILENO, text->data(), text->size()));
    } else {
        const std::string text = "cloudtaserctl: " + printable(error.to_string()) + "\n(cloudtaserctl reasons " +
                                 std::string(to_string(error.reason)) + ")\n";
        static_cast<void>(write_all(STDERR_FILENO, text.data(), text.size()));  // nobody is left to be told
    }
    return 1;
}

int finish(Result<int> result, Output& out) {
    if (!result) return complain(result.error(), out.is_json());
    const auto text = out.take();
    if (!text) return complain(text.error(), out.is_json());
    if (auto status = write_all(STDOUT_FILENO, text->data(), text->size()); !status)
        return complain(status.error(), false);
    return *result;
}

// A verb's name, options and what it does once the arguments are known.
using Action = std::function<Result<int>(Output&)>;

struct Arguments {
    CLI::App app{"Looks at and administers CloudTaser on this host.", "cloudtaserctl"};
    bool json = false;
    Action action;

    StatusOptions status;
    SessionsOptions sessions;
    RevokeOptions revoke;
    FetchOptions fetch;
    PolicyCheckOptions policy;
    ReplayOptions replay;
    EnrolmentOptions enrolment;
    GateNodeOptions gate_node;
    KeygenOptions keygen;
    std::vector<std::string> certificates;
    std::string reason;

    CLI::App* verb(CLI::App& parent, const char* name, const char* purpose, Action does) {
        CLI::App* sub = parent.add_subcommand(name, purpose);
        sub->fallthrough();
        sub->callback([this, does = std::move(does)] { action = does; });
        return sub;
    }

    // The key is made in secret memory, which has to be arranged before anything else of OpenSSL.
    Result<int> make_identity(Output& out) const {
        CT_CHECK(crypto::use_secret_arena());
        return ctl::keygen(keygen, now(), out);
    }

    Arguments() {
        const bool person = ::isatty(STDIN_FILENO) == 1;
        status.ask_person = sessions.ask_person = revoke.ask_person = gate_node.ask_person = person;
        app.add_flag("--json", json, "One JSON value on standard output");
        app.set_version_flag("--version", "cloudtaserctl " CT_VERSION);
        app.require_subcommand(1);

        auto* v = verb(app, "status", "What this host protects, and what it does not",
                       [this](Output& out) { return ctl::status(status, now(), out); });
        v->add_flag("--start", status.start, "Start daemons that are installed and do not run");
        v->add_flag("--all", status.all, "Show daemons that are not installed as well");
        v->add_option("--certificate", status.certificate, "This node's certificate")
            ->default_val("/etc/cloudtaser/node.crt");

        verb(app, "sessions", "List the sessions of this node",
             [this](Output& out) { return ctl::sessions(sessions, now(), out); });

        v = verb(app, "revoke", "End all sessions of a workload",
                 [this](Output& out) { return ctl::revoke(revoke, out); });
        v->add_option("WORKLOAD", revoke.workload)->required();

        v = verb(app, "fetch", "Write one secret of a workload to a descriptor",
                 [this](Output& out) { return ctl::fetch(fetch, out); });
        v->add_option("WORKLOAD", fetch.workload)->required();
        v->add_option("NAME", fetch.name)->required();
        v->add_option("--to-fd", fetch.to_fd, "An open descriptor that takes it, for example 3 with 3>TARGET")
            ->required()
            ->check(CLI::NonNegativeNumber);
        v->add_flag("--force", fetch.force, "Even if the descriptor is a terminal");

        // main() takes it before these arguments are looked at; here for --help.
        app.add_subcommand("run", "Start a program with its secrets: cloudtaser-run(1) with all that follows");

        auto* group = app.add_subcommand("policy", "Policies of a gate");
        group->require_subcommand(1);
        group->fallthrough();
        v = verb(*group, "check", "Check policy files as the gate would",
                 [this](Output& out) { return ctl::policy_check(policy, out); });
        v->add_option("PATH", policy.paths, "Files, or folders of *.toml")->required();

        auto* gate = app.add_subcommand("gate", "Nodes and verdicts of a gate");
        gate->require_subcommand(1);
        gate->fallthrough();
        group = gate->add_subcommand("node", "Which nodes it knows");
        group->require_subcommand(1);
        group->fallthrough();
        group->add_option("--settings", gate_node.settings, "The gate's configuration")
            ->default_val("/etc/cloudtaser/gate.toml");
        v = verb(*group, "add", "Enrol a node", [this](Output& out) { return ctl::gate_node_add(gate_node, out); });
        v->add_option("FILE", gate_node.file, "What `cloudtaserctl enrolment` wrote on the node, or -")->required();
        v->add_option("--fingerprint", gate_node.fingerprint, "As the node shows it; nobody is asked then");
        v->add_flag("--replace", gate_node.replace,
                    "Also a node that is enrolled or revoked: with these keys from now on");
        verb(*group, "list", "Show all nodes", [this](Output& out) { return ctl::gate_node_list(gate_node, out); });
        v = verb(*group, "revoke", "Shut a node out",
                 [this](Output& out) { return ctl::gate_node_revoke(gate_node, out); });
        v->add_option("NAME", gate_node.name)->required();

        group = gate->add_subcommand("verdict", "From its audit records");
        group->require_subcommand(1);
        group->fallthrough();
        v = verb(*group, "replay", "Judge again what a record holds, and compare",
                 [this](Output& out) { return ctl::verdict_replay(replay, out); });
        v->add_option("RECORD", replay.record, "A record file, its id, or - for standard input")->required();
        v->add_option("--records", replay.records, "Where the gate keeps its records")
            ->default_val("/var/lib/cloudtaser-gate/records");
        v->add_option("--policy", replay.policy, "Judge by these policy files instead: what would they have said?");
        v->add_flag("--raw", replay.raw, "Write the recomputed decision's bytes and nothing else");

        v = verb(app, "enrolment", "What a gate must know of this node",
                 [this](Output& out) { return ctl::enrolment(enrolment, out); });
        v->add_option("--certificate", enrolment.certificate, "This node's certificate")
            ->default_val("/etc/cloudtaser/node.crt");
        v->add_option("--name", enrolment.name, "Name of the node; the host's by default");

        v = verb(app, "keygen", "Make the identity of a node or a gate",
                 [this](Output& out) { return make_identity(out); });
        v->add_option("ROLE", keygen.role)->required()->check(CLI::IsMember({"node", "gate"}));
        v->add_option("--directory", keygen.directory, "Where ROLE.key and ROLE.crt are written")
            ->default_val("/etc/cloudtaser");
        v->add_option("--name", keygen.name, "Name in the certificate; the host's by default");
        v->add_option("--days", keygen.days, "Validity")->default_val(365)->check(CLI::Range(1, 36500));
        v->add_flag("--renew", keygen.renew, "New certificate for the key that is there; the pin stays");

        v = verb(app, "pin", "Show the pins of certificates",
                 [this](Output& out) { return ctl::pin(certificates, out); });
        v->add_option("CERTIFICATE", certificates, "PEM files")->required();

        v = verb(app, "reasons", "Explain the reason codes of refusals",
                 [this](Output& out) { return ctl::reasons(reason, out); });
        v->add_option("CODE", reason);
    }
};

}  // namespace

int main(int argc, char** argv) {  // NOLINT(bugprone-exception-escape): without memory it ends
    if (argc > 1 && std::string_view(argv[1]) == "run") {
        auto status = run({argv + 2, argv + argc});
        complain(status.error(), false);
        return 127;  // as a shell says of a program that it can't find
    }
    ::umask(0077);
    Arguments arguments;
    try {
        arguments.app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {  // CLI11 also ends --help and --version this way
        return arguments.app.exit(error) == 0 ? 0 : 2;
    }
    Output out(mode_of(arguments.json));
    return finish(arguments.action(out), out);
}
