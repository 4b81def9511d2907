// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/scope.h"

#include <gtest/gtest.h>

#include <map>

#include "attest/verify/verifier.h"

namespace ct::attest {
namespace {

using Words = std::vector<std::string_view>;

TEST(Scope, OfADenyListGoesThroughACompositeToItsParts) {
    std::map<std::string_view, Words> expected;
    for (const std::string_view kind :
         {"tpm2", "sev-snp", "simulated-sev-snp", "tdx", "simulated-tdx", "nitro", "simulated-nitro"})
        expected[kind] = {kind};
    for (const std::string_view kind : {"azure-snp", "simulated-azure-snp", "gce-snp", "simulated-gce-snp"})
        expected[kind] = {kind, "tpm2", "sev-snp"};
    for (const std::string_view kind : {"azure-tdx", "simulated-azure-tdx"})
        expected[kind] = {kind, "tpm2", "tdx"};
    for (const auto kind : known_kinds()) {
        ASSERT_TRUE(expected.contains(kind)) << "say here what shuts out " << kind;
        EXPECT_EQ(denied_as(kind), expected[kind]) << kind;
    }
    EXPECT_EQ(known_kinds().size(), expected.size());
}

TEST(Scope, OnlyWhatIsRealIsCalledSo) {
    for (const auto kind : known_kinds()) {
        const Scope scope = scope_of(kind);
        EXPECT_EQ(scope.real, !kind.contains("simulated")) << kind;
        EXPECT_EQ(scope.encrypted_memory, kind.contains("snp") || kind.contains("tdx")) << kind;
        EXPECT_EQ(scope.instance, kind == "tpm2") << kind;
    }
}

}  // namespace
}  // namespace ct::attest
