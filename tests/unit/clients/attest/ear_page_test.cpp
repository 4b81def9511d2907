// SPDX-License-Identifier: Apache-2.0
// docs/ear.md is a contract with programs of others: its table is the code's, and its examples work as they stand there.
#include <chrono>

#include "attest/judge/ear.h"
#include "base/fd.h"
#include "crypto/certificate_maker.h"
#include "crypto/ed25519.h"
#include "tool.h"

namespace ct::judge {
namespace {

const std::string& page() {
    static const std::string text = read_file(CT_SOURCE_DIR "/docs/ear.md", 1 << 20).value();
    return text;
}

TEST(EarPage, HasARowForEachReasonThatHasAValue) {
    const TrustValue otherwise = trust_value(Reason::internal);
    EXPECT_NE(page().find("-98 under `configuration`"), std::string::npos);
    EXPECT_EQ(otherwise, (TrustValue{TrustClaim::configuration, -98}));
    constexpr Reason reasons[] = {
#define CT_X(name, bus) Reason::name,
        CT_REASONS(CT_X)
#undef CT_X
    };
    for (const Reason reason : reasons) {
        const auto value = trust_value(reason);
        const std::string start = "| `" + std::string(to_string(reason)) + "` |";
        const std::string row =
            start + " " + std::string(to_string(value.claim)) + " | " + std::to_string(value.value) + " |\n";
        if (value == otherwise)
            EXPECT_EQ(page().find(start), std::string::npos) << start;
        else
            EXPECT_NE(page().find(row), std::string::npos) << row;
    }
}

// The first block of a language.
std::string block(const std::string& language) {
    const std::string fence = "```" + language + "\n";
    const auto from = page().find(fence);
    if (from == std::string::npos) return {};
    const auto start = from + fence.size();
    return page().substr(start, page().find("```", start) - start);
}

class EarExample : public testing::Test {
protected:
    static Decision decision() {
        Decision out;
        out.kinds = "tpm2";
        out.at = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
        out.expires = out.at + Seconds(600);
        return out;
    }
    std::string token(const Decision& decision, ByteView pem) const {
        const auto key = crypto::JwsKey::from_pem(pem).value();
        return folder_.write("token", sign_ear(ear_claims(decision, {}), key).value());
    }
    // In PEM, by openssl(1).
    std::string public_key(ByteView pem) const {
        const auto key = folder_.write("key.pem", as_text(pem)), out = folder_.file("public.pem");
        const auto made = ct::test::run({.argv = {"openssl", "pkey", "-in", key, "-pubout", "-out", out}});
        EXPECT_EQ(made.code, 0) << made.output;
        return out;
    }
    ct::test::TempDir folder_;
};

TEST_F(EarExample, InPythonTakesWhatWasSignedByEitherAlgorithm) {
    if (ct::test::run({.argv = {"/usr/bin/python3", "-c", "import jwt, cryptography"}}).code != 0)
        GTEST_SKIP() << "feature: python3-jwt";
    const std::string script = folder_.write("check.py", block("python"));
    const auto identity = crypto::make_identity("verifier", WallTime{}, WallTime{} + std::chrono::days(1)).value();
    const auto ed25519 = crypto::Ed25519Key::generate().value().pem().value();
    for (const ByteView pem : {identity.key_pem.bytes(), ed25519.bytes()}) {
        const std::string key = public_key(pem);
        const auto check = [&](const std::string& file) {
            return ct::test::run({.argv = {"/usr/bin/python3", script, file, key}});
        };
        const auto good = check(token(decision(), pem));
        EXPECT_EQ(good.code, 0) << good.output;
        EXPECT_EQ(good.output, "tpm2 affirming\n");
        auto refused = decision();
        refused.findings = {{Reason::evidence_reset_changed, "tpm2: rebooted"}};
        const auto bad = check(token(refused, pem));
        EXPECT_EQ(bad.code, 1);
        EXPECT_EQ(bad.output, "tpm2 contraindicated evidence_reset_changed\n");
        auto old = decision();
        old.expires = old.at - Seconds(60);
        EXPECT_NE(check(token(old, pem)).output.find("ExpiredSignatureError"), std::string::npos);
        std::string forged = read_file(token(refused, pem), 1 << 20).value();
        const std::string other = read_file(token(decision(), pem), 1 << 20).value();
        forged = other.substr(0, other.rfind('.')) + forged.substr(forged.rfind('.'));
        EXPECT_NE(check(folder_.write("forged", forged)).output.find("InvalidSignatureError"), std::string::npos);
    }
}

TEST_F(EarExample, WithOpensslAlone) {
    const std::string script = folder_.write("check.sh", block("sh"));
    const auto pem = crypto::Ed25519Key::generate().value().pem().value();
    const std::string key = public_key(pem.bytes()), file = token(decision(), pem.bytes());
    const auto good = ct::test::run({.argv = {"sh", script, file, key}});
    EXPECT_EQ(good.code, 0) << good.output;
    EXPECT_NE(good.output.find(ear_claims(decision(), {}).substr(0, 20)), std::string::npos) << good.output;
    const auto stranger = crypto::Ed25519Key::generate().value().pem().value();
    const auto bad = ct::test::run({.argv = {"sh", script, file, public_key(stranger.bytes())}});
    EXPECT_NE(bad.code, 0);
    EXPECT_EQ(bad.output.find("ear.verifier-id"), std::string::npos) << bad.output;
}

}  // namespace
}  // namespace ct::judge
