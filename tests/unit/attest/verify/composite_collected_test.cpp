// SPDX-License-Identifier: Apache-2.0
// Composite evidence from collector to verdict: quotes of a real (software) TPM, hardware that a test owns.
#include <csignal>
#include <fstream>

#include "attest/collect/composite/collectors.h"
#include "composite_rig.h"
#include "support/pem.h"
#include "support/swtpm.h"

namespace ct::attest::composite {
namespace {

using enum Reason;

// Makes reports over whatever it is asked to, and now and then keeps one waiting.
class SimulatedParavisor final : public azure::Paravisor {
public:
    struct State {
        std::string kind;
        Bytes ak_modulus;
        Sha512 user_data{};
        std::optional<Sha512> written;  // not yet in the report
        int slow = 0;                   // reads until it is
        bool absent = false;

        [[nodiscard]] test::HclFields fields() const {
            test::HclFields out;
            out.runtime = test::hcl_runtime(ak_modulus, hex_encode(user_data));
            if (kind == kAzureTdx) {
                out.hardware = 4;
                return out;
            }
            Sha512 data{};
            std::ranges::copy(crypto::sha256(as_bytes(out.runtime)), data.begin());
            out.report = chip_of(1).sign(report_of(1, data));
            return out;
        }
    };
    explicit SimulatedParavisor(std::shared_ptr<State> state) : state_(std::move(state)) {}
    Result<Bytes> report() override {
        if (state_->absent) return fail(evidence_device_absent, "none");
        if (state_->written && state_->slow-- <= 0) state_->user_data = *std::exchange(state_->written, std::nullopt);
        return state_->fields().bytes();
    }
    Status include(const ByteArray<64>& data) override {
        state_->written = data;
        return {};
    }

private:
    std::shared_ptr<State> state_;
};

class SimulatedSnpCollector final : public Collector {
public:
    [[nodiscard]] std::string_view kind() const override { return "simulated-sev-snp"; }
    Result<Bytes> introduction() override { return encode(snp::Introduction{}); }
    Result<Bytes> collect(ByteView request, const Sha512& binding) override {
        CT_CHECK(snp::decode_request(request));
        const Bytes bytes = chip_of(1).sign(report_of(1, binding)), leaf = chip_of(1).signing_key_certificate(),
                    above = chip_of(1).intermediate_certificate();
        return encode(snp::Evidence{bytes, {leaf, above}});
    }
    Result<std::map<std::string, std::string>> fingerprints() override { return {{{"measurement", "aa"}}}; }
    void release() override {}
};

class Collected : public testing::Test {
protected:
    void SetUp() override {
        std::signal(SIGPIPE, SIG_IGN);
        ::setenv("TSS2_LOG", "all+none", 1);  // NOLINT(concurrency-mt-unsafe): one thread
        auto tpm = test::Swtpm::start();
        if (!tpm && tpm.error().reason == unsupported) GTEST_SKIP() << "feature: swtpm";
        ASSERT_TRUE(tpm) << tpm.error().to_string();
        tpm_ = std::move(*tpm);
        ASSERT_TRUE(tpm_->measure(0, "firmware"));
        ASSERT_TRUE(tpm_->measure(7, "secure boot on"));
        pcr0_ = hex_encode(tpm_->pcr_value(0).value());
        pcr7_ = hex_encode(tpm_->pcr_value(7).value());
        settings_.tcti = tpm_->tcti();
        settings_.ak_type = TpmKeyType::rsa;
        settings_.offer_ek = false;
        settings_.event_log = tpm_->write_event_log();
    }

    // Azure's machine, whose paravisor speaks for this TPM's key.
    std::unique_ptr<Collector> azure(const std::string& kind) {
        paravisor_->kind = kind;
        if (paravisor_->ak_modulus.empty()) {
            const auto hello = make_tpm2_collector(settings_)->introduction().value();
            const auto key = tpm::parse_public(tpm::decode_introduction(hello)->ak_public);
            paravisor_->ak_modulus = to_vector(key->modulus);
        }
        AzureSources sources{make_tpm2_collector(settings_), std::make_unique<SimulatedParavisor>(paravisor_),
                             certificates_, quote_, Millis{1}};
        return make_azure_collector(kind, kind == kAzureTdx ? azure::Hardware::tdx : azure::Hardware::snp,
                                    std::move(sources));
    }
    std::string write(const std::string& name, ByteView content) {
        std::ofstream(folder_.file(name)) << as_text(content);
        return folder_.file(name);
    }
    // Certificates as Azure's metadata service gives them.
    std::string write_pem(const std::string& name, std::initializer_list<Bytes> certificates) {
        std::string text;
        for (const Bytes& der : certificates)
            text += test::certificate_pem(der);
        return write(name, as_bytes(text));
    }

