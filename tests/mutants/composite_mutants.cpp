// SPDX-License-Identifier: Apache-2.0
// A TPM and confidential hardware in one: what either signs, and what ties the two together. Collateral is the matter of the
// hardware's own mutants.
#include "attest/evidence/composite_bundle.h"
#include "attest/evidence/hcl_report.h"
#include "attest/evidence/snp_report.h"
#include "attest/evidence/tdx_quote.h"
#include "attest/evidence/tpm2_bundle.h"
#include "clients/attest/evidence_file.h"
#include "file_verdict.h"
#include "mutants.h"
#include "pck_armour.h"
#include "support/vectors.h"
#include "unit/attest/verify/azure_captures.h"

namespace ct::test {
namespace {

using namespace attest;
using attest_tool::EvidenceFile;
using attest_tool::Expected;

struct Subject {
    std::string name;
    FileVerdict verdict;
    EvidenceFile said;
    // Its quote is over what its maker chose: it is refused for that, and for nothing else.
    bool captured = false;

    [[nodiscard]] std::vector<Reason> found() {
        verdict.file = encode(said);
        std::vector<Reason> out;
        for (const auto& finding : verdict.decision().findings)
            out.push_back(finding.reason);
        return out;
    }
    // But for the nonce of a captured one.
    [[nodiscard]] bool sound() {
        const auto reasons = found();
        return captured ? reasons == std::vector{Reason::evidence_nonce_mismatch} : reasons.empty();
    }
};

Subject subject(std::string name, EvidenceFile said, WallTime at, Collateral items,
                std::shared_ptr<const KindPolicy> rules) {
    Subject out{std::move(name), {}, std::move(said)};
    out.verdict.at = at;
    out.verdict.makers.items = std::move(items);
    out.verdict.expected = {Expected::What::nonce, out.said.nonce};
    out.verdict.rules = {out.said.kind, "", 0, {}, std::move(rules), {}};
    return out;
}

Subject generated(const std::string& kind) {
    const Bytes nonce(20, 0x4e);
    const auto said = composite::Host(kind, 1).say(attest_tool::binding_of(nonce));
    return subject(kind, {kind, nonce, said.introduction(), said.evidence()}, composite::kAt, composite::collateral(),
                   composite::parse_rules(kind).value());
}

Subject captured(const composite::Captured& one) {
    Subject out = subject(one.kind + " " + one.name, {one.kind, Bytes(20), one.introduction(), one.evidence()}, one.at,
                          one.collateral, one.rules());
    out.captured = true;
    return out;
}

Subject azure_snp() { return vectors_folder() ? captured(composite::azure_snp()) : generated(composite::kAzureSnp); }
Subject azure_tdx() {
    return vectors_folder() ? captured(composite::azure_tdx("allow_sept_ve = true\nstatuses = ['OutOfDate']\n"))
                            : generated(composite::kAzureTdx);
}

// What is signed, or bound to what is signed; it may lie in several pieces.
struct Region {
    std::string name;
    std::vector<MutableBytes> pieces;
};

bool lies_in(const Bytes& whole, ByteView part) {
    const std::less<> before;
    return !before(part.data(), whole.data()) && before(part.data(), whole.data() + whole.size());
}

// The parts of one piece of evidence, found by the parsers.
class Regions {
public:
    explicit Regions(EvidenceFile& said)
        : said_(said),
          introduction_(decode_parts(said.introduction, said.introduction.size()).value()),
          evidence_(decode_parts(said.evidence, said.evidence.size()).value()) {
        const auto quoted = tpm::decode_evidence(evidence_.tpm).value();
        add("TPMS_ATTEST", {quoted.attest});
        add("TPMT_SIGNATURE", {quoted.signature});
        add("PCR values", {quoted.pcr_values.begin(), quoted.pcr_values.end()});
    }
    [[nodiscard]] const std::vector<Region>& all() const { return all_; }

    // The key is in the runtime data, and nothing signs its other attributes.
    void add_azure() {
        constexpr std::size_t exponent = 4, size = 2, modulus = 256;
        add("attestation key", {keys().ak_public.last(exponent + size + modulus)});
        add("runtime data", {hcl().runtime});
    }
    void add_azure_snp() {
        add_azure();
        add_report(hcl().report, azure::decode_evidence(evidence_.hardware)->certificates);
    }
    void add_azure_tdx() {
        add_azure();
        const auto quote = tdx::parse_quote(td_quote()).value();
        add("header and TD report", {quote.signed_bytes});
        add("signature of the TD's quote", {quote.signature});
        add("attestation key of the platform", {quote.attestation_key});
        add("QE report", {quote.qe_report});
        add("QE report signature", {quote.qe_report_signature});
        add("QE authentication data", {quote.qe_auth_data});
    }
    // The key's Name is in the report, and a certificate is over it.
    void add_gce_snp() {
        add("attestation key", {keys().ak_public});
        add("attestation key certificate", keys().ak_certificates);
        const auto evidence = snp::decode_evidence(evidence_.hardware).value();
        add_report(evidence.report, evidence.certificates);
    }
    [[nodiscard]] PckArmour pck_chain() {
        return PckArmour(mutable_part(said_.evidence, as_bytes(tdx::parse_quote(td_quote())->pck_chain)));
    }

