// SPDX-License-Identifier: Apache-2.0
#include "clients/ctl/commands.h"
#include "clients/ctl/identity.h"
#include "codec/hex.h"

namespace ct::ctl {
Result<int> pin(const std::vector<std::string>& certificates, Output& out) {
    out.json().begin_array();
    Table table({"FILE", "NAME", "VALID UNTIL", "PIN"});
    for (const auto& path : certificates) {
        CT_TRY(const auto leaf, read_certificate(path));
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
