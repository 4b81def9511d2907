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
    PolicyPackOptions policy_pack;
    PolicyVerifyOptions policy_verify;
    SignOptions sign;
    std::string signing_key;
    CollateralFetchOptions collateral_fetch;
    CollateralPackOptions collateral_pack;
    CollateralVerifyOptions collateral_verify;
    MeasureSnpOptions measure_snp;
    MeasureUkiOptions measure_uki;
    MeasureDirectOptions measure_direct;
    std::string firmware;
    ReplayOptions replay;
    EarOptions ear;
    EnrolmentOptions enrolment;
    GateNodeOptions gate_node;
    KeygenOptions keygen;
    std::vector<std::string> certificates, records;
    std::string reason;

    CLI::App* verb(CLI::App& parent, const char* name, const char* purpose, Action does) {
        CLI::App* sub = parent.add_subcommand(name, purpose);
        sub->fallthrough();
        sub->callback([this, does = std::move(does)] { action = does; });
        return sub;
    }

    // A private key lies in secret memory, which has to be arranged before anything else of OpenSSL.
    template <class Does>
    static Result<int> with_key(Does does) {
        CT_CHECK(crypto::use_secret_arena());
        return does();
    }

    static CLI::App* group(CLI::App& parent, const char* name, const char* purpose) {
        CLI::App* sub = parent.add_subcommand(name, purpose);
        sub->require_subcommand(1);
        sub->fallthrough();
        return sub;
    }

    void add_signing(CLI::App* verb) {
        verb->add_option("FILE", sign.file)->required();
        verb->add_option("--key", sign.keys, "Your signing key; several sign at once")->required();
    }
    static void add_signers(CLI::App* verb, std::vector<std::string>& signers, std::size_t& needed) {
        verb->add_option("--signer", signers, "Who may have signed: ed25519:HEX");
        verb->add_option("-n,--needed", needed, "How many of them must have")->default_val(1)->check(CLI::Range(1, 16));
    }

    void add_collateral();
    void add_measure();

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

        auto* below = group(app, "policy", "Policies of a gate");
        v = verb(*below, "check", "Check policy files as the gate would",
                 [this](Output& out) { return ctl::policy_check(policy, out); });
        v->add_option("PATH", policy.paths, "Files, or folders of *.toml")->required();
        v = verb(*below, "pack", "Make one file of a policy, for people to sign",
                 [this](Output& out) { return ctl::policy_pack(policy_pack, now(), out); });
        v->add_option("FOLDER", policy_pack.folder)->required();
        v->add_option("--out", policy_pack.file, "The file to write")->required();
        v->add_option("--serial", policy_pack.serial, "Number of this version; the time by default");
        v = verb(*below, "sign", "Sign a packed policy",
                 [this](Output& out) { return with_key([&] { return ctl::policy_sign(sign, out); }); });
        add_signing(v);
        v = verb(*below, "verify", "Check a packed policy as the gate would",
                 [this](Output& out) { return ctl::policy_verify(policy_verify, out); });
        v->add_option("FILE", policy_verify.file)->required();
        add_signers(v, policy_verify.signers, policy_verify.needed);

        add_collateral();
        add_measure();

        auto* gate = group(app, "gate", "Nodes and verdicts of a gate");
        below = group(*gate, "node", "Which nodes it knows");
        below->add_option("--settings", gate_node.settings, "The gate's configuration")
            ->default_val("/etc/cloudtaser/gate.toml");
        v = verb(*below, "add", "Enrol a node", [this](Output& out) { return ctl::gate_node_add(gate_node, out); });
        v->add_option("FILE", gate_node.file, "What `cloudtaserctl enrolment` wrote on the node, or -")->required();
        v->add_option("--fingerprint", gate_node.fingerprint, "As the node shows it; nobody is asked then");
        v->add_flag("--replace", gate_node.replace,
                    "Also a node that is enrolled or revoked: with these keys from now on");
        verb(*below, "list", "Show all nodes", [this](Output& out) { return ctl::gate_node_list(gate_node, out); });
        v = verb(*below, "revoke", "Shut a node out",
                 [this](Output& out) { return ctl::gate_node_revoke(gate_node, out); });
        v->add_option("NAME", gate_node.name)->required();

        below = group(*gate, "verdict", "From its audit records");
        v = verb(*below, "replay", "Judge again what a record holds, and compare",
                 [this](Output& out) { return ctl::verdict_replay(replay, out); });
        v->add_option("RECORD", replay.record, "A record file, its id, or - for standard input")->required();
        v->add_option("--records", replay.records, "Where the gate keeps its records")
            ->default_val("/var/lib/cloudtaser-gate/records");
        v->add_option("--policy", replay.policy, "Judge by these policy files instead: what would they have said?");
        v->add_option("--sha256", replay.sha256, "Of the record, as the gate's journal has it (CT_RECORD_SHA256)");
        v->add_flag("--raw", replay.raw, "Write the recomputed decision's bytes and nothing else");
        v = verb(*below, "ear", "Sign what a record holds as an attestation result (JWT)",
                 [this](Output& out) { return with_key([&] { return ctl::verdict_ear(ear, out); }); });
        v->add_option("RECORD", ear.record, "A record file, its id, or - for standard input")->required();
        v->add_option("--key", ear.key, "Private key in PEM, Ed25519 or P-256")->required();
        v->add_option("--sha256", ear.sha256, "Of the record, as the gate's journal has it (CT_RECORD_SHA256)");
        v->add_option("--records", ear.records, "Where the gate keeps its records")
            ->default_val("/var/lib/cloudtaser-gate/records");

        v = verb(app, "enrolment", "What a gate must know of this node",
                 [this](Output& out) { return ctl::enrolment(enrolment, out); });
        v->add_option("--certificate", enrolment.certificate, "This node's certificate")
            ->default_val("/etc/cloudtaser/node.crt");
        v->add_option("--name", enrolment.name, "Name of the node; the host's by default");

        v = verb(app, "keygen", "Make the identity of a node or a gate",
                 [this](Output& out) { return with_key([&] { return ctl::keygen(keygen, now(), out); }); });
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

