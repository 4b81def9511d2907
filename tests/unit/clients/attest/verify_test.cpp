// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "attest/collateral/bundle.h"
#include "attest/collect/tpm2/settings.h"
#include "attest/evidence/nitro_bundle.h"
#include "attest/evidence/tpm2_bundle.h"
#include "attest/evidence/tpm_algorithms.h"
#include "attest/judge/ear.h"
#include "attest/judge/makers.h"
#include "attest/signed/envelope.h"
#include "clients/attest/evidence_file.h"
#include "clients/attest/pcr_file.h"
#include "codec/hex.h"
#include "codec/timestamp.h"
#include "config/tree.h"
#include "crypto/ed25519.h"
#include "support/simulated_machine.h"
#include "support/simulated_nsm.h"
#include "support/snp_case.h"
#include "support/swtpm.h"
#include "tool.h"

namespace ct::attest_tool {
namespace {

using test::field;
using test::parsed;
using test::ran;
using test::vector_file;
using Words = std::vector<std::string>;

std::string at(WallTime time) { return format_timestamp(time); }

// All reasons, with blanks between.
std::string reasons(const json::Value& root) {
    std::string out;
    const auto findings = root.find("findings");
    for (auto one = findings ? findings->first() : std::nullopt; one; one = one->next())
        out.append(out.empty() ? "" : " ").append(one->find("reason")->text());
    return out;
}

class Verify : public testing::Test {
protected:
    struct Verdict {
        int code;
        std::string status, reasons, text;
    };
    Verdict verdict(Words arguments) {
        arguments.insert(arguments.begin(), {"--json", "verify"});
        const auto result = ran(arguments);
        const auto document = parsed(result.output);
        return {result.code, field(document.root(), "status"), reasons(document.root()), result.output};
    }
    std::string file(const std::string& name, ByteView bytes) const { return folder_.write(name, as_text(bytes)); }
    test::TempDir folder_;
};

// ---- a simulated processor ----

class VerifySnp : public Verify {
protected:
    VerifySnp() {
        auto fields = chip_.fields();
        fields.report_data = data_;
        report_ = file("report.bin", chip_.sign(fields));
        leaf_ = file("vcek.der", chip_.signing_key_certificate());
        ask_ = file("ask.der", chip_.intermediate_certificate());
        crl_ = file("crl.der", chip_.revocation_list({}, ct::test::kNow - kDay, ct::test::kNow + kDay));
        policy_ = folder_.file("policy");
        EXPECT_EQ(::mkdir(policy_.c_str(), 0700), 0);
        folder_.write("policy/maker.pem", chip_.root_pem());
        folder_.write("policy/p.toml", lines());
    }
    static std::string lines(const std::string& more = {}) {
        return "[simulated-sev-snp]\nroots = 'maker.pem'\nmeasurement = '" + hex_encode(Bytes(48, 0xaa)) + "'\n" + more;
    }
    Words arguments(const Words& more = {}) const {
        Words out{report_,
                  "--policy",
                  policy_,
                  "--vcek",
                  leaf_,
                  "--certificate",
                  ask_,
                  "--at",
                  at(ct::test::kNow),
                  "--item",
                  "amd/crl/Milan=" + crl_};
        out.insert(out.end(), more.begin(), more.end());
        return out;
    }
    Words fresh(const Words& more = {}) const {
        auto out = arguments(more);
        out.insert(out.end(), {"--report-data", hex_encode(data_)});
        return out;
    }