    [[nodiscard]] Result<Verdict> exchange(Collector& collector, const std::string& kind, const std::string& own = {}) {
        std::string lines =
            own + "[t.tpm2]\nrequire_event_log = true\npcrs = { '0' = '" + pcr0_ + "', '7' = '" + pcr7_ + "' }\n";
        lines += kind == kAzureTdx
                     ? "[t.tdx]\nmrtd = '" + hex_encode(test::TdFields{}.mr_td) + "'\nroots = 'intel.pem'\n"
                     : "[t.sev-snp]\nmeasurement = '" + hex_encode(Bytes(48, 0xaa)) + "'\nroots = 'amd.pem'\n";
        const Maker& maker = Maker::only();
        CT_TRY(const auto rules, tdx::parse(kind, lines,
                                            {{"google.pem", maker.google.pem()},
                                             {"intel.pem", maker.intel.pem()},
                                             {"amd.pem", chip_of(1).root_pem()}}));
        const Verifier& verifier = *find_verifier(kind);
        CT_TRY(const Bytes introduction, collector.introduction());
        CT_TRY(const auto request, verifier.request(introduction, *rules, {}, kAt));
        CT_TRY(const Bytes evidence, collector.collect(request.for_collector, binding_));
        Collateral all = collateral();
        for (const auto& [name, item] : more_collateral_)
            all[name] = item;
        CollateralReader reader(all);
        return verifier.verify({introduction, request.kept, evidence, binding_, kAt, {}, &reader}, *rules);
    }

