// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "clients/ctl/commands.h"
#include "clients/ctl/files.h"
#include "clients/ctl/identity.h"
#include "codec/hex.h"
#include "crypto/certificate_maker.h"

namespace ct::ctl {
namespace {

constexpr std::size_t kKeyPem = 16384;
constexpr auto kDay = std::chrono::days(1);
// Clocks of two machines differ; a certificate made now must be valid for a peer that is a little behind.
constexpr auto kClockSkew = std::chrono::minutes(10);

Result<crypto::MadeIdentity> make(const KeygenOptions& options, const std::string& name, const std::string& key_path,
                                  WallTime now) {
    const WallTime until = now + options.days * kDay;
    if (!options.renew) return crypto::make_identity(name, now - kClockSkew, until);
    CT_TRY(const SecretBuffer key, read_secret_file(key_path, kKeyPem));
    return crypto::renew_identity(key.bytes(), name, now - kClockSkew, until);
}

Status store(const KeygenOptions& options, const crypto::MadeIdentity& made, const std::string& key_path,
             const std::string& certificate_path) {
    const ByteView certificate = as_bytes(made.certificate_pem);
    if (options.renew) return write_file(certificate_path, certificate, 0644, Existing::replace);
    auto status = write_file(key_path, made.key_pem.bytes(), 0600, Existing::refuse);
    if (!status && status.error().sys_errno == EEXIST)
        return fail(Reason::invalid_argument,
                    key_path + " exists. Use --renew to keep the key (and its pin), or move it away to make a new one");
    CT_CHECK(status);
    status = write_file(certificate_path, certificate, 0644, Existing::refuse);
    if (!status) ::unlink(key_path.c_str());  // half an identity is none
    return status;
}

}  // namespace

Result<int> keygen(const KeygenOptions& options, WallTime now, Output& out) {
    if (options.role != "node" && options.role != "gate")
        return fail(Reason::invalid_argument, "an identity is that of a 'node' or a 'gate'");
    const std::string key_path = options.directory + "/" + options.role + ".key";
    const std::string certificate_path = options.directory + "/" + options.role + ".crt";
    const std::string name = options.name.empty() ? host_name() : options.name;
    CT_TRY(const auto made, make(options, name, key_path, now));
    CT_CHECK(store(options, made, key_path, certificate_path));
    const std::string pin = hex_encode(made.spki);
    out.json().begin_object();
    out.json().key("role").string(options.role).key("name").string(name);
    out.json().key("certificate").string(certificate_path).key("key").string(key_path).key("pin").string(pin);
    out.json().end_object();
    out.field("Certificate", certificate_path);
    out.field("Key", key_path + (options.renew ? " (kept)" : ""));
    out.field("Valid until", time_text(now + options.days * kDay));
    out.field("Pin", pin);
    out.line();
    if (options.role == "node") {
        out.line("Tell the gate:");
        out.line("  cloudtaserctl enrolment --name " + name + " > " + name + ".toml     here");
        out.line("  cloudtaserctl gate node add " + name + ".toml     there");
    } else {
        out.line("Tell each node (secretd.toml):");
        out.line("  [gate]");
        out.line("  pins = [\"" + pin + "\"]");
    }
    return 0;
}

}  // namespace ct::ctl
