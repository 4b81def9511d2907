// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>

#include "attest/judge/policy_bundle.h"
#include "attest/judge/policy_files.h"
#include "base/fd.h"
#include "clients/ctl/commands.h"
#include "support/process.h"
#include "told.h"

namespace ct::ctl {
namespace {

const WallTime kNow(Seconds(1'795'528'985));

class PolicyFileVerbs : public testing::Test {
protected:
    PolicyFileVerbs() {
        std::filesystem::create_directory(desk_.file("policy.d"));
        write_policy(1);
    }
    void write_policy(int epoch) {
        desk_.write("policy.d/payments.toml", "epoch = " + std::to_string(epoch) + R"(
[workload.payments]
evidence = ["tpm2"]
token_role = "payments"

[workload.payments.tpm2]
pcrs = { "7" = ")" + std::string(64, 'a') + R"(" }
ak = ["sha256:)" + std::string(64, 'b') + "\"]\n");
    }
    test::Told pack(std::uint64_t serial = 0) {
        return test::told([&](Output& out) { return policy_pack({desk_.file("policy.d"), file_, serial}, kNow, out); });
    }
    test::Told sign(const std::string& name) {
        return test::told([&](Output& out) { return policy_sign({file_, {desk_.file(name)}}, out); });
    }
    test::Told verify(std::vector<std::string> signers, std::size_t needed, Output::Mode mode = Output::Mode::plain) {
        return test::told([&](Output& out) { return policy_verify({file_, signers, needed}, out); }, mode);
    }
    std::string key(const std::string& name) {
        const auto made =
            test::told([&](Output& out) { return collateral_keygen(desk_.file(name), out); }, Output::Mode::json);
        return std::string(test::parsed(made.text).root().find("signer")->text());
    }
    ct::test::TempDir desk_;
    std::string file_ = desk_.file("policy.signed");
};

TEST_F(PolicyFileVerbs, OnePersonAloneChangesNothing) {
    const std::string alice = key("alice"), bob = key("bob");
    ASSERT_EQ(pack().code, 0);
    EXPECT_NE(verify({alice, bob}, 2).text.find("0 of the 2 signatures"), std::string::npos);
    EXPECT_EQ(sign("alice").code, 0);
    EXPECT_EQ(sign("alice").code, 0) << "the same once more";
    EXPECT_NE(verify({alice, bob}, 2).text.find("1 of the 2 signatures"), std::string::npos);
    EXPECT_EQ(sign("bob").code, 0);
    const auto good = verify({alice, bob}, 2, Output::Mode::json);
    ASSERT_EQ(good.code, 0) << good.text;
    const auto document = test::parsed(good.text);
    EXPECT_EQ(document.root().find("epoch")->uint(), 1U);
    EXPECT_EQ(document.root().find("serial")->uint(), 1'795'528'985U);
    EXPECT_EQ(document.root().find("signatures")->size(), 2U);
    // The gate reads the same policy from the file as from the folder.
    const auto opened =
        judge::open_policy_bundle(as_bytes(read_file(file_, 1 << 20).value()),
                                  {{judge::parse_signer(alice).value(), judge::parse_signer(bob).value()}, 2});
    ASSERT_TRUE(opened) << opened.error().to_string();
    EXPECT_EQ(judge::policy_hash(opened->files),
              judge::policy_hash(judge::read_policy_files(desk_.file("policy.d")).value()));
    // Signatures are for these files: the next version has none.
    write_policy(2);
    ASSERT_EQ(pack(7).code, 0);
    EXPECT_NE(verify({alice, bob}, 1).text.find("0 of the 1 signatures"), std::string::npos);
}

TEST_F(PolicyFileVerbs, AMistakeIsNeitherPackedNorSigned) {
    ASSERT_EQ(pack().code, 0);
    const std::string before = read_file(file_, 1 << 20).value();
    desk_.write("policy.d/payments.toml", "epoch = 1\n[workload.payments]\nevidnce = []\n");
    EXPECT_NE(pack().text.find("payments.toml:"), std::string::npos);
    EXPECT_EQ(read_file(file_, 1 << 20).value(), before);
    key("alice");
    desk_.write("policy.signed", before.substr(0, before.size() - 1));
    EXPECT_NE(sign("alice").text.find("malformed"), std::string::npos);
    desk_.write("policy.signed", before);
    EXPECT_NE(sign("policy.signed").text.find("malformed"), std::string::npos) << "no key";
}

}  // namespace
}  // namespace ct::ctl