void Arguments::add_collateral() {
    CLI::App* collateral = group(app, "collateral", "What the makers publish, as a file that gates take");
    auto* v = verb(*collateral, "keygen", "Make a key to sign files for gates with",
                   [this](Output& out) { return with_key([&] { return ctl::collateral_keygen(signing_key, out); }); });
    v->add_option("FILE", signing_key, "The key; the public half is printed")->required();

    auto& fetch_options = collateral_fetch;
    v = verb(*collateral, "fetch", "Bring a folder of items up to date",
             [this](Output& out) { return ctl::collateral_fetch(collateral_fetch, out); });
    v->add_option("FOLDER", fetch_options.folder, "Also holds `wanted`: items of your machines")->required();
    v->add_option("--only", fetch_options.only, "Of one maker")->check(CLI::IsMember({"amd", "intel"}));
    v->add_option("--amd", fetch_options.amd, "AMD's key server")->capture_default_str();
    v->add_option("--intel", fetch_options.intel, "Intel's certification service")->capture_default_str();
    v->add_option("--ca", fetch_options.ca_file, "Who vouches for the services; the system's anchors by default");
    v->add_option("--ahead", fetch_options.ahead, "Days before its end in which an item is fetched anew")
        ->capture_default_str();
    v->add_option("--age", fetch_options.age, "Days after which all but VCEKs are fetched anew")->capture_default_str();
    v->add_option("--pace", fetch_options.pace, "Seconds between two requests to AMD")->capture_default_str();
    v->add_option("--tries", fetch_options.tries, "Of one item")->capture_default_str()->check(CLI::Range(1, 100));
    v->add_option("--patience", fetch_options.patience, "Seconds to wait for one service in all")
        ->capture_default_str();
    v->add_option("--makers", fetch_options.makers,
                  "Roots of simulated machines' makers in place of AMD's and Intel's");

    v = verb(*collateral, "wanted", "Which items machines need, from a gate's audit records",
             [this](Output& out) { return ctl::collateral_wanted(records, out); });
    v->add_option("RECORD", records, "Files")->required();

    v = verb(*collateral, "pack", "Make a bundle of a folder",
             [this](Output& out) { return ctl::collateral_pack(collateral_pack, now(), out); });
    v->add_option("FOLDER", collateral_pack.folder)->required();
    v->add_option("--out", collateral_pack.file, "The file to write")->required();
    v->add_option("--deny", collateral_pack.deny, "A list of what is shut out, beside the folder's");
    v->add_option("--serial", collateral_pack.serial, "Number of this bundle; the time by default");
    v->add_option("--days", collateral_pack.days, "It ends after so many at the latest")
        ->capture_default_str()
        ->check(CLI::Range(1, 3650));
    v->add_option("--makers", collateral_pack.makers, "As for fetch");

    v = verb(*collateral, "sign", "Sign a bundle",
             [this](Output& out) { return with_key([&] { return ctl::collateral_sign(sign, out); }); });
    add_signing(v);
    for (const bool verify : {false, true}) {
        v = verb(*collateral, verify ? "verify" : "show",
                 verify ? "Check who signed a bundle and all that is in it" : "Show what is in a bundle",
                 [this, verify](Output& out) {
                     return verify ? ctl::collateral_verify(collateral_verify, now(), out)
                                   : ctl::collateral_show(collateral_verify, now(), out);
                 });
        v->add_option("FILE", collateral_verify.file)->required();
        add_signers(v, collateral_verify.signers, collateral_verify.needed);
        v->add_option("--at", collateral_verify.at, "At this time: 2026-11-25T14:03:05Z");
        v->add_option("--makers", collateral_verify.makers, "As for fetch");
    }
}

