// SPDX-License-Identifier: Apache-2.0
// cloudtaser-attest: evidence of confidential machines shown, judged and made; of use without the rest of CloudTaser.
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <functional>

#include "base/fd.h"
#include "clients/attest/commands.h"
#include "clients/attest/fields.h"
#include "clients/libclient/output.h"
#include "crypto/memory.h"

namespace {

using namespace ct;
using namespace ct::attest_tool;

WallTime now() { return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()); }

Status write_text(int fd, const std::string& text) { return write_all(fd, text.data(), text.size()); }

int complain(const Error& error, bool json) {
    const std::string words = error.to_string();
    if (json) {
        const Fields said{{"error", Fields{{"reason", std::string(to_string(error.reason))}, {"message", words}}}};
        static_cast<void>(write_text(STDOUT_FILENO, as_json(said) + "\n"));
    } else {
        static_cast<void>(write_text(STDERR_FILENO, "cloudtaser-attest: " + client::printable(words) + "\n"));
    }
    return error.reason == Reason::invalid_argument ? kUsage : kUnreadable;
}

struct Arguments {
    CLI::App app{"Shows, judges and makes evidence of confidential machines.", "cloudtaser-attest"};
    bool json = false;
    std::function<Result<Told>()> action;
    ShowOptions show;
    VerifyOptions verify;
    CollectOptions collect;

    CLI::App* verb(const char* name, const char* purpose, std::function<Result<Told>()> does) {
        CLI::App* sub = app.add_subcommand(name, purpose);
        sub->fallthrough();
        sub->callback([this, does = std::move(does)] { action = does; });
        return sub;
    }

    // A key that signs lies in secret memory, which has to be arranged before anything else of OpenSSL.
    Result<Told> judge() {
        if (!verify.ear.empty()) CT_CHECK(crypto::use_secret_arena());
        verify.json = json;
        return attest_tool::verify(verify, now());
    }

    Arguments() {
        app.add_flag("--json", json, "One JSON value on standard output");
        app.set_version_flag("--version", "cloudtaser-attest " CT_VERSION);
        app.require_subcommand(1);
        app.footer(
            "Exit status: 0 affirming (or done), 1 refused, 2 wrong arguments, 3 something could not be read, 4 warning.");

        auto* v = verb("show", "Print every field of a report, quote, document, log, certificate or record", [this] {
            show.json = json;
            return attest_tool::show(show);
        });
        v->add_option("FILE", show.files, "Files of any known format, or - for standard input")->required();

        v = verb("verify", "Judge evidence by a policy", [this] { return judge(); });
        v->add_option("FILE", verify.file, "The evidence, or - for standard input")->required();
        v->add_option("--policy", verify.policy, "A policy file, or a folder of them")->required();
        v->add_option("--workload", verify.workload,
                      "Judge by [workload.NAME.KIND] of a gate's policy; without it by [KIND]");
        v->add_option("--kind", verify.kind, "Kind of evidence, where the format leaves a choice: simulated-sev-snp");
        v->add_option("--bundle", verify.bundle, "Signed collateral");
        v->add_option("--signer", verify.signers, "Who may sign it: ed25519:HEX, once for each");
        v->add_option("--needed", verify.needed, "How many of them must have")
            ->default_val(1)
            ->check(CLI::Range(1, 16));
        v->add_option("--item", verify.items, "Collateral without a bundle: NAME=FILE, once for each");
        v->add_option("--at", verify.at, "Time of the verdict, 2026-03-16T08:14:38Z; now by default");
        v->add_option("--report-data", verify.report_data,
                      "What a report or quote of a processor must be over, in hexadecimal");
        v->add_option("--nonce", verify.nonce, "The same of a document, a TPM's quote or a file of `collect`");
        v->add_option("--binding", verify.binding, "The same of evidence made for a release: its R");
        v->add_flag("--no-freshness", verify.no_freshness,
                    "Judge evidence of any age; the status is then never affirming");
        v->add_option("--certificate,--vcek,--vlek", verify.certificates,
                      "DER or PEM of the key that signed, then of its issuers; once for each");
        v->add_option("--signature", verify.signature, "TPM: the signature (TPMT_SIGNATURE)");
        v->add_option("--ak", verify.ak, "TPM: the key that signed (TPM2B_PUBLIC)");
        v->add_option("--pcrs", verify.pcrs, "TPM: PCR values, as tpm2_quote -o writes them or as text");
        v->add_option("--event-log", verify.event_log, "TPM: the firmware's log");
        v->add_option("--ear", verify.ear,
                      "Print an attestation result (JWT) signed by this key (PEM; Ed25519 or P-256)");

        v = verb("collect", "Make evidence of this machine", [this] {
            collect.json = json;
            return attest_tool::collect(collect);
        });
        v->add_option(
            "--kind", collect.kind,
            "sev-snp, tdx, nitro, tpm2, or of a cloud azure-snp, azure-tdx, gce-snp; by default the one of the "
            "first four that is there");
        v->add_option("--nonce", collect.nonce, "What the verifier chose, up to 64 bytes in hexadecimal");
        v->add_option("--output", collect.output, "Where to; standard output by default");
        v->add_option("--pcrs", collect.pcrs, "TPM: which PCRs of bank sha256 to quote")
            ->default_val("0,1,2,3,4,5,6,7");
        v->add_option("--tcti", collect.tcti, "TPM: how it is reached; device:/dev/tpmrm0 by default");
        v->add_option("--event-log", collect.event_log, "TPM: the firmware's log, if not the kernel's");
        v->add_option("--nsm", collect.nsm, "Nitro: the device")->default_val("/dev/nsm");
        v->add_option("--certificates", collect.certificates, "Azure, SNP: PEM file, the chip's certificate first");
        v->add_option("--td-quote", collect.td_quote, "Azure, TDX: file with a quote of this TD, of this boot");
        v->add_flag("--fresh-report", collect.fresh_report,
                    "Azure, SNP: have the hardware's report made over the nonce, too");
    }
};

}  // namespace

int main(int argc, char** argv) {  // NOLINT(bugprone-exception-escape): without memory it ends
    ::umask(0022);
    Arguments arguments;
    try {
        arguments.app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {  // CLI11 also ends --help and --version this way
        return arguments.app.exit(error) == 0 ? 0 : kUsage;
    }
    const auto told = arguments.action();
    if (!told) return complain(told.error(), arguments.json);
    static_cast<void>(write_text(STDERR_FILENO, told->error));
    if (auto status = write_text(STDOUT_FILENO, told->out); !status) return complain(status.error(), false);
    return told->code;
}
