// SPDX-License-Identifier: Apache-2.0
#include "attest/collateral/deny_list.h"

#include <gtest/gtest.h>

#include "attest/collateral/bundle.h"
#include "codec/hex.h"

namespace ct::attest {
namespace {

DenyList list(std::string_view text) {
    auto parsed = DenyList::parse(as_bytes(text));
    EXPECT_TRUE(parsed) << parsed.error().to_string();
    return parsed ? std::move(*parsed) : DenyList{};
}

Error error_of(std::string_view text) {
    const auto parsed = DenyList::parse(as_bytes(text));
    EXPECT_FALSE(parsed) << text;
    return parsed ? Error{} : parsed.error();
}

TEST(DenyList, ShutsOutWhatAClaimSays) {
    const auto denies = list("# stolen from the rack in May\nsev-snp.chip_id=00ff\ntdx.ppid=0a1b  # as well\n");
    EXPECT_EQ(denies.denied("sev-snp", {{"chip_id", "00ff"}, {"vmpl", "0"}}), "sev-snp.chip_id=00ff");
    EXPECT_EQ(denies.denied("tdx", {{"ppid", "0a1b"}}), "tdx.ppid=0a1b");
    EXPECT_FALSE(denies.denied("sev-snp", {{"chip_id", "00fe"}}));
    EXPECT_FALSE(denies.denied("sev-snp", {{"chip_id", "00ff00"}})) << "values are compared whole";
    EXPECT_FALSE(denies.denied("sev-snp", {{"chip_i", "00ff"}}));
    EXPECT_FALSE(denies.denied("sev-snp", {{"ppid", "0a1b"}}));
    EXPECT_FALSE(denies.denied("simulated-sev-snp", {{"chip_id", "00ff"}})) << "another kind";
    EXPECT_FALSE(denies.denied("sev-snp", {}));
}

TEST(DenyList, ShutsOutANode) {
    Sha256 spki{};
    spki[0] = 0xab;
    const std::string pin = hex_encode(spki);
    EXPECT_EQ(list("node=sha256:" + pin).denied_node(spki), "node=sha256:" + pin);
    std::string upper = pin;
    upper[0] = 'A';
    EXPECT_TRUE(list("node=sha256:" + upper).denied_node(spki));
    spki[1] = 1;
    EXPECT_FALSE(list("node=sha256:" + pin).denied_node(spki));
}

TEST(DenyList, HexadecimalOfEitherCaseShutsOut) {
    EXPECT_TRUE(list("sev-snp.chip_id=00FF").denied("sev-snp", {{"chip_id", "00ff"}}));
    EXPECT_TRUE(list("tdx.tcb_status=outofdate").denied("tdx", {{"tcb_status", "OutOfDate"}}));
}

TEST(DenyList, TakesBlanksCommentsAndCarriageReturns) {
    const auto denies = list("\r\n\t # nothing\n  tpm2.ak = sha256:aa \r\nsev-snp.csp_id=CN=host.example");
    EXPECT_TRUE(denies.denied("tpm2", {{"ak", "sha256:aa"}}));
    EXPECT_TRUE(denies.denied("sev-snp", {{"csp_id", "CN=host.example"}}));
    EXPECT_TRUE(list("").entries().empty());
    EXPECT_TRUE(list("# none yet").entries().empty());
}

TEST(DenyList, OneLineThatIsNotUnderstoodRefusesTheList) {
    for (const char* line :
         {"sev-snp", "sev-snp.chip_id", "sev-snp.chip_id=", "sev-snp.chip_id= # later", ".chip_id=00", "sev-snp.=00",
          "chip_id=00", "SEV-SNP.chip_id=00", "sev-snp.chip.id=00", "sev snp.chip_id=00", "=00", "node=", "node=00",
          "node=sha256:00", "node=sha256:zz", "sev-snp.chip_id=\x01", "sev-snp.chip_id=\xff", "\xef\xbb\xbfnode=00"}) {
        const auto error = error_of(std::string("tdx.ppid=00\n") + line);
        EXPECT_EQ(error.reason, Reason::malformed) << line;
        EXPECT_NE(error.context.find("line 2"), std::string::npos) << error.context;
    }
}

TEST(DenyList, IsBounded) {
    EXPECT_EQ(error_of("tdx.ppid=" + std::string(kMostDenyLine, '0')).reason, Reason::too_large);
    EXPECT_EQ(error_of(std::string(kMostCollateralItem + 1, '\n')).reason, Reason::too_large);
    EXPECT_TRUE(list(std::string(kMostCollateralItem, '\n')).entries().empty());
}

}  // namespace
}  // namespace ct::attest
