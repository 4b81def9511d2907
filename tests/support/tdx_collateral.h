// SPDX-License-Identifier: Apache-2.0
// What Intel says of platforms, as JSON whose every field can be set. To be signed by tdx_maker.h.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "codec/hex.h"

namespace ct::test {

struct IsvFields {
    unsigned svn;
    std::string status;
    std::vector<std::string> advisories = {};
};
struct LevelFields {
    std::array<unsigned, 16> sgx, tdx;
    unsigned pce_svn;
    std::string status;
    std::vector<std::string> advisories = {};
};
struct ModuleFields {
    std::string id = "TDX_01", mr_signer = std::string(96, '0'), attributes = std::string(16, '0');
    std::vector<IsvFields> levels = {{5, "UpToDate"}, {3, "OutOfDate", {"SA-MODULE"}}, {1, "Revoked"}};
};

inline std::string list_of(const std::vector<std::string>& items) {
    std::string out;
    for (const std::string& item : items)
        out.append(out.empty() ? "" : ",").append(item);
    return "[" + out + "]";
}
inline std::string advisories_of(const std::vector<std::string>& ids) {
    std::vector<std::string> quoted;
    for (const std::string& id : ids)
        quoted.push_back("\"" + id + "\"");
    return ids.empty() ? "" : R"(,"advisoryIDs":)" + list_of(quoted);
}
inline std::string isv_levels_of(const std::vector<IsvFields>& levels) {
    std::vector<std::string> out;
    for (const IsvFields& one : levels)
        out.push_back(R"({"tcb":{"isvsvn":)" + std::to_string(one.svn) + R"(},"tcbDate":"2025-01-01T00:00:00Z",)" +
                      R"("tcbStatus":")" + one.status + "\"" + advisories_of(one.advisories) + "}");
    return list_of(out);
}
inline std::string components_of(const std::array<unsigned, 16>& components) {
    std::vector<std::string> out;
    for (const unsigned one : components)
        out.push_back(R"({"svn":)" + std::to_string(one) + "}");
    return list_of(out);
}

// What Intel says, as JSON.
struct TcbInfoFields {
    std::string id = "TDX", issued = "2026-01-01T00:00:00Z", next_update = "2026-01-31T00:00:00Z";
    std::string fmspc = "90C06F000000", pce_id = "0000";
    unsigned version = 3, type = 0, evaluation = 18;
    ModuleFields module_zero;
    std::vector<ModuleFields> modules = {ModuleFields{}};
    std::vector<LevelFields> levels = {{{4, 4, 2, 2, 4, 1, 0, 5}, {5, 0, 3}, 13, "UpToDate"},
                                       {{3, 3, 2, 2, 4, 1, 0, 5}, {5, 0, 3}, 11, "OutOfDate", {"SA-PLATFORM"}},
                                       {{2, 2, 2, 2, 4, 1, 0, 5}, {1, 0, 1}, 5, "Revoked"}};

    [[nodiscard]] std::string json() const {
        const auto signer = [](const ModuleFields& one) {
            return R"("mrsigner":")" + one.mr_signer + R"(","attributes":")" + one.attributes +
                   R"(","attributesMask":"FFFFFFFFFFFFFFFF")";
        };
        std::vector<std::string> identities, all;
        for (const ModuleFields& one : modules)
            identities.push_back(R"({"id":")" + one.id + "\"," + signer(one) + R"(,"tcbLevels":)" +
                                 isv_levels_of(one.levels) + "}");
        for (const LevelFields& one : levels)
            all.push_back(R"({"tcb":{"sgxtcbcomponents":)" + components_of(one.sgx) + R"(,"pcesvn":)" +
                          std::to_string(one.pce_svn) + R"(,"tdxtcbcomponents":)" + components_of(one.tdx) +
                          R"(},"tcbDate":"2025-01-01T00:00:00Z","tcbStatus":")" + one.status + "\"" +
                          advisories_of(one.advisories) + "}");
        return R"({"id":")" + id + R"(","version":)" + std::to_string(version) + R"(,"issueDate":")" + issued +
               R"(","nextUpdate":")" + next_update + R"(","fmspc":")" + fmspc + R"(","pceId":")" + pce_id +
               R"(","tcbType":)" + std::to_string(type) + R"(,"tcbEvaluationDataNumber":)" +
               std::to_string(evaluation) + R"(,"tdxModule":{)" + signer(module_zero) + R"(},"tdxModuleIdentities":)" +
               list_of(identities) + R"(,"tcbLevels":)" + list_of(all) + "}";
    }
};

struct QeIdentityFields {
    std::string id = "TD_QE", issued = "2026-01-01T00:00:00Z", next_update = "2026-01-30T00:00:00Z";
    unsigned version = 2, evaluation = 18, isv_prod_id = 2;
    std::string misc_select = "00000000", misc_select_mask = "FFFFFFFF";
    std::string attributes = "11000000000000000000000000000000", attributes_mask = "FBFFFFFFFFFFFFFF0000000000000000";
    std::string mr_signer = hex_encode(Bytes(32, 0xe1));
    std::vector<IsvFields> levels = {{6, "UpToDate"}, {4, "OutOfDate", {"SA-QE"}}, {2, "Revoked"}};

    [[nodiscard]] std::string json() const {
        return R"({"id":")" + id + R"(","version":)" + std::to_string(version) + R"(,"issueDate":")" + issued +
               R"(","nextUpdate":")" + next_update + R"(","tcbEvaluationDataNumber":)" + std::to_string(evaluation) +
               R"(,"miscselect":")" + misc_select + R"(","miscselectMask":")" + misc_select_mask +
               R"(","attributes":")" + attributes + R"(","attributesMask":")" + attributes_mask + R"(","mrsigner":")" +
               mr_signer + R"(","isvprodid":)" + std::to_string(isv_prod_id) + R"(,"tcbLevels":)" +
               isv_levels_of(levels) + "}";
    }
};

}  // namespace ct::test