    std::unique_ptr<test::Swtpm> tpm_;
    test::TempDir folder_;
    Tpm2Settings settings_;
    std::string pcr0_, pcr7_, certificates_, quote_;
    std::shared_ptr<SimulatedParavisor::State> paravisor_ = std::make_shared<SimulatedParavisor::State>();
    Collateral more_collateral_;
    Sha512 binding_ = tdx::some_binding();
};

TEST_F(Collected, OnAzuresSnpMachinesIsAccepted) {
    certificates_ =
        write_pem("vcek.pem", {chip_of(1).signing_key_certificate(), chip_of(1).intermediate_certificate()});
    const auto collector = azure(kAzureSnp);
    EXPECT_EQ(collector->kind(), kAzureSnp);
    for (int i = 0; i < 2; ++i) {
        const auto verdict = exchange(*collector, kAzureSnp);
        ASSERT_TRUE(verdict) << verdict.error().to_string();
        EXPECT_TRUE(verdict->affirming()) << words(*verdict);
        EXPECT_EQ(verdict->claims.at("ak_trust"), "hardware");
        binding_[0] ^= 1;
    }
    const auto found = collector->fingerprints();
    ASSERT_TRUE(found) << found.error().to_string();
    EXPECT_EQ(found->at("measurement"), hex_encode(Bytes(48, 0xaa)));
    EXPECT_TRUE(found->contains("ak"));
    paravisor_->ak_modulus[0] ^= 1;
    EXPECT_EQ(reasons(exchange(*collector, kAzureSnp).value()), Reasons{evidence_binding_mismatch})
        << "a paravisor that speaks for another TPM";
}

TEST_F(Collected, OnAzuresSnpMachinesWithoutCertificateTakesTheGates) {
    const auto fields = report_of(1, {});
    const auto collector = azure(kAzureSnp);
    EXPECT_EQ(reasons(exchange(*collector, kAzureSnp).value()), Reasons{evidence_collateral_missing});
    more_collateral_["amd/vcek/" + hex_encode(fields.chip_id) + "/" + hex_encode(fields.reported_tcb)] =
        chip_of(1).signing_key_certificate();
    EXPECT_EQ(reasons(exchange(*collector, kAzureSnp).value()), Reasons{evidence_chain_invalid})
        << "what stands above a real one is built in";
    certificates_ = "/nonexistent";
    EXPECT_FALSE(exchange(*azure(kAzureSnp), kAzureSnp)) << "a file that is named must be there";
}

TEST_F(Collected, OnAzuresSnpMachinesMayBeAskedForAReportOfThisVerySession) {
    certificates_ =
        write_pem("vcek.pem", {chip_of(1).signing_key_certificate(), chip_of(1).intermediate_certificate()});
    paravisor_->slow = 3;
    const auto collector = azure(kAzureSnp);
    auto verdict = exchange(*collector, kAzureSnp, "fresh_report = true\n");
    ASSERT_TRUE(verdict) << verdict.error().to_string();
    EXPECT_TRUE(verdict->affirming()) << words(*verdict);
    EXPECT_EQ(verdict->claims.at("user_data"), hex_encode(binding_));
    paravisor_->slow = 1000;
    binding_[0] ^= 1;
    const auto never = exchange(*collector, kAzureSnp, "fresh_report = true\n");
    ASSERT_FALSE(never);
    EXPECT_EQ(never.error().reason, evidence_device_failed);
}

TEST_F(Collected, OnAzuresTdxMachinesNeedsAQuoteOfThisBoot) {
    const auto collector = azure(kAzureTdx);
    auto without = exchange(*collector, kAzureTdx);
    ASSERT_FALSE(without);
    EXPECT_EQ(without.error().reason, evidence_device_absent) << without.error().to_string();
    Sha512 data{};
    std::ranges::copy(crypto::sha256(as_bytes(paravisor_->fields().runtime)), data.begin());
    quote_ = write("td-quote", Host(kAzureTdx, 1).td_quote(data));
    auto verdict = exchange(*azure(kAzureTdx), kAzureTdx);
    ASSERT_TRUE(verdict) << verdict.error().to_string();
    EXPECT_TRUE(verdict->affirming()) << words(*verdict);
    EXPECT_EQ(azure(kAzureTdx)->fingerprints().value().at("mrtd"), hex_encode(test::TdFields{}.mr_td));
    data[0] ^= 1;
    quote_ = write("old-quote", Host(kAzureTdx, 1).td_quote(data));
    const auto old = exchange(*azure(kAzureTdx), kAzureTdx);
    ASSERT_FALSE(old);
    EXPECT_EQ(old.error().reason, evidence_device_failed) << "told here rather than at the gate";
}

TEST_F(Collected, ElsewhereThanOnAzureIsAbsent) {
    const auto collector = azure(kAzureSnp);
    paravisor_->absent = true;
    EXPECT_EQ(collector->introduction().error().reason, evidence_device_absent);
    paravisor_->absent = false;
    EXPECT_TRUE(collector->introduction());
    paravisor_->kind = kAzureTdx;
    EXPECT_EQ(collector->introduction().error().reason, evidence_device_absent) << "on a TDX machine, too";
}

TEST_F(Collected, ReadsAndWritesWhatTheParavisorKeepsInTheTpm) {
    const auto paravisor = azure::open_paravisor(settings_.tcti);
    EXPECT_EQ(paravisor->report().error().reason, evidence_device_absent);
    test::HclFields fields;
    fields.runtime = test::hcl_runtime(Bytes(2, 0xa1));
    fields.padding = 0;  // a software TPM has room for 2048 bytes
    const Bytes hcl = fields.bytes();
    ASSERT_TRUE(tpm_->write_nv(0x01400001, hcl));
    EXPECT_EQ(paravisor->report().value(), hcl);
    for (int i = 0; i < 2; ++i)  // the first makes the index
        EXPECT_TRUE(paravisor->include(binding_));
    EXPECT_EQ(azure::open_paravisor("swtpm:path=/nonexistent")->report().error().reason, evidence_device_absent);
}

// The template of a restricted RSA key, as both clouds have it.
Bytes rsa_form() {
    test::ByteBuilder form;
    form.be16(0x0001).be16(0x000b).be32(0x00050072).tpm2b({}).be16(0x0010).be16(0x0014).be16(0x000b);
    return form.be16(2048).be32(0).tpm2b({});
}

TEST_F(Collected, OnAzuresMachinesQuotesByTheKeyThatThePlatformKeeps) {
    settings_ = azure_tpm(settings_);
    EXPECT_FALSE(make_tpm2_collector(settings_)->introduction()) << "nobody made one";
    ASSERT_TRUE(tpm_->persist(rsa_form(), settings_.ak_handle));
    certificates_ =
        write_pem("vcek.pem", {chip_of(1).signing_key_certificate(), chip_of(1).intermediate_certificate()});
    const auto verdict = exchange(*azure(kAzureSnp), kAzureSnp);
    ASSERT_TRUE(verdict) << verdict.error().to_string();
    EXPECT_TRUE(verdict->affirming()) << words(*verdict);
}

TEST_F(Collected, OnGooglesMachinesUsesTheKeyOfTheirTemplate) {
    Tpm2Settings settings = gce_tpm(settings_);
    EXPECT_EQ(make_tpm2_collector(settings)->introduction().error().reason, evidence_device_absent) << "no template";
    ASSERT_TRUE(tpm_->write_nv(0x01c10001, rsa_form()));
    const Bytes hello = make_tpm2_collector(settings)->introduction().value();
    const auto key = tpm::key_of(tpm::parse_public(tpm::decode_introduction(hello)->ak_public).value()).value();
    ASSERT_TRUE(tpm_->write_nv(0x01c10000, Maker::only().google.issue(key, day(2025, 1, 1), day(2030, 1, 1))));
    const auto collector =
        make_gce_collector(kGceSnp, make_tpm2_collector(settings), std::make_unique<SimulatedSnpCollector>());
    const auto verdict = exchange(*collector, kGceSnp, "ak_roots = 'google.pem'\n");
    ASSERT_TRUE(verdict) << verdict.error().to_string();
    EXPECT_TRUE(verdict->affirming()) << words(*verdict);
    const auto found = collector->fingerprints();
    ASSERT_TRUE(found);
    EXPECT_TRUE(found->contains("ak") && found->contains("measurement"));
    EXPECT_FALSE(collector->collect({}, binding_));
    collector->release();
}

TEST(ComposedTpm, IsToldWhereTheCloudKeepsItsKey) {
    EXPECT_EQ(azure_tpm().ak_handle, 0x81000003U);
    EXPECT_FALSE(azure_tpm().offer_ek);
    EXPECT_EQ(gce_tpm().ak_template_nv, 0x01c10001U);
    EXPECT_EQ(gce_tpm().ak_certificate_nv, 0x01c10000U);
    EXPECT_FALSE(gce_tpm().offer_ek);
}

}  // namespace
}  // namespace ct::attest::composite
