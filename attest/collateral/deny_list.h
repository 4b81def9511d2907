// SPDX-License-Identifier: Apache-2.0
// What a company no longer trusts, whatever policies say: an item of a collateral bundle, so that one file shuts a machine out of
// all gates. UTF-8 text, one entry a line, "#" begins a comment:
//
//   sev-snp.chip_id=3ac3...   KIND.CLAIM=VALUE: evidence of this kind whose verdict has this claim (Verdict::claims)
//   tdx.ppid=0f1e...
//   node=sha256:5f2c...       the node whose TLS key this is (its pin)
//
// Values are compared whole and without regard to the case of ASCII letters: hexadecimal in either case shuts out.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace ct::attest {

inline constexpr std::string_view kDenyList = "deny";  // the name of the item
inline constexpr std::size_t kMostDenyLine = 1024;     // bytes, comment included

class DenyList {
public:
    // malformed with the line: a list of which one line is not understood is not half a list. too_large past the size of an item
    // or a line.
    static Result<DenyList> parse(ByteView text);

    // The entry that shuts out evidence of `kind` which says `claims`, as it is written in the list; nullopt if none does.
    [[nodiscard]] std::optional<std::string> denied(std::string_view kind,
                                                    const std::map<std::string, std::string>& claims) const;
    [[nodiscard]] std::optional<std::string> denied_node(const Sha256& spki) const;

    // A value as entries hold it.
    static std::string compared(std::string_view value);
    // Subject ("sev-snp.chip_id", "node") and value of each entry, as compared; for whoever shows a list.
    [[nodiscard]] const std::map<std::string, std::set<std::string>, std::less<>>& entries() const { return entries_; }

private:
    [[nodiscard]] std::optional<std::string> find(std::string_view subject, std::string_view value) const;
    std::map<std::string, std::set<std::string>, std::less<>> entries_;
};

}  // namespace ct::attest