    // Everything else.
    [[nodiscard]] Region rest() const {
        Region out{"what is not signed", {}};
        for (Bytes* whole : {&said_.introduction, &said_.evidence}) {
            std::vector<bool> taken(whole->size());
            for (const Region& region : all_)
                for (const MutableBytes piece : region.pieces)
                    if (lies_in(*whole, piece))
                        std::fill_n(taken.begin() + (piece.data() - whole->data()), piece.size(), true);
            for (std::size_t at = 0; at < whole->size(); ++at)
                if (!taken[at]) out.pieces.push_back(MutableBytes(*whole).subspan(at, 1));
        }
        return out;
    }

private:
    [[nodiscard]] tpm::Introduction keys() const { return tpm::decode_introduction(introduction_.tpm).value(); }
    [[nodiscard]] azure::HclReport hcl() const {
        return azure::parse_hcl_report(azure::decode_evidence(evidence_.hardware)->hcl_report).value();
    }
    [[nodiscard]] ByteView td_quote() const { return azure::decode_evidence(evidence_.hardware)->quote; }

    void add_report(ByteView report, const std::vector<ByteView>& certificates) {
        constexpr std::size_t padding = 0x330;  // of the signature field, up to the end
        add("signed fields of the report", {report.first(snp::kSignedSize)});
        add("signature of the report", {report.subspan(snp::kSignedSize, padding - snp::kSignedSize)});
        add("certificates of the chip", certificates);
    }
    void add(std::string name, const std::vector<ByteView>& views) {
        Region region{std::move(name), {}};
        for (const ByteView view : views) {
            Bytes& whole = lies_in(said_.introduction, view) ? said_.introduction : said_.evidence;
            if (!view.empty()) region.pieces.push_back(mutable_part(whole, view));
        }
        all_.push_back(std::move(region));
    }

    EvidenceFile& said_;
    Parts introduction_, evidence_;
    std::vector<Region> all_;
};

// Of all pieces as if they were one.
void expect_none_accepted(const std::string& evidence, const Region& region, const std::function<bool()>& accepted) {
    Bytes together;
    for (const MutableBytes piece : region.pieces)
        together.insert(together.end(), piece.begin(), piece.end());
    const auto spread = [&] {
        std::size_t at = 0;
        for (const MutableBytes piece : region.pieces) {
            std::copy_n(together.begin() + static_cast<std::ptrdiff_t>(at), piece.size(), piece.begin());
            at += piece.size();
        }
    };
    expect_no_mutant_accepted(evidence, region.name, together, [&] {
        spread();
        return accepted();
    });
    spread();
}

void expect_only_this_is_taken(Subject& one, const Regions& regions) {
    ASSERT_TRUE(one.sound()) << one.verdict.why();
    for (const Region& region : regions.all())
        expect_none_accepted(one.name, region, [&] { return one.sound(); });
    ASSERT_TRUE(one.sound()) << "it is as it was";
    // What is not signed turns no refusal into anything else.
    one.verdict.expected.bytes[0] ^= 1;
    ASSERT_FALSE(one.found().empty());
    expect_none_accepted(one.name + " refused for its nonce", regions.rest(), [&] { return one.found().empty(); });
}

TEST(Mutants, OfAzuresTpmAndSnpReport) {
    Subject one = azure_snp();
    Regions regions(one.said);
    regions.add_azure_snp();
    expect_only_this_is_taken(one, regions);
}

TEST(Mutants, OfAzuresTpmAndTdQuote) {
    Subject one = azure_tdx();
    Regions regions(one.said);
    regions.add_azure_tdx();
    expect_only_this_is_taken(one, regions);
}

// The certificate under its armour, which is written anew around each mutant.
TEST(Mutants, OfThePckCertificateOfAzuresTdQuote) {
    Subject one = azure_tdx();
    PckArmour chain = Regions(one.said).pck_chain();
    const auto refilled = [&] {
        chain.refill();
        return one.sound();
    };
    ASSERT_TRUE(refilled()) << one.verdict.why();
    expect_no_mutant_accepted(one.name, "PCK certificate", chain.ders.at(0), refilled);
}

TEST(Mutants, OfGooglesTpmAndSnpReport) {
    Subject one = generated(composite::kGceSnp);
    Regions regions(one.said);
    regions.add_gce_snp();
    expect_only_this_is_taken(one, regions);
}

}  // namespace
}  // namespace ct::test
