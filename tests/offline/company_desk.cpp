// SPDX-License-Identifier: Apache-2.0
#include "offline/company_desk.h"

#include <sys/stat.h>

#include "attest/collateral/bundle.h"
#include "attest/signed/envelope.h"
#include "clients/ctl/collateral_folder.h"
#include "clients/ctl/commands.h"
#include "clients/ctl/signed_file.h"
#include "config/tree.h"
#include "crypto/ed25519.h"
#include "daemons/gate/settings.h"

namespace ct::test {
namespace {

Status make_folder(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return fail_errno(Reason::io_failed, path);
    return {};
}

// What a hurried hand could do to a bundle, before anybody signs it.
Status move_end(const std::string& path, WallTime until) {
    CT_TRY(auto envelope, ctl::read_signed(path));
    CT_TRY(auto bundle, attest::decode_collateral(envelope.payload));
    bundle.until = until;
    envelope.payload = attest::encode(bundle);
    return ctl::write_signed(path, envelope);
}

}  // namespace

Result<CompanyDesk> CompanyDesk::open(const std::string& makers) {
    CompanyDesk out;
    out.folder_.write("makers.pem", makers);
    client::Output said(client::Output::Mode::plain);
    CT_CHECK(ctl::collateral_keygen(out.folder_.file("key"), said));
    CT_TRY(const auto pem, read_file(out.folder_.file("key"), 4096));
    CT_TRY(const auto key, crypto::Ed25519Key::from_pem(as_bytes(pem)));
    CT_TRY(const auto public_key, key.public_key());
    out.signer_ = judge::signer_text(public_key);
    return out;
}

Result<std::string> CompanyDesk::bundle(const attest::Collateral& items, WallTime now, unsigned days,
                                        std::optional<WallTime> until) {
    const std::string number = std::to_string(++bundles_);
    const std::string file = folder_.file("makers." + number), from = folder_.file("items." + number);
    CT_TRY(auto folder, ctl::CollateralFolder::open(from));
    for (const auto& [name, content] : items)
        CT_CHECK(folder.store(name, content));
    client::Output said(client::Output::Mode::plain);
    CT_CHECK(ctl::collateral_pack({.folder = from, .file = file, .makers = folder_.file("makers.pem"), .days = days},
                                  now, said));
    if (until) CT_CHECK(move_end(file, *until));
    CT_CHECK(ctl::collateral_sign({file, {folder_.file("key")}}, said));
    return file;
}

Result<std::shared_ptr<const gate::Rules>> CompanyDesk::load(const std::string& bundle, const std::string& policy,
                                                             const attest::Attachments& roots,
                                                             const std::string& nodes) const {
    for (const char* name : {"policy.d", "nodes.d", "state"})
        CT_CHECK(make_folder(folder_.file(name)));
    folder_.write("policy.d/policy.toml", policy);
    for (const auto& [name, pem] : roots)
        folder_.write("policy.d/" + name, pem);
    folder_.write("nodes.d/nodes.toml", nodes);
    const std::string text = "listen = [\"127.0.0.1:8443\"]\npolicy = \"" + folder_.file("policy.d") +
                             "\"\nnodes = \"" + folder_.file("nodes.d") + "\"\nstate = \"" + folder_.file("state") +
                             "\"\n[openbao]\naddress = \"vault.example:8200\"\nca = \"/ca.pem\"\ntoken = \"/token\"\n" +
                             "[collateral]\nfile = \"" + bundle + "\"\nsigners = [\"" + signer_ + "\"]\nneeded = 1\n";
    CT_TRY(const auto document, config::Document::parse(text, "gate.toml"));
    CT_TRY(const auto settings, gate::parse_settings(document.root()));
    CT_TRY(const auto had, gate::Serials::load(settings.state_folder));
    return gate::load_rules(settings, document.root(), had);
}

}  // namespace ct::test
