// SPDX-License-Identifier: Apache-2.0
// Kind "simulated-sev-snp": everything but AMD's own keys is as with "sev-snp". One good exchange, and each way to bend it.
#include <gtest/gtest.h>

#include "attest/evidence/snp_bundle.h"
#include "attest/verify/verifier.h"
#include "codec/hex.h"
#include "codec/timestamp.h"
#include "config/tree.h"
#include "support/simulated_snp.h"

namespace ct::attest::snp {
namespace {

using Reasons = std::vector<Reason>;
using test::SimulatedSnp;
using test::SnpReport;

constexpr WallTime kAt{Seconds(1'790'000'000)};
constexpr std::chrono::days kDay{1};

const Verifier& verifier() { return *find_verifier("simulated-sev-snp"); }

Sha512 binding() {
    Sha512 out;
    for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = static_cast<std::uint8_t>(3 * i + 1);
    return out;
}

// The lines of a policy that takes what SimulatedSnp::fields() gives; later lines may not repeat a key.
std::string lines(const std::string& more = {}) {
    return "measurement = '" + hex_encode(Bytes(48, 0xaa)) + "'\nroots = 'maker.pem'\n" + more;
}

// One exchange that is good unless bent.
struct Exchange {
    SimulatedSnp::Options processor = {.at = kAt};
    std::function<void(SnpReport&)> bend = {};
    std::function<void(Bytes&)> bend_signed = {};
    std::string policy = lines();
    std::vector<long> revoked = {};
    WallTime crl_until = kAt + 30 * kDay;
    std::function<void(Bytes&)> bend_list = {};
    Bytes more = {};  // a certificate after the others
    bool crl = true, send_leaf = true, send_intermediate = true, cached = false;
    int named_maker = 0;  // whose root the policy names
    WallTime at = kAt;
    std::optional<SimulatedSnp> signer = {};  // another one's certificates go with the report

    [[nodiscard]] Verdict judge() const {
        const SimulatedSnp chip(processor);
        auto other = processor;
        other.maker = named_maker;
        const Attachments attachments{{"maker.pem", SimulatedSnp(other).root_pem()}};
        const auto document = config::Document::parse("[t]\n" + policy, "p.toml");
        EXPECT_TRUE(document) << document.error().to_string();
        const auto rules = verifier().parse_policy(*document->root().get("t"), attachments);
        if (!rules) {
            ADD_FAILURE() << rules.error().to_string();
            return {};
        }
        auto fields = chip.fields();
        fields.report_data = binding();
        if (bend) bend(fields);
        Bytes report = chip.sign(fields);
        if (bend_signed) bend_signed(report);
        const SimulatedSnp& speaker = signer ? *signer : chip;
        const Bytes leaf = speaker.signing_key_certificate(), intermediate = speaker.intermediate_certificate();
        Evidence evidence{report, {}};
        if (send_leaf) evidence.certificates.push_back(leaf);
        if (send_leaf && send_intermediate) evidence.certificates.push_back(intermediate);
        if (!more.empty()) evidence.certificates.emplace_back(more);
        const std::string product(to_string(processor.product));
        Collateral collateral;
        Bytes list = chip.revocation_list(revoked, kAt - 30 * kDay, crl_until);
        if (bend_list) bend_list(list);
        if (crl) collateral["amd/crl/" + product] = list;
        if (cached) collateral["amd/vcek/" + hex_encode(fields.chip_id) + "/" + hex_encode(fields.reported_tcb)] = leaf;
        const Bytes introduction = encode(Introduction{}), sent = encode(evidence);
        CollateralReader reader(collateral);
        return verifier().verify({.introduction = introduction,
                                  .kept = {},
                                  .evidence = sent,
                                  .binding = binding(),
                                  .at = at,
                                  .enrolled = {},
                                  .collateral = &reader},
                                 **rules);
    }
    [[nodiscard]] Reasons reasons() const {
        Reasons out;
        for (const Finding& finding : judge().findings)
            out.push_back(finding.reason);
        return out;
    }
};

TEST(SnpVerifier, AcceptsGoodEvidenceOfEachProductUntilTheFirstOfItsPartsEnds) {
    for (const Product product : {Product::milan, Product::genoa, Product::turin}) {
        Exchange exchange;
        exchange.processor.product = product;
        const Verdict verdict = exchange.judge();
        EXPECT_TRUE(verdict.affirming()) << verdict.findings.front().detail;
        EXPECT_EQ(verdict.expires, kAt + 30 * kDay) << "the revocation list's end";
        EXPECT_EQ(verdict.claims.at("product"), to_string(product));
        EXPECT_EQ(verdict.claims.at("measurement"), hex_encode(Bytes(48, 0xaa)));
    }
    Exchange longer;
    longer.crl_until = kAt + 1000 * kDay;
    EXPECT_EQ(longer.judge().expires, kAt + 180 * kDay) << "the certificates' end";
    longer.policy = "measurement = { value = '" + hex_encode(Bytes(48, 0xaa)) + "', until = '" +
                    format_timestamp(kAt + 7 * kDay) + "' }\nroots = 'maker.pem'\n";
    EXPECT_EQ(longer.judge().expires, kAt + 7 * kDay) << "the reference value's end";
    const std::string chip = longer.judge().claims.at("chip_id");
    longer.policy = lines("chips = { value = '" + chip + "', until = '" + format_timestamp(kAt + 3 * kDay) + "' }\n");
    EXPECT_EQ(longer.judge().expires, kAt + 3 * kDay) << "the end of the chip's welcome";
    longer.bend = [](auto& r) { r.policy |= 1U << 18; };
    longer.policy = lines("migration_agents = { value = '" + hex_encode(Bytes(32, 0xff)) + "', until = '" +
                          format_timestamp(kAt + 2 * kDay) + "' }\n");
    EXPECT_EQ(longer.judge().expires, kAt + 2 * kDay) << "the end of the migration agent's";
}

TEST(SnpVerifier, AcceptsAProvidersKeyWherePolicyNamesTheProvider) {
    Exchange exchange;
    exchange.processor.vlek = true;
    EXPECT_EQ(exchange.reasons(), (Reasons{Reason::evidence_key_untrusted, Reason::evidence_platform_denied}));
    exchange.policy = lines("signing_keys = ['vlek']\ncsp_ids = ['CN=cloud.example']\n");
    EXPECT_EQ(exchange.reasons(), Reasons{});
    exchange.policy = lines("signing_keys = ['vlek']\ncsp_ids = ['CN=other.example']\n");
    EXPECT_EQ(exchange.reasons(), Reasons{Reason::evidence_platform_denied});
}

// A host can have the id left out of reports (MASK_CHIP_ID). Its key's certificate names the chip all the same.
TEST(SnpVerifier, AMaskedChipDoesNotHideFromLists) {
    Exchange exchange;
    const std::string chip = exchange.judge().claims.at("chip_id"), other = hex_encode(Bytes(64, 9));
    const auto masked = [](SnpReport& report) { report.chip_id = {}; };
    exchange.bend = masked;
    EXPECT_EQ(exchange.judge().claims.at("chip_id"), chip) << "what deny lists of bundles are asked with";
    exchange.policy = lines("deny_chips = '" + chip + "'\n");
    EXPECT_EQ(exchange.reasons(), Reasons{Reason::evidence_platform_denied});
    exchange.policy = lines("chips = '" + chip + "'\n");
    EXPECT_EQ(exchange.reasons(), Reasons{});

    // A provider's key names no chip: there the report is all that may.
    Exchange provider;
    provider.processor.vlek = true;
    provider.bend = [&](SnpReport& report) { std::ranges::copy(hex_decode(chip, 64).value(), report.chip_id.begin()); };
    const std::string taken = "signing_keys = ['vlek']\ncsp_ids = ['CN=cloud.example']\n";
    const auto with = [&](const std::string& line) {
        provider.policy = lines(taken + line + "\n");
        return provider.reasons();
    };
    EXPECT_EQ(with("chips = '" + chip + "'"), Reasons{});
    EXPECT_EQ(with("chips = '" + other + "'"), Reasons{Reason::evidence_platform_denied});
    EXPECT_EQ(with("deny_chips = '" + chip + "'"), Reasons{Reason::evidence_platform_denied});
    EXPECT_EQ(with("deny_chips = '" + other + "'"), Reasons{});
    provider.bend = masked;
    EXPECT_EQ(with(""), Reasons{});
    EXPECT_EQ(provider.judge().claims.at("chip_id"), hex_encode(Bytes(64)));
    for (const std::string& list : {chip, other}) {
        EXPECT_EQ(with("chips = '" + list + "'"), Reasons{Reason::evidence_platform_denied});
        EXPECT_EQ(with("deny_chips = '" + list + "'"), Reasons{Reason::evidence_platform_denied});
    }
}

TEST(SnpVerifier, TakesTheCertificateFromTheBundleWhereTheHostGivesNone) {
    Exchange exchange;
    exchange.send_leaf = false;
    EXPECT_EQ(exchange.reasons(), Reasons{Reason::evidence_collateral_missing});
    exchange.cached = true;
    EXPECT_EQ(exchange.reasons(), Reasons{Reason::evidence_chain_invalid})
        << "its intermediate is built in for AMD alone";
}

struct Case {
    const char* what;
    std::function<void(Exchange&)> bend;
    Reasons reasons;
};

void expect(const std::vector<Case>& cases) {
    for (const auto& one : cases) {
        Exchange exchange;
        one.bend(exchange);
        const Verdict verdict = exchange.judge();
        Reasons found;
        std::string details;
        for (const Finding& finding : verdict.findings) {
            found.push_back(finding.reason);
            details += "\n  " + std::string(to_string(finding.reason)) + ": " + finding.detail;
        }
        EXPECT_EQ(found, one.reasons) << one.what << details;
        if (!verdict.affirming()) {
            EXPECT_EQ(verdict.expires, exchange.at) << one.what;
        }
    }
}

TEST(SnpVerifier, RefusesEachFieldThatTheReportMustNotHave) {
    const auto with = [](std::function<void(SnpReport&)> bend) {
        return [bend = std::move(bend)](Exchange& e) { e.bend = bend; };
    };
    expect({
        {"another binding", with([](auto& r) { r.report_data[63] ^= 1; }), {Reason::evidence_nonce_mismatch}},
        {"debug", with([](auto& r) { r.policy |= 1U << 19; }), {Reason::evidence_debug}},
        {"migration", with([](auto& r) { r.policy |= 1U << 18; }), {Reason::evidence_migratable}},
        {"bit 17", with([](auto& r) { r.policy &= ~(1ULL << 17); }), {Reason::evidence_configuration_mismatch}},
        {"VMPL 1", with([](auto& r) { r.vmpl = 1; }), {Reason::evidence_privilege}},
        {"asked for by the host", with([](auto& r) { r.vmpl = 0xffffffff; }), {Reason::evidence_privilege}},
        {"another measurement", with([](auto& r) { r.measurement[0] ^= 1; }), {Reason::evidence_measurement_mismatch}},
        {"another chip", with([](auto& r) { r.chip_id[63] ^= 1; }), {Reason::evidence_platform_mismatch}},
        {"another processor", with([](auto& r) { r.cpuid = {0x1a, 2, 1}; }), {Reason::evidence_platform_mismatch}},
        {"no known processor", with([](auto& r) { r.cpuid = {0x1b, 2, 1}; }), {Reason::evidence_platform_mismatch}},
        {"another firmware", with([](auto& r) { r.reported_tcb[7] ^= 1; }), {Reason::evidence_platform_mismatch}},
        {"another kind of key", with([](auto& r) { r.flags = 1U << 2; }), {Reason::evidence_platform_mismatch}},
        {"no signing key", with([](auto& r) { r.flags = 7U << 2; }), {Reason::evidence_platform_mismatch}},
        {"an unknown version", with([](auto& r) { r.version = 6; }), {Reason::evidence_wrong_type}},
        {"a chip id that the host masks", with([](auto& r) { r.chip_id = {}; }), {}},
        {"a report of version 2, without CPUID", with([](auto& r) { r.version = 2; }), {}},
        {"newer firmware that may still be rolled back", with([](auto& r) { r.current_tcb[7] = 0xff; }), {}},
    });
}

TEST(SnpVerifier, RefusesWhatThePolicyForbids) {
    const auto strict = [](const std::string& line) { return [=](Exchange& e) { e.policy = lines(line + "\n"); }; };
    const std::string other64 = hex_encode(Bytes(64, 9)), bb = hex_encode(Bytes(32, 0xbb)),
                      no = hex_encode(Bytes(32, 1));
    Bytes chip(64);
    for (std::size_t i = 0; i < chip.size(); ++i)
        chip[i] = static_cast<std::uint8_t>(i + 2);
    const std::string ours = hex_encode(chip);
    expect({
        {"floor met", strict("tcb.milan = { boot_loader = 4, snp = 24, microcode = 219 }"), {}},
        {"floor missed by all three",
         strict("tcb.milan = { snp = 25 }"),
         {Reason::evidence_tcb_below_floor, Reason::evidence_tcb_below_floor, Reason::evidence_tcb_below_floor}},
        {"a product without a floor", strict("tcb.genoa = { snp = 1 }"), {Reason::evidence_platform_denied}},
        {"another product", strict("products = ['Turin']"), {Reason::evidence_platform_denied}},
        {"host data", strict("host_data = '" + bb + "'"), {}},
        {"other host data", strict("host_data = '" + no + "'"), {Reason::evidence_configuration_mismatch}},
        {"no author key",
         strict("author_key = '" + hex_encode(Bytes(48)) + "'"),
         {Reason::evidence_configuration_mismatch}},
        {"another ID key",
         strict("id_key = '" + hex_encode(Bytes(48, 1)) + "'"),
         {Reason::evidence_configuration_mismatch}},
        {"another family",
         strict("family_id = '" + hex_encode(Bytes(16, 1)) + "'"),
         {Reason::evidence_configuration_mismatch}},
        {"another image",
         strict("image_id = '" + hex_encode(Bytes(16, 1)) + "'"),
         {Reason::evidence_configuration_mismatch}},
        {"an older guest", strict("guest_svn = 2"), {Reason::evidence_configuration_mismatch}},
        {"one of our chips", strict("chips = ['" + ours + "', '" + other64 + "']"), {}},
        {"none of our chips", strict("chips = '" + other64 + "'"), {Reason::evidence_platform_denied}},
        {"a stolen chip", strict("deny_chips = ['" + ours + "']"), {Reason::evidence_platform_denied}},
        {"more than one socket", strict("require_single_socket = true"), {Reason::evidence_configuration_mismatch}},
        {"a VMPL that is not taken", strict("vmpl = [1, 2]"), {Reason::evidence_privilege}},
    });
    Exchange smt;
    smt.bend = [](auto& r) { r.policy |= 1U << 16; };
    smt.policy = lines("allow_smt = false\n");
    EXPECT_EQ(smt.reasons(), Reasons{Reason::evidence_configuration_mismatch});
    Exchange loose;
    loose.bend = [](auto& r) {
        r.policy |= 3U << 18;
        r.vmpl = 2;
    };
    loose.policy =
        lines("allow_debug = true\nmigration_agents = '" + hex_encode(Bytes(32, 0xff)) + "'\nvmpl = [0, 2]\n");
    EXPECT_EQ(loose.reasons(), Reasons{}) << "what a policy allows in so many words";
    loose.policy = lines("allow_debug = true\nmigration_agents = '" + no + "'\nvmpl = [0, 2]\n");
    EXPECT_EQ(loose.reasons(), Reasons{Reason::evidence_migratable}) << "by an agent that is not known";
    EXPECT_EQ(loose.judge().claims.at("report_id_ma"), hex_encode(Bytes(32, 0xff)));
}

// Rolled back: the processor reports what the certificate says, but could run less, or was launched under less.
TEST(SnpVerifier, RefusesFirmwareThatCouldBeRolledBackBelowTheFloor) {
    for (const auto member : {&SnpReport::committed_tcb, &SnpReport::launch_tcb}) {
        Exchange exchange;
        exchange.policy = lines("tcb.milan = { microcode = 219 }\n");
        exchange.bend = [member](auto& r) { (r.*member)[7] = 218; };
        EXPECT_EQ(exchange.reasons(), Reasons{Reason::evidence_tcb_below_floor});
    }
}

TEST(SnpVerifier, RefusesEachBreakInTheChain) {
    expect({
        {"a root that the policy does not name",
         [](Exchange& e) { e.named_maker = 1; },
         {Reason::evidence_chain_invalid, Reason::evidence_collateral_invalid}},
        {"no intermediate", [](Exchange& e) { e.send_intermediate = false; }, {Reason::evidence_chain_invalid}},
        {"an expired key",
         [](Exchange& e) { e.processor.bend_certificate = [](auto& c) { c.not_after = kAt - kDay; }; },
         {Reason::evidence_certificate_expired}},
        {"a key that is not good yet",
         [](Exchange& e) { e.processor.bend_certificate = [](auto& c) { c.not_before = kAt + kDay; }; },
         {Reason::evidence_certificate_expired}},
        {"no revocation list", [](Exchange& e) { e.crl = false; }, {Reason::evidence_revocation_unknown}},
        {"an old revocation list",
         [](Exchange& e) { e.crl_until = kAt - kDay; },
         {Reason::evidence_revocation_unknown}},
        {"a revocation list that is none",
         [](Exchange& e) { e.bend_list = [](Bytes& list) { list.resize(list.size() - 1); }; },
         {Reason::evidence_collateral_invalid}},
        {"a revocation list that the root did not sign",
         [](Exchange& e) { e.bend_list = [](Bytes& list) { list.back() ^= 1; }; },
         {Reason::evidence_collateral_invalid}},
        {"a certificate that is none beside good ones",
         [](Exchange& e) { e.more = Bytes{0x30, 0x00}; },
         {Reason::evidence_malformed}},
        {"a revoked intermediate",
         [](Exchange& e) { e.revoked = {7, 0x010001}; },
         {Reason::evidence_certificate_revoked}},
        {"no revocation list where none is asked for",
         [](Exchange& e) {
             e.crl = false;
             e.policy = lines("require_crl = false\n");
         },
         {}},
        {"another maker's certificates",
         [](Exchange& e) { e.signer = SimulatedSnp({.at = kAt, .maker = 1}); },
         {Reason::evidence_signature_invalid, Reason::evidence_chain_invalid}},
        {"another chip of the same maker",
         [](Exchange& e) { e.signer = SimulatedSnp({.at = kAt}); },
         {Reason::evidence_signature_invalid}},
        {"a certificate that says nothing of a chip",
         [](Exchange& e) { e.processor.bend_certificate = [](auto& c) { c.extensions.clear(); }; },
         {Reason::evidence_malformed}},
    });
}

TEST(SnpVerifier, NoBitOfWhatIsSignedMayFlip) {
    const SimulatedSnp chip({.at = kAt});
    Exchange exchange;
    const Attachments attachments{{"maker.pem", chip.root_pem()}};
    const auto document = config::Document::parse("[t]\n" + lines(), "p.toml");
    const auto rules = verifier().parse_policy(*document->root().get("t"), attachments);
    auto fields = chip.fields();
    fields.report_data = binding();
    Bytes report = chip.sign(fields);
    const Bytes leaf = chip.signing_key_certificate(), intermediate = chip.intermediate_certificate();
    const Collateral collateral{{"amd/crl/Milan", chip.revocation_list({}, kAt - kDay, kAt + kDay)}};
    CollateralReader reader(collateral);
    const auto accepted = [&] {
        const Bytes sent = encode(Evidence{report, {leaf, intermediate}});
        const Subject subject{{}, {}, sent, binding(), kAt, {}, &reader};
        return verifier().verify(subject, **rules).affirming();
    };
    ASSERT_TRUE(accepted());
    std::size_t refused = 0;
    // The whole report: the signed region, the signature, and its padding, which must be zero.
    for (std::size_t bit = 0; bit < 8 * report.size(); ++bit) {
        // One verification takes a millisecond under sanitizers: every bit of the fields, each eighth of the signature's.
        if (bit >= 8 * kSignedSize && bit % 8 != 0) continue;
        report[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        EXPECT_FALSE(accepted()) << "bit " << bit;
        report[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        ++refused;
    }
    EXPECT_EQ(refused, 8 * kSignedSize + (report.size() - kSignedSize));
}

TEST(SnpPolicy, SaysWhatIsWrongWithIt) {
    const SimulatedSnp chip({.at = kAt});
    const Attachments attachments{{"maker.pem", chip.root_pem()}};
    const auto error = [&](const std::string& text, const char* kind = "simulated-sev-snp") {
        const auto document = config::Document::parse("[t]\n" + text, "p.toml");
        EXPECT_TRUE(document) << text;
        const auto parsed = find_verifier(kind)->parse_policy(*document->root().get("t"), attachments);
        return parsed ? std::string("accepted") : parsed.error().context;
    };
    const struct {
        std::string text;
        const char* words;
    } rows[] = {
        {"roots = 'maker.pem'", "measurement is required"},
        {"measurement = 'aa'\nroots = 'maker.pem'", "a value here is 96 hexadecimal digits"},
        {"measurement = []\nroots = 'maker.pem'", "expected a string"},
        {lines("tpyo = 1"), "tpyo"},
        {lines("vmpl = [4]"), "vmpl"},
        {lines("vmpl = []"), "write a list of levels"},
        {lines("tcb.milan = { fmc = 1 }"), "fmc"},
        {lines("tcb.milan = { snp = 256 }"), "snp"},
        {lines("tcb = {}"), "name a product"},
        {lines("tcb.milan = { snp = 1 }\nproducts = ['Genoa']"), "no floor for Genoa"},
        {lines("tcb.turin = { fmc = 256 }"), "fmc"},
        {lines("tcb.turin = { tpyo = 1 }"), "tpyo"},
        {lines("tcb.milan = { boot_loader = -1 }"), "boot_loader"},
        {lines("tcb.milan = { tee = 'x' }"), "tee"},
        {lines("tcb.milan = { microcode = true }"), "microcode"},
        {lines("tcb.rome = { snp = 1 }"), "rome"},
        {lines("guest_svn = -1"), "guest_svn"},
        {lines("products = ['Rome']"), "Milan"},
        {lines("products = [1]"), "products"},
        {lines("products = []"), "at least one product"},
        {lines("signing_keys = ['ark']"), "vcek"},
        {lines("signing_keys = [1]"), "signing_keys"},
        {lines("signing_keys = []"), "at least one"},
        {lines("signing_keys = ['vlek']\ncsp_ids = [1]"), "csp_ids"},
        {lines("signing_keys = ['vlek']"), "csp_ids"},
        {lines("csp_ids = ['CN=x']"), "no effect"},
        {lines("chips = 'aa'"), "128 hexadecimal digits"},
        {"measurement = { value = 'aa', until = 'soon' }\nroots = 'maker.pem'", "2026-03-16"},
        {"measurement = '" + hex_encode(Bytes(48, 1)) + "'", "roots is required"},
    };
    for (const auto& [text, words] : rows)
        EXPECT_NE(error(text).find(words), std::string::npos) << text << "\n" << error(text);
    for (const std::string key :
         {"host_data", "id_key", "author_key", "family_id", "image_id", "chips", "deny_chips", "allow_debug",
          "migration_agents", "allow_smt", "require_single_socket", "require_crl"})
        EXPECT_NE(error(lines(key + " = 1")).find(key), std::string::npos) << key << "\n" << error(lines(key + " = 1"));
    std::string many = "host_data = [";
    for (unsigned i = 0; i < 257; ++i)
        many += "'" + std::string(64, '0') + "',";
    EXPECT_NE(error(lines(many + "]")).find("more than"), std::string::npos);
    EXPECT_NE(error(lines(), "sev-snp").find("AMD's root keys are built in"), std::string::npos);
}

TEST(SnpRequest, AsksForTheMostPrivilegedLevelThatBothHave) {
    const SimulatedSnp chip({.at = kAt});
    const Attachments attachments{{"maker.pem", chip.root_pem()}};
    const auto ask = [&](const std::string& levels, std::uint32_t floor) -> Result<std::uint32_t> {
        const auto document = config::Document::parse("[t]\n" + lines("vmpl = " + levels + "\n"), "p.toml");
        CT_TRY(const auto rules, verifier().parse_policy(*document->root().get("t"), attachments));
        CT_TRY(const auto request, verifier().request(encode(Introduction{floor}), *rules, {}, kAt));
        CT_TRY(const auto decoded, decode_request(request.for_collector));
        return decoded.vmpl;
    };
    EXPECT_EQ(ask("[0]", 0).value(), 0U);
    EXPECT_EQ(ask("[0, 2, 3]", 1).value(), 2U);
    EXPECT_EQ(ask("[0, 1]", 2).error().reason, Reason::evidence_privilege);
}

}  // namespace
}  // namespace ct::attest::snp
