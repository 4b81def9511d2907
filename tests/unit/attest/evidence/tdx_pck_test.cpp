// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/tdx_pck.h"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "attest/evidence/tdx_quote.h"
#include "codec/hex.h"
#include "support/tdx_maker.h"
#include "support/vectors.h"

namespace ct::attest::tdx {
namespace {

using test::SgxFields;

TEST(TdxPck, GivesEveryField) {
    SgxFields fields;
    fields.components[15] = 255;
    fields.pce_svn = 0x1234;
    const auto pck = parse_sgx_extension(fields.der());
    ASSERT_TRUE(pck) << pck.error().to_string();
    EXPECT_EQ(Bytes(pck->ppid.begin(), pck->ppid.end()), fields.ppid);
    EXPECT_EQ(Bytes(pck->fmspc.begin(), pck->fmspc.end()), fields.fmspc);
    EXPECT_EQ(Bytes(pck->pce_id.begin(), pck->pce_id.end()), fields.pce_id);
    EXPECT_EQ(Bytes(pck->components.begin(), pck->components.end()),
              Bytes(fields.components.begin(), fields.components.end()));
    EXPECT_EQ(pck->pce_svn, 0x1234);
}

TEST(TdxPck, CutShortOrWithBytesAfterItIsMalformed) {
    Bytes der = SgxFields{}.der();
    for (std::size_t size = 0; size < der.size(); ++size) {
        const auto pck = parse_sgx_extension(ByteView(der).first(size));
        ASSERT_FALSE(pck) << size;
        EXPECT_EQ(pck.error().reason, Reason::evidence_malformed) << size;
    }
    der.push_back(0);
    EXPECT_FALSE(parse_sgx_extension(der));
}

TEST(TdxPck, IsRefusedForEachBadMember) {
    struct Case {
        std::string_view what;
        std::function<void(SgxFields&)> change;
    };
    for (const Case& one : std::vector<Case>{
             {"a short PPID", [](auto& f) { f.ppid.pop_back(); }},
             {"a long FMSPC", [](auto& f) { f.fmspc.push_back(0); }},
             {"a short PCEID", [](auto& f) { f.pce_id.pop_back(); }},
             {"a component over a byte", [](auto& f) { f.components[0] = 256; }},
             {"a PCESVN over two bytes", [](auto& f) { f.pce_svn = 65536; }},
             {"no FMSPC", [](auto& f) { f.leave_out = "4"; }},
             {"no PPID", [](auto& f) { f.leave_out = "1"; }},
             {"no PCEID", [](auto& f) { f.leave_out = "3"; }},
             {"no TCB", [](auto& f) { f.leave_out = "2"; }},
             {"no first component", [](auto& f) { f.leave_out = "2.1"; }},
             {"no last component", [](auto& f) { f.leave_out = "2.16"; }},
             {"no PCESVN", [](auto& f) { f.leave_out = "2.17"; }},
             {"two FMSPCs", [](auto& f) { f.twice = "4"; }},
             {"two of a component", [](auto& f) { f.twice = "2.3"; }},
             {"FMSPC below another arc", [](auto& f) { f.renamed["4"] = "4.1"; }},
             {"a member of TCB that is none", [](auto& f) { f.renamed["2.5"] = "3.5"; }},
             {"a member of TCB that goes on below", [](auto& f) { f.renamed["2.5"] = "2.5.1"; }},
             {"a PPID that is a number", [](auto& f) { f.values["1"] = {0x02, 1, 1}; }},
             {"a TCB that is a text", [](auto& f) { f.values["2"] = {0x0c, 1, 'x'}; }},
             {"a TCB and bytes after it", [](auto& f) { f.values["2"] = {0x30, 0, 0}; }},
             {"a TCB of a member that is none", [](auto& f) { f.values["2"] = {0x30, 2, 5, 0}; }},
             {"a component that is a text", [](auto& f) { f.values["2.5"] = {0x0c, 1, 'x'}; }},
             {"a PCESVN and bytes after it", [](auto& f) { f.values["2.17"] = {0x02, 1, 1, 0}; }},
             {"a CPUSVN of another size", [](auto& f) { f.values["2.18"] = {0x04, 1, 0}; }},
         }) {
        SgxFields fields;
        one.change(fields);
        const auto pck = parse_sgx_extension(fields.der());
        ASSERT_FALSE(pck) << one.what;
        EXPECT_EQ(pck.error().reason, Reason::evidence_malformed) << one.what;
    }
    SgxFields fields;
    fields.leave_out = "2.18";  // CPUSVN repeats the components
    EXPECT_TRUE(parse_sgx_extension(fields.der()));
}

TEST(TdxPck, LeavesMembersAloneThatItDoesNotKnow) {
    for (const auto& [member, arc] : std::vector<std::pair<std::string, std::string>>{
             {"5", "8"}, {"5", "0"}, {"5", "5.1"}, {"2.18", "2.19"}, {"2.18", "2.0"}}) {
        SgxFields fields;
        fields.renamed[member] = arc;
        EXPECT_TRUE(parse_sgx_extension(fields.der())) << member << " as " << arc;
    }
}

TEST(TdxPck, OfACertificateIsThatOfItsOneExtension) {
    const WallTime from = std::chrono::sys_days(std::chrono::year(2027) / 3 / 1);
    const Bytes content = SgxFields().der();
    const auto read = [&](const Bytes& extension, bool twice) {
        const auto pem =
            test::Signer::make(nullptr, {"PCK", from, from + std::chrono::days(1), false, 1, extension, twice}).pem();
        return parse_pck(crypto::Certificate::chain_from_pem(pem, 1).value().front());
    };
    EXPECT_TRUE(read(content, false));
    for (const auto& bad : {read({}, false), read(content, true)}) {
        ASSERT_FALSE(bad);
        EXPECT_EQ(bad.error().reason, Reason::evidence_malformed);
    }
}

TEST(TdxPck, OfRealPlatformsIsRead) {
    CT_NEEDS_VECTORS();
    struct Real {
        std::string name, fmspc, components;
        unsigned pce_svn;
    };
    for (const Real& real : std::vector<Real>{
             {"spr-v4-intel", "50806f000000", "03030202020100020000000000000000", 11},
             {"emr-v4-phala", "b0c06f000000", "03030202040100050000000000000000", 11},
             {"emr-v5-phala", "90c06f000000", "03030202040100030000000000000000", 13},
             {"emr-v5-gotdx", "90c06f000000", "04040202040100050000000000000000", 13},
             {"spr-v4-debug", "50806f000000", "05050d02030100030000000000000000", 11},
             {"spr-v4-outofdate", "00806f050000", "06060202030100030000000000000000", 11},
             {"spr-v4-gcp-cos113", "00806f050000", "07070202030100030000000000000000", 11},
         }) {
        const Bytes bytes = test::read_vector("tdx/" + real.name + ".quote.bin");
        const auto quote = parse_quote(bytes);
        ASSERT_TRUE(quote);
        const auto chain = crypto::Certificate::chain_from_pem(quote->pck_chain, 3);
        ASSERT_TRUE(chain) << chain.error().to_string();
        const auto pck = parse_pck(chain->front());
        ASSERT_TRUE(pck) << real.name << ": " << pck.error().to_string();
        EXPECT_EQ(hex_encode(pck->fmspc), real.fmspc) << real.name;
        EXPECT_EQ(hex_encode(pck->components), real.components) << real.name;
        EXPECT_EQ(pck->pce_svn, real.pce_svn) << real.name;
        EXPECT_EQ(hex_encode(pck->pce_id), "0000") << real.name;
        EXPECT_FALSE(parse_pck(chain->at(1))) << "the CA has no such extension";
    }
}

}  // namespace
}  // namespace ct::attest::tdx
