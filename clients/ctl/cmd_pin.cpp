// SPDX-License-Identifier: Apache-2.0
#include "base/fd.h"
#include "clients/ctl/commands.h"
#include "codec/hex.h"
#include "crypto/x509.h"

namespace ct::ctl {
namespace {

constexpr std::size_t kPem = 65536;
constexpr std::size_t kChain = 5;

}  // namespace

Result<int> pin(const std::vector<std::string>& certificates, Output& out) {
    out.json().begin_array();
    Table table({"FILE", "NAME", "VALID UNTIL", "PIN"});
    for (const auto& path : certificates) {
        CT_TRY(const auto pem, read_file(path, kPem));
        auto chain = crypto::Certificate::chain_from_pem(pem, kChain);
        if (!chain) return fail(chain.error().reason, path + ": " + chain.error().context);
        const auto& leaf = chain->front();
        CT_TRY(const Sha256 spki, leaf.spki_sha256());
        out.json().begin_object();
        out.json().key("file").string(path).key("subject").string(leaf.subject());
        out.json().key("not_after").number(std::chrono::floor<Seconds>(leaf.not_after()).time_since_epoch().count());
        out.json().key("pin").string(hex_encode(spki)).end_object();
        table.add({printable(path), printable(leaf.subject()), time_text(leaf.not_after()), hex_encode(spki)});
    }
    out.json().end_array();
    out.table(table);
    return 0;
}

}  // namespace ct::ctl