void Arguments::add_measure() {
    CLI::App* measures = group(app, "measure", "Reference values of what a machine boots, as lines for a policy");
    auto* v = verb(*measures, "snp", "Launch digest of an SEV-SNP guest",
                   [this](Output& out) { return ctl::measure_snp(measure_snp, out); });
    v->add_option("--firmware", measure_snp.firmware, "OVMF, as the hypervisor loads it")->required();
    v->add_option("--vcpus", measure_snp.processors, "Numbers of processors that are allowed")
        ->capture_default_str()
        ->delimiter(',');
    v->add_option("--cpu", measure_snp.cpu, "The processor, as QEMU names it: EPYC-Milan");
    v->add_option("--cpu-signature", measure_snp.signature, "Or its CPUID Fn0000_0001_EAX, in hexadecimal");
    v->add_option("--features", measure_snp.features, "SEV_FEATURES, in hexadecimal")->capture_default_str();
    v->add_option("--hypervisor", measure_snp.hypervisor, "Whose initial registers")
        ->capture_default_str()
        ->check(CLI::IsMember({"qemu", "ec2", "gce"}));
    v->add_option("--kernel", measure_snp.kernel, "Kernel of a direct boot (kernel-hashes=on)");
    v->add_option("--initrd", measure_snp.initrd, "Its initrd");
    v->add_option("--cmdline", measure_snp.command_line, "Its command line");

    v = verb(*measures, "tdx", "MRTD of a TDX guest", [this](Output& out) { return ctl::measure_tdx(firmware, out); });
    v->add_option("--firmware", firmware, "OVMF, as the hypervisor loads it")->required();

    v = verb(*measures, "direct", "PCR 4, 5 and 9, or RTMR 1 and 2, of a kernel on QEMU's command line",
             [this](Output& out) { return ctl::measure_direct(measure_direct, out); });
    v->add_option("--kernel", measure_direct.kernel, "The kernel, or another image")->required();
    v->add_option("--initrd", measure_direct.initrd, "Its initrd");
    auto* words = v->add_option("--cmdline", measure_direct.command_line, "Its command line, as QEMU gets it");
    v->add_option("--load-options", measure_direct.load_options, "Or as the kernel gets it (/proc/cmdline)")
        ->excludes(words);
    auto* memory =
        v->add_option("--memory", measure_direct.memory, "Of the machine in MiB, where QEMU writes into the kernel");
    v->add_flag("--plain", measure_direct.plain, "QEMU leaves the kernel as it is")->excludes(memory);
    v->add_option("--bank", measure_direct.bank, "Of the TPM")
        ->capture_default_str()
        ->check(CLI::IsMember({"sha256", "sha384"}));
    v->add_flag("--tdx", measure_direct.tdx, "Of a TDX guest");

    v = verb(*measures, "uki", "PCR 4, 5 and 11, or RTMR 1, of a unified kernel image",
             [this](Output& out) { return ctl::measure_uki(measure_uki, out); });
    v->add_option("FILE", measure_uki.file, "The image, with systemd's stub")->required();
    v->add_option("--bank", measure_uki.bank, "Of the TPM")
        ->capture_default_str()
        ->check(CLI::IsMember({"sha256", "sha384"}));
    v->add_option("--disk", measure_uki.disk, "The disk that it is on, for its partition table");
    v->add_flag("--secure-boot", measure_uki.secure_boot, "Secure Boot is on");
    v->add_flag("--plain-initrd", measure_uki.plain_initrd, "Its initrd is not systemd's: it extends no phases");
    v->add_flag("--tdx", measure_uki.tdx, "Of a TDX guest");
}

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