    static constexpr std::chrono::days kDay{1};
    ByteArray<64> data_ = ct::test::filled<64>(0x5d);
    ct::test::SimulatedSnp chip_{{.at = ct::test::kNow}};
    std::string report_, leaf_, ask_, crl_, policy_;
};

TEST_F(VerifySnp, GoodEvidenceOfASimulatedDeviceIsAWarningWithoutFindings) {
    const auto good = verdict(fresh());
    EXPECT_EQ(good.code, 4) << good.text;
    EXPECT_EQ(good.status, "warning");
    EXPECT_EQ(good.reasons, "");
    const auto document = parsed(good.text);
    EXPECT_EQ(field(document.root(), "expires"), at(ct::test::kNow + kDay)) << "the revocation list's";
    EXPECT_EQ(field(document.root(), "fresh"), "true");
    EXPECT_EQ(field(document.root(), "claims/product"), "Milan");
}

TEST_F(VerifySnp, EveryFailedCheckIsNamedWithItsReason) {
    auto fields = chip_.fields();
    fields.report_data = data_;
    fields.policy |= 1U << 19;
    fields.measurement[0] ^= 1;
    report_ = file("bad.bin", chip_.sign(fields));
    const auto bad = verdict(fresh());
    EXPECT_EQ(bad.code, 1);
    EXPECT_EQ(bad.status, "contraindicated");
    EXPECT_EQ(bad.reasons, "evidence_debug evidence_measurement_mismatch");
    auto words = fresh();
    words.insert(words.begin(), "verify");
    const auto text = ran(words);
    EXPECT_EQ(text.code, 1);
    EXPECT_NE(text.output.find("\nevidence_debug "), std::string::npos) << text.output;
    EXPECT_NE(text.output.find("Status          contraindicated\n"), std::string::npos) << text.output;
}

TEST_F(VerifySnp, WhatTheReportIsOverHasToBeSaid) {
    EXPECT_EQ(verdict(arguments()).code, 2) << "nothing said";
    EXPECT_EQ(verdict(fresh({"--no-freshness"})).code, 2) << "two things said";
    EXPECT_EQ(verdict(arguments({"--nonce", "00"})).code, 2) << "what a report does not have";
    EXPECT_EQ(verdict(arguments({"--binding", "00"})).code, 2) << "R has 64 bytes";
    EXPECT_EQ(verdict(arguments({"--report-data", "5d"})).reasons, "evidence_nonce_mismatch");
    const auto stale = verdict(arguments({"--no-freshness"}));
    EXPECT_EQ(stale.code, 4);
    EXPECT_EQ(field(parsed(stale.text).root(), "fresh"), "false");
    auto words = arguments({"--no-freshness"});
    words.insert(words.begin(), "verify");
    EXPECT_TRUE(ran(words).output.starts_with("!! --no-freshness: ")) << ran(words).output;
}

TEST_F(VerifySnp, RestsOnWhatTheMakersSay) {
    auto words = fresh();
    std::erase_if(words, [&](const std::string& word) { return word == "--item" || word.starts_with("amd/"); });
    EXPECT_EQ(verdict(words).reasons, "evidence_revocation_unknown");
    crl_ = file("revoked.der", chip_.revocation_list({0x010001}, ct::test::kNow - kDay, ct::test::kNow + kDay));
    EXPECT_EQ(verdict(fresh()).reasons, "evidence_certificate_revoked");
    auto later = fresh();
    *std::ranges::find(later, at(ct::test::kNow)) = at(ct::test::kNow + 2 * kDay);
    crl_ = file("crl.der", chip_.revocation_list({}, ct::test::kNow - kDay, ct::test::kNow + kDay));
    EXPECT_EQ(verdict(later).reasons, "evidence_revocation_unknown") << "the list is past its end";
}

TEST_F(VerifySnp, TakesABundleThatEnoughOfTheSignersHaveSigned) {
    const auto mine = crypto::Ed25519Key::generate().value(), other = crypto::Ed25519Key::generate().value();
    const auto bundle_of = [&](WallTime until) {
        attest::CollateralBundle bundle{
            3, std::chrono::floor<Seconds>(ct::test::kNow) - kDay, std::chrono::floor<Seconds>(until), {}};
        bundle.items["amd/crl/Milan"] = chip_.revocation_list({}, ct::test::kNow - kDay, ct::test::kNow + 9 * kDay);
        attest::Envelope envelope{attest::encode(bundle), {}};
        EXPECT_TRUE(attest::add_signature(envelope, attest::kCollateralPurpose, mine));
        return file("bundle", attest::encode(envelope));
    };
    const std::string bundle = bundle_of(ct::test::kNow + 2 * kDay);
    auto words = fresh();
    std::erase_if(words, [&](const std::string& word) { return word == "--item" || word.starts_with("amd/"); });
    words.insert(words.end(), {"--bundle", bundle});
    const auto with = [&](const Words& more) {
        auto out = words;
        out.insert(out.end(), more.begin(), more.end());
        return verdict(out);
    };
    const std::string me = judge::signer_text(mine.public_key().value()),
                      they = judge::signer_text(other.public_key().value());
    EXPECT_EQ(with({}).code, 2) << "signed by whom?";
    EXPECT_EQ(with({"--signer", they}).code, 3) << "by somebody else";
    EXPECT_EQ(with({"--signer", me, "--signer", they, "--needed", "2"}).code, 3) << "by one of two";
    const auto good = with({"--signer", me, "--signer", they});
    EXPECT_EQ(good.reasons, "");
    EXPECT_EQ(field(parsed(good.text).root(), "expires"), at(ct::test::kNow + 2 * kDay)) << "the bundle's";
    EXPECT_EQ(field(parsed(good.text).root(), "collateral_sha256").size(), 64U);
    bundle_of(ct::test::kNow - Seconds(5));
    EXPECT_EQ(with({"--signer", me}).reasons, "evidence_collateral_expired");
}

// GHCB 4.1.8.1: entries of GUID (as it lies in memory), offset and length up to one of zeros; then what they name.
TEST_F(VerifySnp, AnExtendedReportBringsItsCertificates) {
    auto fields = chip_.fields();
    fields.report_data = data_;
    const Bytes vcek = chip_.signing_key_certificate(), ask = chip_.intermediate_certificate();
    const auto guid = [](std::string_view hex) { return hex_decode(hex, 16).value(); };
    Bytes table;
    std::uint32_t offset = 3 * 24;
    const auto entry = [&](const Bytes& name, std::size_t size) {
        append(table, name);
        for (const std::uint32_t number : {offset, static_cast<std::uint32_t>(size)})
            for (unsigned i = 0; i < 4; ++i)
                table.push_back(static_cast<std::uint8_t>(number >> 8 * i));
        offset += static_cast<std::uint32_t>(size);
    };
    entry(guid("8d75da6364e66445adc5f4b93be8accd"), vcek.size());
    entry(guid("79b3b74aacbbe44fa02f05aef327c782"), ask.size());
    table.resize(3 * 24);
    append(table, vcek);
    append(table, ask);
    Bytes extended = chip_.sign(fields);
    append(extended, table);
    report_ = file("extended.bin", extended);
    auto words = fresh();
    for (const std::string name : {"--vcek", "--certificate"}) {
        const auto at = std::ranges::find(words, name);
        words.erase(at, at + 2);
    }
    const auto good = verdict(words);
    EXPECT_EQ(good.reasons, "") << good.text;
    EXPECT_EQ(good.code, 4);
    const auto shown = parsed(ran({"show", "--json", report_}).output);
    EXPECT_EQ(field(shown.root(), "format"), "sev-snp extended report");
    EXPECT_EQ(field(shown.root(), "certificates/VCEK/AMD/product"), "Milan");
    extended.resize(extended.size() - 1);
    EXPECT_EQ(ran({"show", file("cut.bin", extended)}).code, 3);
}

TEST_F(VerifySnp, AGatesPolicyJudgesByItsWorkload) {
    const ct::test::SnpCase release;
    for (const auto& policy_file : release.files)
        folder_.write(policy_file.name, policy_file.text);
    const auto& body = release.facts.proof->evidence[0].body;
    const std::string evidence = file(
        "evidence",
        encode(EvidenceFile{std::string(ct::test::kSnpKind), {}, release.facts.hello->introductions[0].body, body}));
    const std::string crl = file("its-crl.der", release.makers.items.at("amd/crl/Milan"));
    const Words words{evidence,
                      "--policy",
                      folder_.file("policy.toml"),
                      "--workload",
                      "payments",
                      "--at",
                      "2026-11-24T14:03:05Z",
                      "--item",
                      "amd/crl/Milan=" + crl};
    auto bound = words, unbound = words, other = words;
    bound.insert(bound.end(), {"--binding", hex_encode(judge::case_binding(release.facts))});
    EXPECT_EQ(verdict(bound).reasons, "") << verdict(bound).text;
    other.insert(other.end(), {"--binding", hex_encode(Bytes(64, 1))});
    EXPECT_EQ(verdict(other).reasons, "evidence_nonce_mismatch");
    unbound.insert(unbound.end(), {"--no-freshness"});
    EXPECT_EQ(verdict(unbound).reasons, "evidence_nonce_mismatch") << "it is not over the nonce that the file names";
    bound[4] = "refunds";
    EXPECT_EQ(verdict(bound).code, 2) << "no such workload";
}

TEST_F(VerifySnp, MistakesOfThePolicyAreToldWithFileAndLine) {
    folder_.write("policy/p.toml", lines("tpyo = 1\n"));
    const auto wrong = verdict(fresh());
    EXPECT_EQ(wrong.code, 3);
    EXPECT_NE(wrong.text.find("p.toml:4"), std::string::npos) << wrong.text;
    folder_.write("policy/p.toml", "[tdx]\nmrtd = '" + hex_encode(Bytes(48)) + "'\n");
    EXPECT_EQ(verdict(fresh()).code, 2) << "no table for this kind";
    folder_.write("policy/p.toml", lines());
    EXPECT_EQ(verdict(fresh({"--kind", "tdx"})).code, 2);
    EXPECT_EQ(verdict(fresh({"--kind", "sev-snp"})).code, 2) << "there is a table for the simulated kind alone";
}

TEST_F(VerifySnp, AResultIsSignedByTheKeyThatIsGiven) {
    const auto key = crypto::Ed25519Key::generate().value();
    const std::string pem = folder_.write("key.pem", key.pem()->text());
    auto words = fresh({"--ear", pem});
    words.insert(words.begin(), "verify");
    ct::test::Launch launch{.argv = words, .output = folder_.file("out")};
    const auto both = ran(words).output;
    const auto token = both.substr(both.rfind('\n', both.size() - 2) + 1);
    const auto claims = judge::open_ear(token.substr(0, token.size() - 1), key.public_key().value());
    ASSERT_TRUE(claims) << both;
    const auto document = parsed(*claims);
    EXPECT_EQ(field(document.root(), "submods/simulated-sev-snp/ear.status"), "warning");
    EXPECT_EQ(field(document.root(), "iat"), "1795528985");
    const auto json = verdict(fresh({"--ear", pem}));
    EXPECT_EQ(field(parsed(json.text).root(), "ear"), token.substr(0, token.size() - 1)) << "EdDSA has no randomness";
    EXPECT_EQ(verdict(fresh({"--ear", leaf_})).code, 3) << "no key";
}

// ---- documents of others ----

TEST_F(Verify, DocumentsOfOthersAreComparedWithTheNonceThatIsGiven) {
    ct::test::SimulatedNsm nsm(ct::test::kNow);
    ct::test::NitroPayload content;
    content.nonce = Bytes{0xde, 0xad, 0xbe, 0xef};
    content.user_data = Bytes{1};
    folder_.write("maker.pem", nsm.root_pem());
    const std::string policy = folder_.write(
        "p.toml", "[simulated-nitro]\nroots = 'maker.pem'\npcrs = { '0' = '" + hex_encode(Bytes(48, 0xa0)) + "' }\n");
    const Words words{file("document", nsm.document(content)), "--policy", policy, "--at", at(ct::test::kNow)};
    const auto with = [&](Words more) {
        more.insert(more.begin(), words.begin(), words.end());
        return verdict(more);
    };
    const auto good = with({"--nonce", "deadbeef"});
    EXPECT_EQ(good.reasons, "") << good.text;
    EXPECT_EQ(good.code, 4) << "simulated";
    EXPECT_EQ(field(parsed(good.text).root(), "expires"), at(nsm.leaf_end));
    EXPECT_EQ(with({"--nonce", "deadbeee"}).reasons, "evidence_nonce_mismatch");
    EXPECT_EQ(with({"--no-freshness"}).code, 4);
    EXPECT_EQ(with({"--binding", hex_encode(Bytes(64))}).reasons, "evidence_nonce_mismatch evidence_wrong_type")
        << "as evidence for a release it is none";
    EXPECT_EQ(with({"--report-data", "00"}).code, 2);
}

// ---- a real TPM, in software ----

class VerifyTpm : public Verify {
protected:
    void SetUp() override {
        std::signal(SIGPIPE, SIG_IGN);
        auto tpm = ct::test::Swtpm::start();
        if (!tpm) GTEST_SKIP() << "feature: swtpm";
        tpm_ = std::move(*tpm);
        ASSERT_TRUE(tpm_->measure(0, "firmware"));
        ASSERT_TRUE(tpm_->measure(7, "secure boot"));
        log_ = tpm_->write_event_log();
    }
    // The kind's table, for what was collected with PCRs 0 and 7.
    std::string policy(const EvidenceFile& evidence, const std::string& more = {}) {
        const auto said = attest::tpm::decode_introduction(evidence.introduction).value();
        return folder_.write("tpm.toml", "[tpm2]\nak = ['sha256:" + hex_encode(crypto::sha256(said.ak_public)) +
                                             "']\npcrs = { '0' = '" + hex_encode(tpm_->pcr_value(0).value()) +
                                             "', '7' = '" + hex_encode(tpm_->pcr_value(7).value()) + "' }\n" + more);
    }
    Words collect(const Words& more = {}) {
        Words out{"collect", "--kind", "tpm2", "--tcti", tpm_->tcti(), "--event-log", log_, "--pcrs", "0,7"};
        out.insert(out.end(), more.begin(), more.end());
        return out;
    }
    EvidenceFile collected(const std::string& nonce = "00ff") {
        output_ = folder_.file("evidence");
        const auto result = ran(collect({"--nonce", nonce, "--output", output_}));
        EXPECT_EQ(result.code, 0) << result.output;
        const auto bytes = read_file(output_, 1 << 20);
        EXPECT_TRUE(bytes);
        return decode_evidence_file(as_bytes(bytes.value_or(""))).value();
    }
    std::unique_ptr<ct::test::Swtpm> tpm_;
    std::string log_, output_;
};

TEST_F(VerifyTpm, WhatIsCollectedOverAVerifiersNonceIsAffirming) {
    const auto evidence = collected();
    EXPECT_EQ(evidence.nonce, (Bytes{0x00, 0xff}));
    const std::string rules = policy(evidence, "require_event_log = true\n");
    const auto good = verdict({output_, "--policy", rules, "--nonce", "00ff"});
    EXPECT_EQ(good.code, 0) << good.text;
    EXPECT_EQ(good.status, "affirming");
    EXPECT_EQ(field(parsed(good.text).root(), "expires"), "never") << "it rests on keys alone";
    EXPECT_EQ(verdict({output_, "--policy", rules, "--nonce", "00fe"}).reasons, "evidence_nonce_mismatch");
    const auto stale = verdict({output_, "--policy", rules, "--no-freshness"});
    EXPECT_EQ(stale.code, 4);
    EXPECT_EQ(stale.status, "warning");
    EXPECT_EQ(stale.reasons, "");
    ASSERT_TRUE(tpm_->measure(7, "something else"));
    const auto changed = verdict({output_, "--policy", policy(evidence), "--nonce", "00ff"});
    EXPECT_EQ(changed.reasons, "evidence_measurement_mismatch") << "the policy is of the machine as it is now";
}

// As tpm2_quote(1) leaves them: the quote, its signature, the key, the values.
TEST_F(VerifyTpm, FilesOfAQuoteAreJudgedTogether) {
    const auto evidence = collected("aa");
    const auto parts = attest::tpm::decode_evidence(evidence.evidence).value();
    const auto ak = attest::tpm::decode_introduction(evidence.introduction).value().ak_public;
    Bytes sized{static_cast<std::uint8_t>(ak.size() >> 8), static_cast<std::uint8_t>(ak.size())};
    append(sized, ak);
    std::string values = "  sha256:\n";
    for (const unsigned i : {0U, 7U})
        values += "    " + std::to_string(i) + " : 0x" + hex_encode(parts.pcr_values[i]) + "\n";
    const Words words{file("quote.msg", parts.attest), "--policy", policy(evidence), "--nonce",
                      hex_encode(ByteView(binding_of(Bytes{0xaa})).first(32))};
    const auto with = [&](Words more) {
        more.insert(more.begin(), words.begin(), words.end());
        return verdict(more);
    };
    const Words whole{"--signature", file("quote.sig", parts.signature), "--ak", file("ak.tpm2b", sized),
                      "--pcrs",      folder_.write("pcrs.txt", values)};
    EXPECT_EQ(with(whole).code, 0) << with(whole).text;
    EXPECT_EQ(with({}).code, 2) << "a quote alone says nothing";
    auto pem = whole;
    pem[3] = folder_.write("ak.pem", "-----BEGIN PUBLIC KEY-----\n");
    EXPECT_EQ(with(pem).code, 2) << "what may a key in PEM sign?";
    values.back() = '0';
    auto other = whole;
    values[values.size() - 2] ^= 1;
    other[5] = folder_.write("other.txt", values.substr(0, values.size() - 1) + "\n");
    EXPECT_EQ(with(other).reasons, "evidence_measurement_digest evidence_measurement_mismatch");
}

TEST_F(VerifyTpm, ANonceOfItsOwnIsSaidToShowNothing) {
    const std::string output = folder_.file("own");
    const auto result = ran(collect({"--output", output}));
    EXPECT_EQ(result.code, 0) << result.output;
    EXPECT_NE(result.output.find("own choice"), std::string::npos) << result.output;
    const auto piped = ran(collect());
    EXPECT_EQ(piped.code, 0);
    EXPECT_NE(piped.output.find("cloudtaser/evidence/v1"), std::string::npos);
}

// Machines of Azure, simulated but for the kind that the tool knows: their policy says that they are.
class VerifyAzure : public Verify {
protected:
    void SetUp() override {
        std::signal(SIGPIPE, SIG_IGN);
        if (!ct::test::Swtpm::start()) GTEST_SKIP() << "feature: swtpm";
    }
    // Collects as attestd would, and makes a folder of what judges it.
    Words collect(const ct::test::SimulatedMachine& machine, const std::string& kind, const Words& more) {
        const auto settings = config::Document::parse(machine.attestd, "attestd.toml").value();
        const auto table = settings.root().get(machine.kind).value();
        const auto word = [&](const char* key) { return table.get(key)->as_string().value(); };
        Words out{"collect", "--kind", kind,      "--tcti", word("tcti"), "--event-log", word("event_log"),
                  "--pcrs",  "0,7",    "--nonce", "00ff",   "--output",   output_};
        for (const auto& [key, option] : {std::pair{"certificates", "--certificates"}, {"quote", "--td-quote"}})
            if (table.get(key)) out.insert(out.end(), {option, word(key)});
        out.insert(out.end(), more.begin(), more.end());
        judge_ = {output_, "--policy", folder_.path() + "/policy"};
        std::filesystem::create_directory(judge_.back());
        folder_.write("policy/p.toml", "[" + machine.kind + "]\n" + machine.policy);
        for (const auto& [name, text] : machine.files)
            folder_.write("policy/" + name, text);
        for (const auto& [name, bytes] : machine.collateral) {
            std::string flat = name;
            std::ranges::replace(flat, '/', '-');
            judge_.insert(judge_.end(), {"--item", name + "=" + file(flat, bytes)});
        }
        return out;
    }
    Verdict judged(const std::string& nonce) {
        Words words = judge_;
        words.insert(words.end(), {"--nonce", nonce});
        return verdict(words);
    }
    void expect_simulated(const Verdict& of) {
        EXPECT_EQ(of.code, 4) << of.text;
        EXPECT_EQ(of.status, "warning") << "no check failed, but the device is a simulated one";
        EXPECT_EQ(of.reasons, "");
    }
    std::string output_ = folder_.file("evidence");
    Words judge_;
};

TEST_F(VerifyAzure, WhatIsCollectedOfATpmAndAnSnpReportIsJudgedAsOne) {
    const auto machine = ct::test::simulated_azure_snp_machine();
    ASSERT_TRUE(machine) << machine.error().to_string();
    auto words = collect(*machine, "azure-snp", {});
    const auto result = ran(words);
    ASSERT_EQ(result.code, 0) << result.output;
    expect_simulated(judged("00ff"));
    EXPECT_EQ(judged("00fe").reasons, "evidence_nonce_mismatch");
    const auto other = ct::test::simulated_azure_snp_machine();
    ASSERT_TRUE(other) << other.error().to_string();
    folder_.write("policy/amd.pem", other->files.at("amd.pem"));
    EXPECT_EQ(judged("00ff").reasons, "evidence_chain_invalid evidence_collateral_invalid") << "of another maker";
    const auto shown = ran({"--json", "show", output_});
    EXPECT_EQ(field(parsed(shown.output).root(), "evidence/HCL report/hardware"), "sev-snp") << shown.output;
    words[2] = "azure-tdx";
    EXPECT_EQ(ran(words).code, 3) << "this machine has other hardware";
    words[2] = "gce-snp";
    EXPECT_EQ(ran(words).code, 3) << "and is not one of Google's";
}

TEST_F(VerifyAzure, WhatIsCollectedOfATpmAndATdQuoteIsJudgedAsOne) {
    const auto machine = ct::test::simulated_azure_tdx_machine();
    ASSERT_TRUE(machine) << machine.error().to_string();
    const auto words = collect(*machine, "azure-tdx", {});
    const auto result = ran(words);
    ASSERT_EQ(result.code, 0) << result.output;
    expect_simulated(judged("00ff"));
    const auto shown = ran({"--json", "show", output_});
    EXPECT_EQ(field(parsed(shown.output).root(), "evidence/HCL report/hardware"), "tdx") << shown.output;
    auto without = words;
    without.erase(std::ranges::find(without, "--td-quote"), std::ranges::find(without, "--td-quote") + 2);
    EXPECT_EQ(ran(without).code, 3) << "only the network has a quote";
}

TEST_F(VerifyAzure, AReportOverTheNonceIsAskedForAndWaitedFor) {
    const auto machine = ct::test::simulated_azure_snp_machine();
    ASSERT_TRUE(machine) << machine.error().to_string();
    const auto result = ran(collect(*machine, "azure-snp", {"--fresh-report"}));
    EXPECT_EQ(result.code, 3) << result.output;
    EXPECT_NE(result.output.find("the paravisor makes no report"), std::string::npos) << "there is none\n"
                                                                                      << result.output;
}

TEST(Collect, SaysWhichDeviceIsAbsent) {
    const test::TempDir folder;
    const Words nowhere{
        "collect",  "--tcti",          "swtpm:path=" + folder.file("no-tpm"), "--nsm", folder.file("no-nsm"),
        "--output", folder.file("out")};
    const auto all = ran(nowhere);
    EXPECT_EQ(all.code, 3) << all.output;
    for (const char* word : {"evidence_device_absent", "sev-snp: ", "tpm2: ", "tdx: ", "nitro: "})
        EXPECT_NE(all.output.find(word), std::string::npos) << all.output;
    EXPECT_EQ(all.output.find("azure"), std::string::npos) << "a cloud's are not looked for";
    for (const char* kind : {"sev-snp", "tpm2", "tdx", "nitro", "azure-snp", "azure-tdx", "gce-snp"}) {
        auto words = nowhere;
        words.insert(words.end(), {"--kind", kind, "--json"});
        const auto one = ran(words);
        EXPECT_EQ(one.code, 3);
        EXPECT_EQ(field(parsed(one.output).root(), "error/reason"), "evidence_device_absent") << one.output;
    }
    EXPECT_EQ(ran({"collect", "--kind", "abacus"}).code, 2);
    EXPECT_EQ(ran({"collect", "--pcrs", "24"}).code, 2);
    EXPECT_EQ(ran({"collect", "--nonce", "xyz"}).code, 2);
}

TEST(PcrFile, ReadsTextAndWhatTheToolsWrite) {
    const auto text = parse_pcr_file(as_bytes("# boot\n 0 : 0xAB\r\nsha256:\n23 cd\n"));
    ASSERT_TRUE(text) << text.error().to_string();
    EXPECT_EQ(text->mask, 1U << 23 | 1U);
    EXPECT_EQ(text->values[23], Bytes{0xcd});
    Bytes tools(132 + 4 + 2 * (4 + 8 * 66));
    tools[0] = 1;
    tools[4] = 0x0b;
    tools[6] = 3;
    tools[7] = 0xff;  // PCRs 0 to 8
    tools[8] = 0x01;
    tools[132] = 2;
    tools[136] = 8;
    tools[136 + 4 + 8 * 66] = 1;
    for (std::size_t i = 0; i < 9; ++i) {
        const std::size_t at = 136 + (i / 8) * (4 + 8 * 66) + 4 + (i % 8) * 66;
        tools[at] = 32;
        tools[at + 2] = static_cast<std::uint8_t>(i);
    }
    const auto nine = parse_pcr_file(tools);
    ASSERT_TRUE(nine) << nine.error().to_string();
    EXPECT_EQ(nine->mask, 0x1ffU);
    EXPECT_EQ(nine->values[8].size(), 32U);
    EXPECT_EQ(nine->values[8][0], 8);
    for (std::size_t size = 0; size < tools.size(); ++size)
        EXPECT_FALSE(parse_pcr_file(ByteView(tools).first(size))) << size;
    tools[8] = 0x03;
    EXPECT_FALSE(parse_pcr_file(tools)) << "one value too few";
    for (const char* bad : {"24 aa", "0 aa\n0 bb", "x aa", "0", "0 a", "-1 aa"})
        EXPECT_FALSE(parse_pcr_file(as_bytes(bad))) << bad;
}

// ---- real evidence, at the times of the README ----

TEST_F(Verify, VectorsHaveTheVerdictsOfTheirReadme) {
    CT_NEEDS_VECTORS();
    const std::string snp = folder_.write("snp.toml", R"([sev-snp]
measurement = ["195b01b74976a1faba13bd85eaf787958f0a46e6dddd45c5bdbf8673522777842b8057ae5d866b75416efb62012deaa3",
  "b07af9620f3b839b47996422ddec6058338951d984e312115131ea82705eaf5b6bdf8a9ece31a5a608eb0cf2e4872b01"]
)");
    const std::string tdx = folder_.write("tdx.toml", R"([tdx]
mrtd = "7348651a34b2d2d3462822e3a750ec6110125f36757c78480bbfc69cc0d21fb001a1ced3ee19747dda8f750c3bc8f876"
)");
    const std::string nitro = folder_.write("nitro.toml", R"([nitro.pcrs]
0 = "eb7d0dab08ff41546d7e5659aee883af7b32bb2e58e46815b719f9f7bfae7b880188a10d86317e6509923740526cf74a"
)");
    const std::string tpm = folder_.write("tpm.toml", R"([tpm2]
ak = ["sha256:2d3fb7830f6cb214fac7d7cb213a21a0609148c4505927db61287e1e80322336"]
[tpm2.pcrs]
15 = "0000000000000000000000000000000000000000000000000000000000000000"
16 = "9dbb22387e019c04da95477333546082ce313152c4a7f8a6e1d5f0c77f4fb6f0"
22 = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
)");
    const Words oak{vector_file("snp/milan-v3-oak.report.bin"),
                    "--policy",
                    snp,
                    "--vcek",
                    vector_file("snp/milan-v3-oak.vcek.der"),
                    "--item",
                    "amd/crl/Milan=" + vector_file("snp/crl-milan.der")};
    const std::string oak_data = "a7ca989b0359ea4e5efc47bdbcad84b2df3f26fd09ee7bda5bb27953abf68992";
    const Words gotdx{vector_file("tdx/emr-v5-gotdx.quote.bin"),
                      "--policy",
                      tdx,
                      "--item",
                      "intel/tcb-info/90c06f000000=" + vector_file("tdx/collateral-2026-03.tcbinfo-90c06f000000.json"),
                      "--item",
                      "intel/td-qe-identity=" + vector_file("tdx/collateral-2026-03.td-qe-identity.json"),
                      "--item",
                      "intel/tcb-signing-chain=" + vector_file("tdx/tcb-signing-chain.pem"),
                      "--item",
                      "intel/pck-crl/platform=" + vector_file("tdx/collateral-2026-03.pck-platform.crl.der"),
                      "--item",
                      "intel/root-crl=" + vector_file("tdx/collateral-2026-03.root.crl.der")};
    const std::string gotdx_data =
        "945eaacf5abc1f719d8666a942fda03d1edcb4490277396093dc5a5289ab9f1e094aed63060cd4a4933a4dd537ed1255c9c79ecb3ed82cd1b486233e31c25c3a";
    const Words enclave{vector_file("nitro/prod-2025-12-a.cose.bin"), "--policy", nitro};
    const Words swtpm{vector_file("tpm/ibm-swtpm.quote.msg.bin"),
                      "--policy",
                      tpm,
                      "--signature",
                      vector_file("tpm/ibm-swtpm.quote.sig-tpmt.bin"),
                      "--ak",
                      vector_file("tpm/ibm-swtpm.ak.tpm2b-public.bin"),
                      "--pcrs",
                      vector_file("tpm/ibm-swtpm.pcrs-tools.bin")};
    const struct {
        Words words, more;
        int code;
        std::string reasons;
    } rows[] = {
        {oak, {"--at", "2025-10-15", "--report-data", oak_data}, 0, ""},
        {oak, {"--at", "2025-10-15", "--no-freshness"}, 4, ""},
        {oak, {"--at", "2025-10-15", "--report-data", "00"}, 1, "evidence_nonce_mismatch"},
        {oak, {"--at", "2026-11-23", "--report-data", oak_data}, 1, "evidence_revocation_unknown"},
        {{vector_file("snp/milan-v2-debug.report.bin"), "--policy", snp, "--vcek",
          vector_file("snp/milan-v2-debug.vcek.der"), "--item", "amd/crl/Milan=" + vector_file("snp/crl-milan.der")},
         {"--at", "2025-06-15", "--report-data", "0102030405"},
         1,
         "evidence_debug"},
        {{vector_file("snp/milan-v3-oak.report.bin"), "--policy", snp},
         {"--at", "2025-10-15", "--report-data", oak_data},
         1,
         "evidence_collateral_missing"},
        {gotdx, {"--at", "2026-03-20", "--report-data", gotdx_data}, 0, ""},
        {gotdx,
         {"--at", "2026-04-17", "--report-data", gotdx_data},
         1,
         "evidence_collateral_expired evidence_collateral_expired evidence_collateral_expired"},
        {enclave, {"--at", "2025-12-25T16:04:19Z", "--no-freshness"}, 4, ""},
        {enclave, {"--at", "2025-12-25T16:04:19Z", "--nonce", "00"}, 1, "evidence_nonce_mismatch"},
        {enclave, {"--at", "2025-12-25T20:04:19Z", "--no-freshness"}, 1, "evidence_certificate_expired"},
        {swtpm, {"--at", "2025-06-15", "--nonce", "db1db298db6d60e6385b7231743e9c3056a18003"}, 0, ""},
        {swtpm,
         {"--at", "2025-06-15", "--nonce", "db1db298db6d60e6385b7231743e9c3056a180"},
         1,
         "evidence_nonce_mismatch"},
    };
    for (const auto& row : rows) {
        auto words = row.words;
        words.insert(words.end(), row.more.begin(), row.more.end());
        const auto got = verdict(words);
        EXPECT_EQ(got.code, row.code) << row.words[0] << "\n" << got.text;
        EXPECT_EQ(got.reasons, row.reasons) << row.words[0];
    }
    EXPECT_EQ(verdict({vector_file("tpm/eventlog-crypto-agile-small.bin"), "--policy", snp, "--no-freshness"}).code, 3)
        << "a log is no evidence";
}

}  // namespace
}  // namespace ct::attest_tool
