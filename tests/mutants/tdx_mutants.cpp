// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/tdx_quote.h"
#include "attest/verify/tdx/chain.h"
#include "codec/timestamp.h"
#include "file_verdict.h"
#include "mutants.h"
#include "pck_armour.h"
#include "support/vectors.h"
#include "unit/attest/verify/tdx_rig.h"

namespace ct::test {
namespace {

using attest_tool::Expected;
namespace tdx = attest::tdx;

struct Subject {
    std::string name;
    FileVerdict verdict;
    std::string tcb_info;  // name of its item
};

Subject real() {
    const std::string set = "tdx/collateral-2026-03";
    Subject out{"tdx emr-v5-gotdx", {}, "intel/tcb-info/90c06f000000"};
    out.verdict.file = read_vector("tdx/emr-v5-gotdx.quote.bin");
    out.verdict.makers.items = {{out.tcb_info, read_vector(set + ".tcbinfo-90c06f000000.json")},
                                {"intel/td-qe-identity", read_vector(set + ".td-qe-identity.json")},
                                {"intel/tcb-signing-chain", read_vector("tdx/tcb-signing-chain.pem")},
                                {"intel/pck-crl/platform", read_vector(set + ".pck-platform.crl.der")},
                                {"intel/root-crl", read_vector(set + ".root.crl.der")}};
    out.verdict.at = parse_timestamp("2026-03-20").value();
    const auto quote = tdx::parse_quote(out.verdict.file).value();
    out.verdict.expected = {Expected::What::report_data, to_vector(quote.td.report_data)};
    out.verdict.judge_by("tdx", "[tdx]\nmrtd = '" + hex_encode(quote.td.mr_td) + "'\n");
    return out;
}

Subject generated() {
    const auto exchange = tdx::Rig{}.make();
    Subject out{"simulated-tdx", {}, "intel/tcb-info/90c06f000000"};
    out.verdict.file = exchange.quote;
    out.verdict.makers.items = exchange.collateral;
    out.verdict.at = exchange.at;
    out.verdict.expected = {Expected::What::report_data, Bytes(exchange.binding.begin(), exchange.binding.end())};
    out.verdict.rules = {std::string(tdx::kSimulatedKind), "", 0, {}, exchange.rules, {}};
    return out;
}

class TdxMutants : public testing::Test {
protected:
    void SetUp() override { ASSERT_TRUE(verdict_.accepted()) << verdict_.why(); }
    [[nodiscard]] bool accepted() const { return verdict_.accepted(); }

    Subject subject_ = vectors_folder() ? real() : generated();
    std::string& name_ = subject_.name;
    FileVerdict& verdict_ = subject_.verdict;
};

// What follows a quote is dropped unread: there every mutant is accepted, and the count says so.
TEST_F(TdxMutants, AreCountedWhereTheyDoNoHarm) {
    verdict_.file.resize(verdict_.file.size() + 4);
    const auto count = flip_each_bit(name_ + ", behind its end (ignored)", MutableBytes(verdict_.file).last(4),
                                     [&] { return accepted(); });
    EXPECT_EQ(count.flips, 32U);
    EXPECT_EQ(count.accepted, 32U);
}

TEST_F(TdxMutants, OfAQuote) {
    const auto quote = tdx::parse_quote(verdict_.file).value();
    const auto flip = [&](const char* region, ByteView view) {
        expect_no_mutant_accepted(name_, region, mutable_part(verdict_.file, view), [&] { return accepted(); });
    };
    flip("header and TD report", quote.signed_bytes);
    flip("signature", quote.signature);
    flip("attestation key", quote.attestation_key);
    flip("QE report", quote.qe_report);
    flip("QE report signature", quote.qe_report_signature);
    flip("QE authentication data", quote.qe_auth_data);
}

// The certificates under their armour, which is written anew around each mutant.
TEST_F(TdxMutants, OfThePckCertificateAndItsAuthority) {
    const auto quote = tdx::parse_quote(verdict_.file).value();
    PckArmour chain(mutable_part(verdict_.file, as_bytes(quote.pck_chain)));
    ASSERT_GE(chain.ders.size(), 2U);
    const auto refilled = [&] {
        chain.refill();
        return accepted();
    };
    ASSERT_TRUE(refilled()) << verdict_.why();
    expect_no_mutant_accepted(name_, "PCK certificate", chain.ders[0], refilled);
    expect_no_mutant_accepted(name_, "PCK authority", chain.ders[1], refilled);
}

TEST_F(TdxMutants, OfRevocationLists) {
    for (const char* item : {"intel/pck-crl/platform", "intel/root-crl"})
        expect_no_mutant_accepted(name_, item, verdict_.makers.items.at(item), [&] { return accepted(); });
}

// Of Intel's documents the value of one member is signed, byte by byte; what stands around it is form.
TEST_F(TdxMutants, OfIntelsDocuments) {
    for (const auto& [item, member] : {std::pair<std::string, std::string>{subject_.tcb_info, "tcbInfo"},
                                       {"intel/td-qe-identity", "enclaveIdentity"}}) {
        Bytes& bytes = verdict_.makers.items.at(item);
        const auto head = as_text(bytes).find("\"" + member + "\":") + member.size() + 3;
        const auto tail = as_text(bytes).rfind(",\"signature\"");
        ASSERT_LT(head, tail) << item;
        ASSERT_NE(tail, std::string_view::npos) << item;
        expect_no_mutant_accepted(name_, item, MutableBytes(bytes).subspan(head, tail - head),
                                  [&] { return accepted(); });
    }
}

TEST_F(TdxMutants, OfWhatIsNotSignedTurnNoRefusalIntoAVerdict) {
    verdict_.expected.bytes[0] ^= 1;
    ASSERT_FALSE(verdict_.accepted());
    const auto quote = tdx::parse_quote(verdict_.file).value();
    const auto signed_end =
        static_cast<std::size_t>(quote.signed_bytes.data() - verdict_.file.data()) + quote.signed_bytes.size();
    const auto key_end =
        static_cast<std::size_t>(quote.attestation_key.data() - verdict_.file.data()) + quote.attestation_key.size();
    const auto signature = static_cast<std::size_t>(quote.signature.data() - verdict_.file.data());
    const auto report = static_cast<std::size_t>(quote.qe_report.data() - verdict_.file.data());
    const MutableBytes whole(verdict_.file);
    const std::string name = name_ + " refused for its REPORTDATA";
    const auto judge = [&] { return accepted(); };
    expect_no_mutant_accepted(name, "size of the signature data", whole.subspan(signed_end, signature - signed_end),
                              judge);
    expect_no_mutant_accepted(name, "head of the certification data", whole.subspan(key_end, report - key_end), judge);
    expect_no_mutant_accepted(name, "armour of the PCK chain", mutable_part(verdict_.file, as_bytes(quote.pck_chain)),
                              judge);
}

}  // namespace
}  // namespace ct::test
